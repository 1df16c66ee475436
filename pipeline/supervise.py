"""Runs a command that cannot outlive its parent: `python -m pipeline.supervise dvc repro`.

The kernel kills the command when its parent dies, even by -9. Stages ask the same for themselves, so killing `make`, `dvc` or
the whole group leaves nothing running. The process becomes the command, with its exit code. Before that it mends what a kill has
left of DVC's own two files of state: its lock (`.dvc/tmp/rwlock`) and dvc.lock.
"""

import json
import os
import pathlib
import shutil
import sys
import time
from typing import Any

from clip_italian import environment
from clip_italian.errors import InputError
from pipeline import lock

RWLOCK = pathlib.Path(".dvc/tmp/rwlock")  # {"read": {path: [{"pid", "cmd"}]}, "write": {path: {"pid", "cmd"}}}
PAUSE = 0.2  # seconds; DVC writes that file in a fraction of one


def main(*command: str) -> None:
    """Replaces this process by `command`, found on the search path; exits 1 with one line when there is none."""
    program = shutil.which(command[0]) if command else None
    if program is None:
        sys.exit(f"supervise: no command `{' '.join(command)}`; run `make venv`")
    config = pathlib.Path(".dvc/config")
    if command[0] == "dvc" and not pathlib.Path(".git").exists() and not (config.exists() and "no_scm" in config.read_text()):
        sys.exit(f"{pathlib.Path.cwd()}: not a git repository, which DVC needs; clone the repository, or run `git init` here")
    forget_locks_of_the_dead(RWLOCK)
    try:
        lock.mend()
    except InputError as error:
        sys.exit(f"supervise: {error}")
    started_by = os.getppid()
    environment.die_with_parent()
    if os.getppid() != started_by:
        sys.exit("supervise: the parent process has died")
    os.execv(program, list(command))


def forget_locks_of_the_dead(path: pathlib.Path) -> None:
    """Removes DVC's lock file when all processes in it have been killed.

    DVC asks only whether a process exists, and one that was killed does until its new parent has taken notice: in a
    container without an init process that is never, and DVC would say "busy" for ever. Nor does DVC start with a lock file that
    is not JSON: a process that was killed while it wrote it leaves an empty one.
    """
    try:
        held = _held(path)
    except ValueError:
        time.sleep(PAUSE)  # somebody may be writing it just now
        try:
            held = _held(path)
        except ValueError:
            held = {}
    try:
        holders = [one["pid"] for readers in held.get("read", {}).values() for one in readers]
        holders += [one["pid"] for one in held.get("write", {}).values()]
    except (AttributeError, KeyError, TypeError):
        return  # not as expected: DVC's business
    if all(_is_dead(pid) for pid in holders):
        path.unlink(missing_ok=True)


def _held(path: pathlib.Path) -> Any:
    """Returns the content of the lock file, empty if there is none. Raises ValueError if it is not JSON."""
    try:
        return json.loads(path.read_text())
    except OSError:
        return {}


def _is_dead(pid: int) -> bool:
    """Whether there is no such process, or nothing but its entry is left (state Z; proc(5))."""
    try:
        state = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


if __name__ == "__main__":
    main(*sys.argv[1:])
