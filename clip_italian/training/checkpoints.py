"""Resume state of a training run: whole, verified by hash, or not there.

A checkpoint is one folder per step with the arrays as safetensors, the plain values as JSON, and a SHA-256 manifest. It
is written under a temporary name and renamed. One that fails its manifest is passed over for the one before it.
"""
import pathlib
import shutil
import sys
from typing import Any

import jax
import numpy as np
import safetensors.numpy

from clip_italian import files

ARRAYS, VALUES = "arrays.safetensors", "values.json"
KEPT = 2  # the newest, and one to fall back on


def save(folder: pathlib.Path, step: int, tree: Any, values: dict[str, Any]) -> None:
    """Writes the checkpoint of `step` and removes all but the newest two."""
    with files.replacing_folder(folder / f"{step:08d}") as target:
        arrays = {_name(path): np.asarray(leaf) for path, leaf in _leaves(jax.device_get(tree))}
        files.write_bytes(target / ARRAYS, safetensors.numpy.save(arrays))
        files.write_json(target / VALUES, {"step": step, **values})
        files.write_manifest(target)
    for old in _steps(folder)[:-KEPT]:
        shutil.rmtree(old)


def newest(folder: pathlib.Path, like: Any) -> tuple[Any, dict[str, Any]] | None:
    """The newest checkpoint whose every byte is as written, in the structure of `like`; None when there is none."""
    for path in reversed(_steps(folder)):
        if not files.manifest_holds(path):
            print(f"{path}: damaged checkpoint passed over", file=sys.stderr)
            continue
        arrays = safetensors.numpy.load_file(path / ARRAYS)
        leaves = [arrays[_name(place)].reshape(np.shape(leaf)) for place, leaf in _leaves(like)]
        return jax.tree.unflatten(jax.tree.structure(like), leaves), files.read_json(path / VALUES)
    return None


def _steps(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path)
