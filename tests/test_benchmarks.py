"""The benchmarks that need no peer still run: on so little that their figures mean nothing."""

import importlib
import pathlib

import pytest

from benchmarks import contrastive_loss, million_rows

ROOT = pathlib.Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if "import torch" not in path.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_that_needs_no_torch_is_loaded(name):
    importlib.import_module(f"benchmarks.{name}")


def test_every_row_of_the_benchmark_is_kept_or_rejected_for_a_reason(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    million_rows.run(1000, 1)
    printed = capsys.readouterr().out
    assert printed.startswith("1,000 rows read, 650 kept;") and "200 image missing" in printed


@pytest.mark.parametrize("name", contrastive_loss.FACTORS)
def test_the_losses_that_are_timed_are_the_same(name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    contrastive_loss.compare(name, 64, 1, ["definition", "ours"])
    printed = capsys.readouterr().out
    assert printed.startswith(f"{name}, 64 pairs;") and float(printed.split("apart by ")[1].split()[0]) < 1e-6
