"""Checkpoints in Flax's msgpack: nested maps whose leaves are arrays.

Formats: https://github.com/msgpack/msgpack/blob/master/spec.md and flax/serialization.py. Extension 1 is an array, 3 a numpy
scalar; both hold an array of shape, type and bytes. Arrays above 1 GiB are maps of flat chunks. Only headers are decoded here, and
the arrays' bytes are skipped: the msgpack library would have to read each array into its buffer to skip it.
"""

import pathlib
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from clip_italian.checkpoints.tensors import BFLOAT16, Block, Shape, Tensors, check_shape, damaged, elements, fill, refused, shown
from clip_italian.checkpoints.weights import torch_axes, torch_name

MAX_DEPTH = 64
MAX_TEXT = 1 << 12  # bytes of a key
CHUNKED = "__msgpack_chunked_array__"
ARRAY, SCALAR = 1, 3  # Flax's extension types
NAMES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
DTYPES = {name: np.dtype(name) for name in NAMES} | {"bfloat16": BFLOAT16}
# By first byte: the kind of the object, and the number of bytes of its size (of a number: its value).
SIZED = {
    **{0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xC7: ("ext", 1), 0xC8: ("ext", 2), 0xC9: ("ext", 4)},
    **{0xCC: ("int", 1), 0xCD: ("int", 2), 0xCE: ("int", 4), 0xCF: ("int", 8), 0xD9: ("str", 1), 0xDA: ("str", 2)},
    **{0xDB: ("str", 4), 0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)},
}
FIXED_EXT = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}


class Leaf(NamedTuple):
    """An array of the file: its path in the tree, and its bytes as one block or as flat chunks."""

    path: tuple[str, ...]
    shape: Shape
    blocks: list[Block]


class FlaxFile(Tensors):
    """One file, with PyTorch's names and axes of tensors. Opening raises InputError if any part of it is invalid."""

    def __init__(self, path: pathlib.Path) -> None:
        self.where, self._path, self.shapes = str(path), path, {}
        self._leaves: dict[str, Leaf] = {}
        with open(path, "rb") as file:
            tree = Scanner(self.where, file, path.stat().st_size).tree()
        for leaf in _leaves(self.where, tree, ()):
            self._add(torch_name(leaf.path), leaf)

    def _add(self, name: str, leaf: Leaf) -> None:
        if name in self.shapes:
            raise damaged(self.where, f"two leaves are both tensor {shown(name)} in PyTorch's naming")
        if leaf.path[-1] == "kernel" and len(leaf.shape) not in (2, 4):
            raise refused(self.where, f"kernel {shown(name)} of shape {leaf.shape} is neither linear nor a 2-D convolution")
        self._leaves[name] = leaf
        self.shapes[name] = tuple(leaf.shape[axis] for axis in torch_axes(leaf.path, len(leaf.shape)))

    def _read(self, name: str) -> np.ndarray:
        leaf = self._leaves[name]
        flat = np.empty(elements(leaf.shape), leaf.blocks[0].dtype)
        begin = 0
        for block in leaf.blocks:
            end = begin + elements(block.shape)
            fill(self.where, self._path, block.offset, flat[begin:end])
            begin = end
        return flat.reshape(leaf.shape).transpose(torch_axes(leaf.path, len(leaf.shape))).copy(order="C")


class Scanner:
    """Reads the file once; the leaves of its tree are Blocks for arrays, and numbers that describe chunks."""

    def __init__(self, where: str, file: BinaryIO, size: int) -> None:
        self.where, self.file, self.size = where, file, size

    def tree(self) -> dict[str, Any]:
        """The map that the file holds."""
        kind, size = self._head()
        if kind != "map":
            raise damaged(self.where, "not Flax's msgpack, which begins with a map")
        tree = self._map(size, ())
        if self.file.tell() != self.size:
            raise damaged(self.where, f"{self.size - self.file.tell()} bytes follow its end")
        return tree

    def _take(self, size: int) -> bytes:
        content = self.file.read(size)
        if len(content) != size:
            raise damaged(self.where, "ends too early")
        return content

    def _head(self) -> tuple[str, int]:
        """The kind of the next object, and its size or value."""
        byte = self._take(1)[0]
        if byte < 0xC0:
            low = [("map", byte & 15), ("array", byte & 15), ("str", byte & 31), ("str", byte & 31)]
            return ("int", byte) if byte < 0x80 else low[(byte >> 4) - 8]
        if byte in FIXED_EXT:
            return "ext", FIXED_EXT[byte]
        if byte == 0xC3:
            return "true", 1
        kind, width = SIZED.get(byte, ("other", 0))
        return kind, int.from_bytes(self._take(width), "big")

    def _text(self) -> str:
        kind, size = self._head()
        if kind != "str" or size > MAX_TEXT:
            raise damaged(self.where, f"a name was expected before byte {self.file.tell()}")
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise damaged(self.where, f"a name before byte {self.file.tell()} is not UTF-8") from None

    def _map(self, size: int, path: tuple[str, ...]) -> dict[str, Any]:
        if len(path) > MAX_DEPTH:
            raise damaged(self.where, f"its maps are nested more than {MAX_DEPTH} deep")
        found: dict[str, Any] = {}
        for _ in range(size):
            key = self._text()
            if key in found:
                raise damaged(self.where, f"key {shown('.'.join([*path, key]))} occurs twice")
            found[key] = self._value((*path, key))
        return found

    def _value(self, path: tuple[str, ...]) -> Any:
        kind, size = self._head()
        if kind == "map":
            return self._map(size, path)
        if kind in ("int", "true"):
            return size
        code = self._take(1)[0] if kind == "ext" else None
        if code not in (ARRAY, SCALAR):
            found = kind if code is None else f"extension {code}"
            raise refused(self.where, f"leaf {shown('.'.join(path))} is no array ({found})")
        return self._array(".".join(path), self.file.tell() + size)

    def _array(self, name: str, end: int) -> Block:
        """The array of the extension that ends at byte `end`; moves the file's position to `end`."""
        if self._head() != ("array", 3):
            raise damaged(self.where, f"tensor {shown(name)} is not of shape, type and bytes")
        shape, dtype = self._shape(name), self._text()
        kind, size = self._head()
        block = Block(self._dtype(name, dtype), shape, self.file.tell())
        wanted = elements(shape) * block.dtype.itemsize
        if kind != "bin" or size != wanted or block.offset + size != end:
            has = f"should have {wanted} bytes, has {size} ({kind})"
            raise damaged(self.where, f"tensor {shown(name)} of shape {shape} and {dtype} {has}")
        if end > self.size:
            raise damaged(self.where, f"ends too early, within tensor {shown(name)}")
        self.file.seek(end)
        return block

    def _shape(self, name: str) -> Shape:
        kind, axes = self._head()
        heads = [self._head() for _ in range(axes if kind == "array" and axes < 256 else 0)]
        if kind != "array" or len(heads) != axes or any(head != "int" for head, _ in heads):
            raise damaged(self.where, f"tensor {shown(name)} has no list of sizes")
        shape = tuple(size for _, size in heads)
        check_shape(self.where, name, shape)
        return shape

    def _dtype(self, name: str, dtype: str) -> np.dtype:
        if dtype not in DTYPES:
            raise refused(self.where, f"tensor {shown(name)} holds {shown(dtype)}, which is not read")
        return DTYPES[dtype]


def _leaves(where: str, tree: dict[str, Any], path: tuple[str, ...]) -> list[Leaf]:
    """The arrays of a tree, in the file's order."""
    found = []
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Block):
            found.append(Leaf(here, value.shape, [value]))
        elif not isinstance(value, dict):
            raise refused(where, f"leaf {shown('.'.join(here))} is no array (int)")
        elif CHUNKED in value:
            found.append(_chunked(where, value, here))
        else:
            found += _leaves(where, value, here)
    return found


def _chunked(where: str, value: dict[str, Any], path: tuple[str, ...]) -> Leaf:
    """An array above Flax's limit: its shape and its flat chunks, both as maps with the keys "0", "1" and so on."""
    name = ".".join(path)
    shape, chunks = _counted(value.get("shape")), _counted(value.get("chunks"))
    if not chunks or not all(isinstance(chunk, Block) and len(chunk.shape) == 1 for chunk in chunks):
        raise damaged(where, f"tensor {shown(name)} has no list of chunks")
    check_shape(where, name, shape)
    total, kinds = sum(chunk.shape[0] for chunk in chunks), {chunk.dtype for chunk in chunks}
    if total != elements(shape) or len(kinds) != 1:
        raise damaged(where, f"tensor {shown(name)} of shape {shape} has chunks of {total} numbers, {len(kinds)} type(s)")
    return Leaf(path, shape, list(chunks))


def _counted(value: Any) -> tuple[Any, ...]:
    """The values of a map with the keys "0", "1" and so on; empty for anything else."""
    keys = [str(index) for index in range(len(value))] if isinstance(value, dict) else []
    return tuple(value[key] for key in keys) if keys and set(keys) == set(value) else ()
