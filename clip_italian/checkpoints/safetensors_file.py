"""Checkpoints in safetensors, in one file or in shards with an index.

Format: https://huggingface.co/docs/safetensors (eight bytes of length, a JSON header, the arrays' bytes).
"""

import json
import pathlib
from typing import Any

import numpy as np
import safetensors

from clip_italian.checkpoints.tensors import BFLOAT16, Block, Tensors, check_shape, damaged, one_line, read_block, refused, shown

MAX_HEADER = 16 << 20  # bytes; the largest published models have under two million
INDEX = ".safetensors.index.json"
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": BFLOAT16,
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}


class SafetensorsFile(Tensors):
    """One safetensors file. Opening it raises InputError if its arrays overlap or leave gaps, or if a name occurs twice."""

    def __init__(self, path: pathlib.Path) -> None:
        self.where, self._path = str(path), path
        start, header = _header(path)
        _check_layout(path)
        header.pop("__metadata__", None)
        self._blocks = {name: _block(self.where, name, entry, start) for name, entry in header.items()}
        self.shapes = {name: block.shape for name, block in self._blocks.items()}

    def _read(self, name: str) -> np.ndarray:
        return read_block(self.where, self._path, self._blocks[name])


def _header(path: pathlib.Path) -> tuple[int, dict[str, Any]]:
    """The offset of the arrays, and the header, parsed here since the library accepts a name that occurs twice."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= MAX_HEADER:
            raise damaged(str(path), f"not safetensors, or damaged: a header of {length} bytes")
        content = file.read(length)
    return 8 + length, _json_object(str(path), content)


def _json_object(where: str, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise damaged(where, f"its JSON is damaged ({one_line(error)})") from None
    if not isinstance(value, dict):
        raise damaged(where, "its JSON is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"key {shown(next(key for key in keys if keys.count(key) > 1))} occurs twice")
    return dict(pairs)


def _check_layout(path: pathlib.Path) -> None:
    """Runs the library's checks: types, shapes against sizes, offsets without gaps or overlaps, no bytes left over."""
    try:
        with safetensors.safe_open(path, "np"):
            pass
    except (safetensors.SafetensorError, ValueError) as error:
        raise damaged(str(path), f"damaged ({one_line(error)})") from None


def _block(where: str, name: str, entry: Any, start: int) -> Block:
    match entry:  # the library accepts other spellings too
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int()]}:
            check_shape(where, name, tuple(shape))
        case _:
            raise damaged(where, f"tensor {shown(name)} is not described by dtype, shape and data_offsets")
    if dtype not in DTYPES:
        raise refused(where, f"tensor {shown(name)} holds {shown(dtype)}, which is not read")
    return Block(DTYPES[dtype], tuple(shape), start + begin)


class SafetensorsShards(Tensors):
    """Several files and their index, which names the file of each tensor; raises InputError unless they agree exactly."""

    def __init__(self, index: pathlib.Path) -> None:
        self.where, self.shapes = str(index), {}
        self._file_of: dict[str, SafetensorsFile] = {}
        for path, names in shards(index).items():
            file = SafetensorsFile(path)
            if different := sorted(names ^ set(file.shapes)):
                side = "lacks" if different[0] in names else "holds, against the index,"
                raise damaged(str(path), f"{side} tensor {shown(different[0])} ({index.name} names {len(names)})")
            self._file_of |= dict.fromkeys(file.shapes, file)
            self.shapes |= file.shapes

    def _read(self, name: str) -> np.ndarray:
        return self._file_of[name].read(name)


def shards(index: pathlib.Path) -> dict[pathlib.Path, set[str]]:
    """The files that an index names, all in its own folder, with the names of their tensors."""
    found: dict[pathlib.Path, set[str]] = {}
    weight_map = _json_object(str(index), index.read_bytes()).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise damaged(str(index), "has no `weight_map` of tensors to files")
    for name, file in weight_map.items():
        found.setdefault(index.parent / _checked_file(index, name, file), set()).add(name)
    return found


def _checked_file(index: pathlib.Path, name: str, file: Any) -> str:
    """The name of a tensor's shard; raises InputError unless it is a safetensors file in the folder of the index."""
    if not isinstance(file, str) or "/" in file or "\\" in file or not file.isprintable() or not file.endswith(".safetensors"):
        raise damaged(str(index), f"tensor {shown(name)} is in {shown(str(file))}, which is not a safetensors file of this folder")
    if not (index.parent / file).is_file():
        raise damaged(str(index), f"the shard {shown(file)} of tensor {shown(name)} is missing")
    return file
