"""The benchmarks that need no peer still run: on so little that their figures mean nothing."""

import importlib
import pathlib
import shutil
import sys

import jax
import numpy as np
import pytest

from benchmarks import contrastive_loss, fma_peak, million_rows, train_step, train_step_ours, train_step_sizes
from benchmarks.train_step import Entry
from benchmarks.train_step_sizes import Size
from benchmarks.turns import Side, Taken
from clip_italian.checkpoints import layouts
from clip_italian.models import dual_encoder
from clip_italian.training import objective
from tests.helpers import small_models

ROOT = pathlib.Path(__file__).parents[2]
# A peer's side is for the peer's own interpreter.
OURS = [path for path in (ROOT / "benchmarks").glob("*.py") if not path.stem.endswith("_peer")]
NAMES = sorted(path.stem for path in OURS if "import torch" not in path.read_text())
SMALL = Size(small_models.ITALIAN, batch=4, longest=4, lengths=(6, 4), peers=train_step_sizes.BOTH)
SIDE = """
from benchmarks import turns
turns.take({"one": turns.Way(lambda: 0.5, lambda: None), "other": turns.Way(lambda: 0.75, lambda: None)})
"""


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


def test_operations_of_a_step_are_those_that_xla_counts():
    size = train_step_sizes.size("bench-64")._replace(batch=2)
    loss, params = objective.loss_on_pixels(size.model, size.batch), dual_encoder.shapes(size.model)
    counted = jax.jit(loss).lower(params, train_step_sizes.pairs(size)).cost_analysis()["flops"]
    assert train_step_sizes.operations(size, size.lengths[0]) * size.batch / 3 == pytest.approx(counted, rel=0.05)


def test_the_folder_of_the_peers_holds_the_model_that_ours_trains(tmp_path):
    train_step_sizes.write(SMALL, tmp_path)
    layout = layouts.find(tmp_path)
    settings, params = layout.settings, layout.params()
    assert settings.text == SMALL.model.text and settings.image.width == SMALL.model.image.width
    jax.tree.map(np.testing.assert_array_equal, params, train_step_sizes.params(SMALL))


def test_padding_changes_no_loss_and_steps_lower_it():
    long, short = list(train_step_ours.ways(SMALL).values())[:2]
    first = float(long.loss())
    assert float(short.loss()) == pytest.approx(first, abs=1e-6)
    for _ in range(20):
        short.step()
    assert float(long.loss()) < first


def test_in_bfloat16_ours_is_the_same_model_but_for_rounding():
    losses = {name: float(way.loss()) for name, way in train_step_ours.ways(SMALL).items()}
    assert 0 < abs(losses["ours, 6 tokens, bfloat16"] - losses["ours, 6 tokens, float32"]) < 0.1


def test_without_a_gpu_there_is_no_table_for_one(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    with pytest.raises(SystemExit, match="size gpu: jax runs on `cpu`, no GPU whose peak is known"):
        train_step.peak_of_gpu()


def test_a_peer_that_is_missing_is_left_out_and_said(tmp_path, capsys):
    there = tmp_path / "python"
    there.touch()
    assert train_step.present(SMALL, {"flax": there, "torch": tmp_path / "none"}) == {"flax": there}
    assert "torch is left out; `make parity` makes it" in capsys.readouterr().out


@pytest.fixture
def side():
    """A side of two ways that do nothing."""
    started = Side([sys.executable, "-c", SIDE], {"PYTHONPATH": str(ROOT)})
    yield started
    started.process.kill()
    started.process.wait()


def test_a_side_takes_the_steps_that_it_is_told_to_and_ends_with_its_input(side):
    assert side.losses == {"one": 0.5, "other": 0.75}
    taken = side.turn("other", 3)
    assert len(taken.clock) == len(taken.processor) == 3 and min(taken.clock + taken.processor) >= 0
    side.process.stdin.close()
    assert side.process.wait(timeout=60) == 0


def test_a_side_that_dies_ends_the_comparison(side):
    side.process.kill()
    side.process.wait(timeout=60)
    with pytest.raises((SystemExit, BrokenPipeError)):
        side.turn("one", 1)


def test_a_peer_that_trains_another_function_ends_the_comparison(side):
    with pytest.raises(SystemExit, match="other trains another function"):
        train_step.check([Entry("one", side, 6), Entry("other", side, 6)])


def test_every_way_has_its_line_and_its_ratio_to_ours_in_the_same_dtype(side, capsys):
    turns = [Taken([2.0, 2.0, 4.0], [1.0] * 3), Taken([1.0] * 3, [1.0] * 3), Taken([4.0, 6.0, 6.0], [3.0] * 3)]
    found = [Entry(name, side, 6) for name in ("one", "bfloat16", "other")]
    train_step.report(SMALL, found, [[turn] * 2 for turn in turns], 1e9)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all(line.endswith("1.00 (bests 1.00, processor 1.00)") for line in lines[1:3])
    assert lines[3].split()[:3] == ["other", "0.67", "1.00"] and lines[3].endswith("3.00 (bests 2.00, processor 3.00)")


@pytest.mark.parametrize("compiler", [True, False])
def test_the_peak_is_measured_with_a_compiler_and_without(compiler, tmp_path, monkeypatch):
    if not compiler:
        monkeypatch.setattr(shutil, "which", lambda name: None)
    how, measure = fma_peak.program(tmp_path, 2)
    assert ("in C" in how) == (compiler and shutil.which("cc") is not None)
    assert measure() > 1e8
