"""The pieces of a stage: finished ones are reused, changed ones forgotten, failures are one line."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from clip_italian import files
from clip_italian.environment import variables
from pipeline import cells

ROOT = pathlib.Path(cells.__file__).parents[1]
TOY_STAGE = """
import os, pathlib, time
from clip_italian import journal
from clip_italian.errors import InputError

def cell(name, arm, state, out):
    with open("log", "a") as log:
        log.write(name + "\\n")
    state.mkdir(parents=True, exist_ok=True)
    (state / "checkpoint").write_text("1")
    if name == "bad":
        raise InputError("input.txt: wrong, line 3; mend it")
    if name == "slow":
        time.sleep(60)
    (out / "model").mkdir()
    journal.write(out / journal.FILE, [journal.Journal("toy", arm, int(name) if name.isdecimal() else 0, {}, {}, {}, {})])
    (out / "model" / "process").write_text(str(os.getpid()))
    (out / "model" / "value").write_text(f"{name} {arm} {pathlib.Path('input').read_text()}")
"""
PROFILE = """
environment: {threads: 1}
launch: {launcher: none, processes: 1, hosts: [], devices: null, port: 0, heartbeat: 10}
"""
DRIVER = """
import json, os, pathlib, sys
from clip_italian import journal
from clip_italian.errors import InputError
from pipeline import cells
names, settings, processes, threads = json.loads(sys.argv[1])
pieces = [cells.Cell("toy", name, ("arm",), settings, (pathlib.Path("input"),)) for name in names]
try:
    outputs = cells.run(pieces, processes, threads)
except InputError as error:
    sys.exit(f"toy: {error}")
cells.publish(outputs, "model", pathlib.Path("published"))
cells.publish_journals(outputs, journal.path("toy", "arm", "toy"))
print(os.getpid())
"""


@pytest.fixture
def project(here):
    """A folder with a stage of its own, under the real cells."""
    (here / "stages").mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "stages" / name, here / "stages")
    for name in ("clip_italian", "pipeline"):
        (here / name).symlink_to(ROOT / name)
    (here / "stages" / "toy.py").write_text(TOY_STAGE)
    (here / "profiles").mkdir()
    (here / "profiles" / "toy.yaml").write_text(PROFILE)
    (here / "params.yaml").write_text("profile: toy\narms: [arm]\ncurves: [curve]\nbaselines: [none]\nprobed: [arm]\nseeds: [0]\n")
    (here / "input").write_text("first")
    return here


def command(*names, settings=None, processes=2, threads=1):
    return [sys.executable, "-c", DRIVER, json.dumps([names, settings or {"rate": 1}, processes, threads])]


def environment():
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{os.getcwd()}{os.pathsep}{ROOT}"}


def run(*names, settings=None):
    """Runs the cells and returns the process, with the names of the cells that were really computed."""
    pathlib.Path("log").unlink(missing_ok=True)
    done = subprocess.run(command(*names, settings=settings), capture_output=True, text=True, env=environment())
    log = pathlib.Path("log")
    return done, sorted(log.read_text().split()) if log.exists() else []


def keys(name):
    return sorted(path.name for path in (cells.ROOT / f"toy-arm-{name}").iterdir())


def test_finished_cells_are_reused_and_a_new_one_alone_is_computed(project):
    done, computed = run("0", "1")
    assert (done.returncode, done.stderr, computed) == (0, "", ["0", "1"])
    assert (project / "published" / "1" / "value").read_text() == "1 arm first"
    (project / "runs/toy/arm/toy.jsonl").unlink()
    assert run("0", "1")[1] == []
    before = (project / "runs/toy/arm/toy.jsonl").read_bytes()
    assert run("0", "1", "2")[1] == ["2"]
    assert sorted(os.listdir(project / "published")) == ["0", "1", "2"]
    written = (project / "runs/toy/arm/toy.jsonl").read_bytes()
    assert written.startswith(before) and [json.loads(line)["seed"] for line in written.splitlines()] == [0, 1, 2]
    recorded = files.read_json(project / "provenance/toy/toy-arm.json")
    assert {name: one["threads"] for name, one in recorded.items()} == {"0": 1, "1": 1, "2": 1}


def test_another_setting_input_or_code_makes_a_new_key_and_forgets_the_old(project):
    run("0")
    seen = keys("0")
    for change in (
        lambda: None,
        lambda: (project / "input").write_text("second"),
        lambda: (project / "stages/toy.py").write_text(TOY_STAGE + "# changed\n"),
    ):
        change()
        assert run("0", settings={"rate": 2})[1] == ["0"]
        assert len(keys("0")) == 1 and keys("0") != seen
        seen = keys("0")
    assert (project / "published" / "0" / "value").read_text() == "0 arm second"


@pytest.mark.parametrize(("processes", "threads", "alone"), [(1, 1, True), (1, 2, False), (2, 1, False)])
def test_a_lone_process_is_the_stages_own_if_it_has_the_threads(project, processes, threads, alone):
    ours = environment() | variables(1)
    stage = subprocess.run(command("0", processes=processes, threads=threads), capture_output=True, text=True, env=ours)
    assert stage.returncode == 0, stage.stderr
    assert ((project / "published" / "0" / "process").read_text() == stage.stdout.strip()) is alone


def test_an_error_in_the_stages_own_process_is_one_line(project):
    ours = environment() | variables(1)
    stage = subprocess.run(command("bad", processes=1), capture_output=True, text=True, env=ours)
    assert (stage.returncode, stage.stderr) == (1, "toy: arm bad: input.txt: wrong, line 3; mend it\n")


def test_a_damaged_finished_cell_is_computed_again(project):
    run("0", "1")
    value = cells.ROOT / "toy-arm-0" / keys("0")[0] / "out" / "model" / "value"
    value.write_text("0 arm fIrst")
    assert run("0", "1")[1] == ["0"]
    assert value.read_text() == "0 arm first"


def test_a_failing_cell_is_one_line_and_exit_1_and_keeps_what_is_finished_and_its_checkpoints(project):
    done, _ = run("0", "bad")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "toy arm bad: input.txt: wrong, line 3; mend it",
        "toy: a process of the stage failed, see above; run again to go on from there",
    ]
    folder = cells.ROOT / "toy-arm-bad" / keys("bad")[0]
    assert os.listdir(folder) == ["state"]
    assert not (project / "published").exists()
    assert run("0", "bad")[1] == ["bad"]


def test_checkpoints_and_what_a_kill_left_are_removed_when_a_cell_is_finished(project):
    run("0")
    folder = cells.ROOT / "toy-arm-0" / keys("0")[0]
    assert os.listdir(folder) == ["out"]
    (folder / "out" / "manifest.json").unlink()
    (folder / ".out.123.tmp").mkdir()
    assert run("0")[1] == ["0"]
    assert os.listdir(folder) == ["out"]


def test_a_missing_input_is_one_line_that_names_it(project):
    (project / "input").unlink()
    done, computed = run("0")
    message = "toy: input: missing; run `dvc repro` (or `dvc checkout`) to make it\n"
    assert (done.returncode, done.stderr, computed) == (1, message, [])


def test_a_stage_asked_to_stop_stops_its_cells_and_says_so_by_its_exit_code(project):
    process = subprocess.Popen(command("slow"), env=environment())
    deadline = time.monotonic() + 60
    while not (project / "log").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == cells.TERMINATED
    folder = cells.ROOT / "toy-arm-slow" / keys("slow")[0]
    assert (folder / "state" / "checkpoint").exists() and not (folder / "out").exists()
