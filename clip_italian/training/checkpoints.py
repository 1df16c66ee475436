"""Checkpoints to resume a training run from, written atomically and verified by hash.

A checkpoint is one folder per step with the arrays as safetensors, the plain values as JSON, and a SHA-256 manifest. A thread of
the first process writes it under a temporary name and renames it. A checkpoint that fails its manifest is skipped for the one
before it. Arrays are stored unsharded, so that any number of processes can resume from them.
"""

import pathlib
import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import jax
import numpy as np
import safetensors.numpy

from clip_italian import devices, files
from clip_italian.errors import InputError

ARRAYS, VALUES = "arrays.safetensors", "values.json"
KEPT = 2  # the newest, and one to fall back on; each holds the parameters of least validation loss too


class Writer:
    """Writes one checkpoint at a time while training continues; an error is raised at the next save or at the end."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder, self._threads, self._pending = folder, ThreadPoolExecutor(1), Future[None]()
        self._pending.set_result(None)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._threads.shutdown()
        if error is None:
            self._pending.result()

    def save(self, step: int, tree: Any, values: dict[str, Any]) -> None:
        """Copies the arrays to the host and starts to write them in the background. All processes must call it."""
        arrays = devices.fetch(tree)
        self._pending.result()
        if devices.is_first():
            self._pending = self._threads.submit(save, self._folder, step, arrays, values)


def save(folder: pathlib.Path, step: int, tree: Any, values: dict[str, Any]) -> None:
    """Writes the checkpoint of `step` and removes all but the newest two."""
    with files.replacing_folder(folder / f"{step:08d}") as target:
        arrays = {_name(path): np.asarray(leaf) for path, leaf in _leaves(tree)}
        files.write_bytes(target / ARRAYS, safetensors.numpy.save(arrays))
        files.write_json(target / VALUES, {"step": step, **values})
        files.write_manifest(target)
    for old in _steps(folder)[:-KEPT]:
        shutil.rmtree(old)


def newest(folder: pathlib.Path) -> pathlib.Path | None:
    """The newest undamaged checkpoint, or None; in every process the one that the first process finds."""
    found = next((path for path in reversed(_steps(folder)) if _is_whole(path)), None) if devices.is_first() else None
    step = devices.agreed(int(found.name) if found else -1)
    return None if step < 0 else folder / f"{step:08d}"


def read_values(path: pathlib.Path) -> dict[str, Any]:
    """The plain values of a checkpoint, with its `step`."""
    values: dict[str, Any] = files.read_json(path / VALUES)
    return values


def read_arrays(path: pathlib.Path, like: Any) -> Any:
    """The arrays in the structure of `like`; raises InputError naming one that is missing, or has another shape or dtype."""
    arrays = safetensors.numpy.load_file(path / ARRAYS)
    wanted = {_name(key): leaf for key, leaf in _leaves(like)}
    if different := sorted(arrays.keys() ^ wanted.keys()):
        raise InputError(f"{path}: `{different[0]}` is in the checkpoint or in the model, not in both; {REMEDY}")
    for name, leaf in wanted.items():
        ours, theirs = (f"{one.dtype} {one.shape}" for one in (leaf, arrays[name]))
        if ours != theirs:
            raise InputError(f"{path}: `{name}` is {theirs}, and {ours} in the model; {REMEDY}")
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in wanted])


REMEDY = "the settings have changed since: delete the folder to start anew"


def _is_whole(path: pathlib.Path) -> bool:
    whole = files.manifest_holds(path)
    if not whole:
        print(f"{path}: damaged checkpoint skipped", file=sys.stderr)
    return whole


def _steps(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path)
