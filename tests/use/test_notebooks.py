"""The notebooks run from the first cell to the last, on the model that ships."""

import json
import os
import subprocess
import sys

import pytest

from tests.helpers.graph import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PRINTED = {  # what each must print, among other things
    "1_load_and_search": ["240 encoded", "'un cavallo': "],
    "2_retrieval_table": ["MRR@10", "median rank", "| full (+ freezing) |"],
    "3_zeroshot_table": ["acc@1", "a guess: "],
    "4_finetune_on_your_pictures": ["reciprocal_rank", "report.html shows"],
    "5_your_language": ["settings differ:", "world.language: de", "de plainly:", "| full (+ freezing) |"],
    "6_runs_in_mlflow": ["full  ", "full seed 0 key "],
}
OWN = {".git", ".state", "mlflow.db", "mlartifacts"}  # of the repository, and not to be written to


def cells(path, kind):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def test_every_notebook_is_run():
    assert {path.stem for path in NOTEBOOKS} == set(PRINTED)


@pytest.fixture
def beside(tmp_path):
    """A folder `notebooks` to run in, in a place that looks like the repository."""
    for path in ROOT.iterdir():
        if path.name not in OWN and path.name != "notebooks":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_it_is_about(path, beside):
    (beside / "cells.py").write_text("\n\n".join(cells(path, "code")))
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "cells.py"], cwd=beside, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for words in PRINTED[path.stem]:
        assert words in done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_the_installation_and_the_switch_between_models(path):
    first, *_ = cells(path, "code")
    assert "google.colab" in first and 'MODEL = "mini"' in first
    assert first == cells(NOTEBOOKS[0], "code")[0]
