"""Resume state of a training run: whole, verified by hash, or not there.

A checkpoint is one folder per step with the arrays as safetensors, the plain values as JSON, and a SHA-256 manifest. It
is written under a temporary name and renamed, by the first process and beside the training. One that fails its manifest is passed
over for the one before it. Arrays are whole whatever devices they lay on, so that any number of processes may go on from them.
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
    """Writes one checkpoint at a time while training goes on; an error appears at the next one or at the end."""

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
        """Takes a copy of the arrays, for which all processes must call, and begins to write it."""
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
    """The newest checkpoint whose every byte is as written; None when there is none. All processes get the first one's."""
    found = next((path for path in reversed(_steps(folder)) if _is_whole(path)), None) if devices.is_first() else None
    step = devices.agreed(int(found.name) if found else -1)
    return None if step < 0 else folder / f"{step:08d}"


def read_values(path: pathlib.Path) -> dict[str, Any]:
    """What was saved beside the arrays, with the `step`."""
    values: dict[str, Any] = files.read_json(path / VALUES)
    return values


def read_arrays(path: pathlib.Path, like: Any) -> Any:
    """The arrays in the structure of `like`; raises InputError naming one that is missing, or of another shape or type."""
    arrays = safetensors.numpy.load_file(path / ARRAYS)
    wanted = {_name(place): leaf for place, leaf in _leaves(like)}
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
        print(f"{path}: damaged checkpoint passed over", file=sys.stderr)
    return whole


def _steps(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path)
