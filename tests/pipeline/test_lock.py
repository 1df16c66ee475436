"""dvc.lock after a kill while DVC writes it: `make repro` puts the copy back, and nothing that was finished runs again."""

import os
import pathlib
import signal
import subprocess
import sys
import threading

import pytest

from clip_italian.errors import InputError
from pipeline import lock

ROOT = pathlib.Path(lock.__file__).parents[1]
# Outputs that git would hold, so that DVC's cache of runs does not bring them back. A stage keeps the copy as stages/__main__.py
# does, and tells that it ran.
GRAPH = """
stages:
  first:
    cmd: python stage.py first
    outs: [{first.txt: {cache: false}}]
  second:
    cmd: python stage.py second
    deps: [first.txt]
    outs: [{second.txt: {cache: false}}]
  third:
    cmd: python stage.py third
    deps: [second.txt, input.txt]
    outs: [{third.txt: {cache: false}}]
"""
STAGE = """
import pathlib, sys
from pipeline import lock
lock.keep()
name = sys.argv[1]
pathlib.Path(name + ".txt").write_text(name)
with open("ran", "a") as file:
    file.write(name + "\\n")
"""
# DVC, which is killed when it has written nearly all of dvc.lock for the time of the given number.
KILLED = """
import os, signal, sys
from dvc.cli import main
from dvc.utils.serialize import _yaml
whole, left = _yaml._dump, [int(sys.argv[1])]
def dump(data, stream):
    left[0] -= "stages" in data  # else it is an entry of DVC's cache of runs
    if left[0] or "stages" not in data:
        return whole(data, stream)
    text = _yaml.dumps_yaml(data)
    stream.write(text[:-20])
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
_yaml._dump = dump
main(["repro", "-q"])
"""


@pytest.fixture
def study(here, monkeypatch):
    """A graph of three stages that has not run."""
    monkeypatch.setenv("PATH", f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (here / ".dvc").mkdir()
    (here / ".dvc/config").write_text("[core]\n    no_scm = True\n    analytics = false\n")
    (here / "dvc.yaml").write_text(GRAPH)
    (here / "stage.py").write_text(STAGE)
    (here / "input.txt").write_text("1")
    return here


def repro():
    """What `make repro` does; returns the stages that ran, and what was printed."""
    pathlib.Path("ran").unlink(missing_ok=True)
    command = [sys.executable, "-m", "pipeline.supervise", "dvc", "repro", "-q"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return pathlib.Path("ran").read_text().split() if pathlib.Path("ran").exists() else [], done.stdout


def test_a_lock_that_is_empty_cut_short_or_gone_is_restored_and_nothing_runs_again(study):
    assert repro()[0] == ["first", "second", "third"]
    assert repro()[0] == []  # from here on the copy has all three
    whole = lock.LOCK.read_bytes()
    for left in (b"", whole[: len(whole) // 2], whole[:-1], None):
        lock.LOCK.unlink() if left is None else lock.LOCK.write_bytes(left)
        ran, printed = repro()
        assert ran == [] and printed.startswith("dvc.lock: was missing, empty or cut short; restored from .state/dvc.lock"), left
        assert lock.LOCK.read_bytes() == whole


@pytest.mark.parametrize("writes", [2, 3])
def test_a_kill_at_the_moment_of_writing_costs_at_most_the_stage_that_had_just_ended(study, writes):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(writes)])
    assert killed.returncode == -signal.SIGKILL and lock.parse(lock.LOCK.read_bytes()) is None
    assert repro()[0] == ["first", "second", "third"][writes - 1 :]
    assert repro()[0] == []


def test_a_whole_lock_is_never_replaced_by_the_copy(study):
    repro()
    older = lock.LOCK.read_bytes()
    (study / "input.txt").write_text("2")
    assert repro()[0] == ["third"]
    repro()
    assert lock.COPY.read_bytes() == lock.LOCK.read_bytes() != older
    lock.LOCK.write_bytes(older)  # as `git checkout` does
    (study / "input.txt").write_text("1")
    ran, printed = repro()
    assert printed == "" and lock.LOCK.read_bytes() == lock.COPY.read_bytes()
    shorter = older[: older.index(b"  third:")]
    lock.LOCK.write_bytes(shorter)
    lock.mend()
    assert lock.LOCK.read_bytes() == lock.COPY.read_bytes() == shorter


def test_a_lock_that_another_dvc_may_be_writing_is_left_alone(study):
    repro()
    holder = (
        "import fcntl, time; file = open('.dvc/tmp/lock', 'a'); fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        lock.LOCK.write_bytes(b"")
        lock.mend()
        assert lock.LOCK.read_bytes() == b""
        process.kill()
    lock.mend()
    assert lock.parse(lock.LOCK.read_bytes())


def test_every_part_of_a_lock_is_told_from_a_whole_one_unless_it_ends_with_a_whole_output():
    whole = (ROOT / "dvc.lock").read_bytes()[:20_000]
    whole = whole[: whole.rindex(b"\n  ", 0, whole.rindex(b"    cmd:")) + 1]
    assert lock.parse(whole)
    lines = whole.splitlines(keepends=True)
    ends = {b"size", b"nfiles", b"md5"}
    for count in range(max(len(lines) - 60, 0), len(lines)):
        part = b"".join(lines[:count])
        if lock.parse(part) is not None:
            assert lines[count - 1].split(b":")[0].strip() in ends
        assert lock.parse(part[:-1]) is None


def test_a_reader_waits_for_the_end_of_the_writing_and_names_the_remedy_if_there_is_none(here):
    lock.LOCK.write_bytes(b"")
    with pytest.raises(InputError, match="^dvc.lock: cut short while it was written; `make repro` restores it"):
        lock.read(patience=0)
    whole = b"schema: '2.0'\nstages:\n  a:\n    cmd: b\n    outs:\n    - path: c\n      hash: md5\n      md5: d\n"
    threading.Timer(0.3, lambda: lock.LOCK.write_bytes(whole)).start()
    assert set(lock.read()) == {"a"}
    lock.LOCK.unlink()
    assert lock.read() == {}
