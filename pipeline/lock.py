"""dvc.lock, kept whole: DVC writes it in place, for about a second after every stage, and a kill in that second leaves a part.

Every stage keeps a copy at its start, when DVC has written all that it knows and waits. `pipeline.supervise` puts the copy back
when the file is empty, cut short or gone. What can be lost is the record of the one stage that had just ended.
"""

import fcntl
import pathlib
import time
from typing import Any

from ruamel.yaml import YAML, YAMLError

from clip_italian import files
from clip_italian.errors import InputError

LOCK = pathlib.Path("dvc.lock")
COPY = pathlib.Path(".state/dvc.lock")
REPOSITORY_LOCK = pathlib.Path(".dvc/tmp/lock")  # DVC holds it (flock) whenever it writes, and lets go while a stage runs
PATIENCE, PAUSE = 20.0, 0.1  # seconds


def parse(content: bytes) -> dict[str, Any] | None:
    """The entries of dvc.lock by stage; None where `content` is only a part of what DVC writes.

    DVC writes from the first line to the last: a part lacks the end of its last line, or hashes or outputs of its last stage.
    """
    if not content.endswith(b"\n"):
        return None
    try:
        stages: dict[str, Any] = YAML(typ="safe", pure=True).load(content)["stages"]
        items = [item for stage in stages.values() for item in [*stage.get("deps", []), *stage["outs"]]]
    except (YAMLError, AttributeError, KeyError, TypeError):
        return None
    return stages if all("path" in item and "md5" in item for item in items) else None


def read(path: pathlib.Path = LOCK, patience: float = PATIENCE) -> dict[str, Any]:
    """The entries of dvc.lock by stage, none where there is no file; waits while DVC writes it.

    Raises InputError when it stays cut short.
    """
    deadline = time.monotonic() + patience
    while path.exists():
        stages = parse(path.read_bytes())
        if stages is not None:
            return stages
        if time.monotonic() > deadline:
            raise InputError(f"{path}: cut short while it was written; `make repro` restores it and goes on")
        time.sleep(PAUSE)
    return {}


def keep() -> None:
    """Copies dvc.lock, to be called while DVC waits for a stage."""
    content = LOCK.read_bytes() if LOCK.exists() else b""
    if content.endswith(b"\n") and not (COPY.exists() and COPY.read_bytes() == content):
        files.write_bytes(COPY, content)


def mend() -> None:
    """Puts the copy back where dvc.lock is not whole, and says so; a whole one is never replaced, and becomes the copy."""
    if not COPY.exists() or not REPOSITORY_LOCK.parent.exists():
        return
    with open(REPOSITORY_LOCK, "a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another DVC is at work, and may be writing it now
        content, copied = LOCK.read_bytes() if LOCK.exists() else b"", COPY.read_bytes()
        if content == copied:
            return
        if parse(content) is None:
            files.write_bytes(LOCK, copied)
            print(f"{LOCK}: was missing, empty or cut short; restored from {COPY} (to run all stages, delete both)", flush=True)
        else:
            files.write_bytes(COPY, content)
