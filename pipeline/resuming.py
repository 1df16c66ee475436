"""Where a stage keeps what it has done, should it be killed: a folder named after everything that the work is made from."""

import hashlib
import importlib.metadata
import json
import pathlib
import shutil
from collections.abc import Sequence

from clip_italian import files
from clip_italian.config import Settings
from pipeline import imports

ROOT = pathlib.Path(".state")
CODE = pathlib.Path(__file__).parents[1]
LIBRARIES = ("flax", "jax", "jaxlib", "numpy", "opencv-python-headless", "pillow", "simplejpeg", "tokenizers")


def folder(stage: str, settings: Sequence[Settings], inputs: Sequence[pathlib.Path]) -> pathlib.Path:
    """The folder of a stage's unfinished work; what other settings, inputs or code left is removed.

    Files of the inputs count by name, size and time, as DVC's do before it hashes them: to read them all would take as long as
    what is saved.
    """
    made_from = {
        "settings": [one.model_dump() for one in settings],
        "inputs": [_stamp(path) for root in inputs if root.exists() for path in files.files_below(root)],
        "code": [files.sha256(CODE / path) for path in sorted(imports.stage_modules(CODE, stage))],
        "libraries": [importlib.metadata.version(name) for name in LIBRARIES],
    }
    ours = ROOT / stage / hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]
    ours.mkdir(parents=True, exist_ok=True)
    for other in ours.parent.iterdir():
        if other != ours:
            shutil.rmtree(other)
    return ours


def _stamp(path: pathlib.Path) -> tuple[str, int, int]:
    found = path.stat()
    return path.as_posix(), found.st_size, found.st_mtime_ns


def forget(stage: str) -> None:
    """Removes a stage's work, which is finished."""
    shutil.rmtree(ROOT / stage, ignore_errors=True)
