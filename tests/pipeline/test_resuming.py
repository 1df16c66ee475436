"""Curation and the shards after kill -9: at random moments and between a shard and its index, the next run gives the same bytes."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from clip_italian import files
from clip_italian.config import Settings
from pipeline import resuming
from tests.helpers.small_world import drawn_study

ROOT = pathlib.Path(__file__).parents[2]
OUTPUTS = {
    "curate": ("data/tiny/pairs", "reports/tiny/curate.json"),
    "augment": ("data/tiny/shards", "reports/tiny/augment.json"),
}
KILLS = {"curate": 2, "augment": 5}
# Ends the process as kill -9 does, when all shards have their names and none has its index.
BEFORE_THE_INDEX = """
import os, signal, stages.augment
from clip_italian.data.images import shards
shards.write_index = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    stages.augment.main()
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A drawn world at profile tiny, curated and stored by runs that nobody disturbed."""
    folder = tmp_path_factory.mktemp("study")
    drawn_study(folder)
    for name in OUTPUTS:
        started = time.monotonic()
        assert start(folder, "-m", "stages", name).wait() == 0
        took = time.monotonic() - started
    assert not (folder / ".state/augment").exists()
    return folder, took


def start(folder, *arguments):
    variables = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, *arguments], cwd=folder, env=variables, start_new_session=True)


def digest(folder, name):
    return files.tree_digest(*(folder / path for path in OUTPUTS[name]))


def without_outputs(folder, name):
    """What dvc does before it runs a stage."""
    shutil.rmtree(folder / OUTPUTS[name][0], ignore_errors=True)
    (folder / OUTPUTS[name][1]).unlink(missing_ok=True)


@pytest.mark.parametrize("name", OUTPUTS)
def test_killed_at_random_moments_and_run_again_gives_the_same(study, name):
    folder, took = study
    whole = digest(folder, name)
    for seed in range(KILLS[name]):
        without_outputs(folder, name)
        process = start(folder, "-m", "stages", name)
        time.sleep(took * random.Random(seed).random())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    without_outputs(folder, name)
    assert start(folder, "-m", "stages", name).wait() == 0
    assert digest(folder, name) == whole
    assert not list((folder / "data/tiny").glob(".*")) and not (folder / ".state" / name).exists()


def test_killed_between_the_shards_and_their_index_makes_no_shard_again(study):
    folder, _ = study
    whole = digest(folder, "augment")
    without_outputs(folder, "augment")
    (folder / "killed.py").write_text(BEFORE_THE_INDEX)
    assert start(folder, "killed.py").wait() == -signal.SIGKILL
    assert not (folder / "data/tiny/shards").exists()
    (made,) = folder.glob(".state/augment/*/shards")
    numbers = {path.relative_to(made): path.stat().st_ino for path in made.rglob("*.array_record")}
    assert len(numbers) > 10 and not list(made.rglob("index.json"))
    assert start(folder, "-m", "stages", "augment").wait() == 0
    shards = folder / "data/tiny/shards"
    assert {path.relative_to(shards): path.stat().st_ino for path in shards.rglob("*.array_record")} == numbers
    assert digest(folder, "augment") == whole


class Sides(Settings):
    """Some settings."""

    side: int


def test_unfinished_work_is_kept_for_the_same_settings_and_inputs_alone(here):
    files.write_text(here / "raw/a", "a")

    def folder(side=1, stage="curate"):
        return resuming.folder(stage, [Sides(side=side)], [here / "raw", here / "missing"])

    first = folder()
    (first / "done").touch()
    assert folder() == first and (first / "done").exists()
    assert folder(stage="augment").parent != first.parent and first.exists()
    assert folder(2) != first and not first.exists()
    (folder() / "done").touch()
    os.utime(here / "raw/a", ns=(0, 0))
    assert not (folder() / "done").exists()
    resuming.forget("curate")
    assert not first.parent.exists()
