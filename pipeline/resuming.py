"""The key of a piece of work, by settings, inputs, code and libraries, and the folder in which a stage goes on after a kill.

Inputs count by content or by stamp (name, size, time of the last change, as DVC looks at files before it hashes them). Finished
work is kept for as long as it may serve, while DVC deletes its inputs and brings them back with other times: content. Unfinished
work of a stage that reads every image lives until the stage ends, and hashing its inputs would take as long as what is saved:
stamps.
"""

import functools
import hashlib
import importlib.metadata
import json
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

from clip_italian import files
from clip_italian.config import Settings
from pipeline import imports

ROOT = pathlib.Path(".state")
CODE = pathlib.Path(__file__).parents[1]
LIBRARIES = ("flax", "jax", "jaxlib", "numpy", "opencv-python-headless", "optax", "pillow", "simplejpeg", "tokenizers")


def key(stage: str, settings: Any, inputs: Any, threads: int | None = None) -> str:
    """The key of work of a stage: 16 hexadecimal digits of a SHA-256.

    `settings` and `inputs` are JSON, the second of `contents` or `stamps`; `threads` are those of XLA where they count.
    """
    made_from = {"settings": settings, "inputs": inputs, "code": code(stage), "libraries": versions(), "threads": threads}
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache  # parsing takes a quarter of a second, and the seeds of a stage share its code
def code(stage: str) -> dict[str, str]:
    """The SHA-256 of each module of this repository that a stage imports, by path."""
    return {path.as_posix(): files.sha256(CODE / path) for path in imports.stage_modules(CODE, stage)}


def contents(inputs: Sequence[pathlib.Path]) -> dict[str, str]:
    """The SHA-256 of each input by path; raises InputError naming one that is missing."""
    return {path.as_posix(): files.tree_digest(path) for path in inputs}


def stamps(inputs: Sequence[pathlib.Path]) -> list[tuple[str, int, int]]:
    """Name, size in bytes and time of the last change in nanoseconds of every file of the inputs that are there."""
    found = [(path, path.stat()) for root in inputs if root.exists() for path in files.files_below(root)]
    return [(path.as_posix(), stat.st_size, stat.st_mtime_ns) for path, stat in found]


def versions() -> dict[str, str]:
    """The versions of the libraries on which the bits of a result depend."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def folder(stage: str, settings: Sequence[Settings], inputs: Sequence[pathlib.Path]) -> pathlib.Path:
    """The folder of a stage's unfinished work; what other settings, inputs or code left is removed."""
    ours = ROOT / stage / key(stage, [one.model_dump() for one in settings], stamps(inputs))
    ours.mkdir(parents=True, exist_ok=True)
    forget_others(ours)
    return ours


def forget_others(folder: pathlib.Path) -> None:
    """Removes what lies beside a folder of work: what other settings, inputs or code left."""
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other)


def forget(stage: str) -> None:
    """Removes a stage's work, which is finished."""
    shutil.rmtree(ROOT / stage, ignore_errors=True)
