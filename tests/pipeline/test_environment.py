import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from clip_italian import environment
from clip_italian.errors import InputError
from pipeline import supervise

ROOT = pathlib.Path(environment.__file__).parents[1]
# A stage that says who it is and waits to be killed.
WAITING = """
import os, time
from clip_italian import environment
from pipeline import supervise
environment.die_with_parent()
open('pid', 'w').write(str(os.getpid()))
time.sleep(60)
"""
CLEAN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


def python(script, **extra):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=CLEAN | extra)


def test_a_process_replaces_itself_by_one_with_the_fixed_environment(here):
    script = (
        "import os; from clip_italian import environment as e\n"
        "e.enter(2); print(sorted(e.variables(2).items() - os.environ.items()))"
    )
    assert python(script).stdout == "[]\n"
    assert python(script, OMP_NUM_THREADS="7", NPROC="1").stdout == "[]\n"


def test_the_arguments_survive_the_replacement(here):
    (here / "say.py").write_text("import sys; from clip_italian import environment as e; e.enter(2); print(sys.argv)")
    done = subprocess.run([sys.executable, "say.py", "a b", "c"], capture_output=True, text=True, env=CLEAN)
    assert done.stdout == "['say.py', 'a b', 'c']\n"


def test_a_second_process_of_the_same_name_is_refused_with_the_holders_id(here):
    with (
        environment.only_one("finetune-full"),
        environment.only_one("finetune-other"),
        pytest.raises(InputError, match=rf"`finetune-full` is already running as process {os.getpid()}; wait"),
        environment.only_one("finetune-full"),
    ):
        pass
    with environment.only_one("finetune-full"):
        pass


def alive(pid):
    """Whether a process exists and is not merely waiting to be collected."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel call is Linux's")
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_killing_the_supervised_command_or_its_starter_leaves_nothing_running(here, shell):
    (here / "stage.py").write_text(WAITING)
    # As dvc does: a Python program that starts the stage through a shell, which `exec` replaces.
    dvc = f"import subprocess; subprocess.run([{shell!r}, '-c', 'exec {sys.executable} stage.py'])"
    supervised = [sys.executable, "-m", "pipeline.supervise", sys.executable, "-c", dvc]
    starter = f"import subprocess; subprocess.run({supervised!r})"
    process = subprocess.Popen([sys.executable, "-c", starter], env=CLEAN)
    pid = wait_for(lambda: (here / "pid").exists() and (here / "pid").read_text())
    assert pid and alive(pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_for(lambda: not alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="process states are read as Linux gives them")
@pytest.mark.parametrize("still_runs", [True, False])
def test_a_lock_of_killed_processes_blocks_nobody_even_if_their_parent_never_noticed(here, still_runs):
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    killed.kill()
    assert wait_for(lambda: pathlib.Path("/proc", str(killed.pid), "stat").read_text().rpartition(")")[2].split()[0] == "Z")
    reader = {"pid": os.getpid() if still_runs else killed.pid, "cmd": "dvc repro"}
    writer = {"pid": killed.pid, "cmd": "dvc repro"}
    lock = here / supervise.RWLOCK
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"read": {"a": [reader]}, "write": {"b": writer}}))
    supervise.forget_locks_of_the_dead(supervise.RWLOCK)
    assert lock.exists() == still_runs
    killed.wait()


@pytest.mark.parametrize("left", ["", '{"read": {"data": [{"pi'])
def test_a_lock_file_that_a_kill_cut_short_is_removed(here, left):
    lock = here / supervise.RWLOCK
    lock.parent.mkdir(parents=True)
    lock.write_text(left)
    supervise.forget_locks_of_the_dead(supervise.RWLOCK)
    assert not lock.exists()


def test_a_lock_file_that_is_being_written_is_waited_for(here, monkeypatch):
    lock = here / supervise.RWLOCK
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    alive = json.dumps({"read": {}, "write": {"data": {"pid": os.getpid(), "cmd": "dvc repro"}}})
    monkeypatch.setattr(supervise.time, "sleep", lambda seconds: lock.write_text(alive))
    supervise.forget_locks_of_the_dead(supervise.RWLOCK)
    assert lock.read_text() == alive


def test_dvc_without_a_git_repository_is_refused_with_the_remedy(here):
    command = [sys.executable, "-m", "pipeline.supervise", "dvc", "repro"]
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env=CLEAN | {"PATH": path})
    assert done.returncode == 1 and "not a git repository, which DVC needs; clone the repository, or run `git init`" in done.stderr


def test_a_supervised_command_keeps_its_exit_code_and_its_output(here):
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.supervise", "sh", "-c", "echo out; exit 7"],
        capture_output=True,
        text=True,
        env=CLEAN,
    )
    assert (done.returncode, done.stdout) == (7, "out\n")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.supervise", "no-such-program"], capture_output=True, text=True, env=CLEAN
    )
    assert done.returncode == 1 and "no command `no-such-program`; run `make venv`" in done.stderr
