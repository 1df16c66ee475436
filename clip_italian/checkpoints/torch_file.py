"""Checkpoints that torch.save wrote since torch 1.6 (`pytorch_model.bin`): a zip of one pickle and the arrays' bytes.

Format: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py. torch is not needed.
"""

import pathlib
import struct
import zipfile
from typing import Any

import numpy as np

from clip_italian.checkpoints.tensors import Tensors, check_shape, damaged, elements, one_line, refused, shown
from clip_italian.checkpoints.torch_pickle import Machine, Storage, Strided
from clip_italian.data.archives import leads_outside

MAX_PICKLE = 16 << 20  # bytes; usual are some 100 for each tensor
CHUNK = 1 << 20
STATE = "state_dict"  # the key of the tensors in checkpoints of training scripts, beside epoch and optimiser
# The errors of zipfile for archives that were damaged on purpose.
ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError, struct.error)


class TorchFile(Tensors):
    """One checkpoint. Opening raises InputError for values that are not tensors, and for tensors beyond their storage."""

    def __init__(self, path: pathlib.Path) -> None:
        self.where = str(path)
        self._members = Members(self.where, path)
        self._tensors = _tensors(self.where, Machine(self.where).run(self._members.program()))
        for name, tensor in self._tensors.items():
            _check_window(self.where, name, tensor)
            self._members.check_storage(name, tensor.storage)
        self.shapes = {name: tensor.shape for name, tensor in self._tensors.items()}

    def _read(self, name: str) -> np.ndarray:
        storage, offset, shape, strides = (getattr(self._tensors[name], part) for part in ("storage", "offset", "shape", "strides"))
        flat = self._members.storage(storage)
        if 0 in shape:
            return np.empty(shape, flat.dtype)
        window = np.lib.stride_tricks.as_strided(flat[offset:], shape, [stride * flat.itemsize for stride in strides])
        return flat.reshape(shape) if window.size == flat.size and window.flags.c_contiguous else window.copy(order="C")


class Members:
    """The members of the zip, uncompressed and in one folder. Opening raises InputError for any other zip."""

    def __init__(self, where: str, path: pathlib.Path) -> None:
        self.where = where
        self._zip = _open_zip(where, path)
        infos, size = self._zip.infolist(), path.stat().st_size
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) != len(infos):
            raise damaged(where, "a name occurs twice in its zip")
        _check_names(where, list(self._infos))
        self._root = _root(where, list(self._infos))
        for info in infos:
            _check_member(where, info, size)

    def program(self) -> bytes:
        """The pickle."""
        order = self._infos.get(f"{self._root}byteorder")
        if order and self._read(order).tobytes() != b"little":
            raise refused(self.where, "was not written in little-endian order")
        info = self._infos[f"{self._root}data.pkl"]
        if info.file_size > MAX_PICKLE:
            raise damaged(self.where, f"its pickle has {info.file_size} bytes, too many to describe tensors")
        return self._read(info).tobytes()

    def check_storage(self, name: str, storage: Storage) -> None:
        """Raises InputError unless a tensor's storage exists and has the length that the pickle states."""
        info, wanted = self._infos.get(f"{self._root}data/{storage.key}"), storage.length * storage.dtype.itemsize
        if info is None:
            raise damaged(self.where, f"tensor {shown(name)}: its storage {shown(storage.key)} is missing")
        if info.file_size != wanted:
            raise damaged(self.where, f"tensor {shown(name)}: its storage has {info.file_size} bytes instead of {wanted}")

    def storage(self, storage: Storage) -> np.ndarray:
        """The elements of a storage as a flat array."""
        return self._read(self._infos[f"{self._root}data/{storage.key}"]).view(storage.dtype)

    def _read(self, info: zipfile.ZipInfo) -> np.ndarray:
        """A member's bytes, with its checksum verified; read in chunks, since zipfile holds a whole read twice in memory."""
        out, begin = np.empty(info.file_size, np.uint8), 0
        try:
            with self._zip.open(info) as file:
                while piece := file.read(CHUNK):
                    out[begin : begin + len(piece)] = np.frombuffer(piece, np.uint8)
                    begin += len(piece)
        except ZIP_ERRORS as error:
            raise damaged(self.where, f"its member {shown(info.filename)} is damaged ({one_line(error)})") from None
        if begin != info.file_size:
            raise damaged(self.where, f"its member {shown(info.filename)} ends too early")
        return out


def _open_zip(where: str, path: pathlib.Path) -> zipfile.ZipFile:
    with open(path, "rb") as file:
        if file.read(4) != b"PK\x03\x04":  # zipfile would also open one with other bytes before it
            raise damaged(where, "not a zip, as torch.save has written since torch 1.6, or damaged")
    try:
        return zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise damaged(where, f"not a whole zip ({one_line(error)})") from None


def _check_names(where: str, names: list[str]) -> None:
    """Raises InputError for a name that leads out of the folder: nothing is unpacked, but the file was made to do harm."""
    for name in names:
        if leads_outside(name):
            raise damaged(where, f"unsafe member {shown(name)} in its zip")


def _check_member(where: str, info: zipfile.ZipInfo, size: int) -> None:
    """Raises InputError for a compressed member, which torch.save never writes, or one that reaches beyond the file."""
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
        raise refused(where, f"its member {shown(info.filename)} is compressed or encrypted, which torch.save never does")
    if info.header_offset + info.file_size > size:
        raise damaged(where, f"its member {shown(info.filename)} reaches beyond its end")


def _root(where: str, names: list[str]) -> str:
    """The name of the zip's only top folder, with its slash; raises InputError unless it is one of torch.save."""
    roots = {name.split("/")[0] + "/" for name in names}
    root = next(iter(roots), "")
    if any(name.endswith(".npy") for name in names):
        raise refused(where, "is a zip of numpy arrays (.npz)")
    if f"{root}constants.pkl" in names or any("/code/" in name for name in names):
        raise refused(where, "is a TorchScript archive, which holds a program")
    if len(roots) != 1 or f"{root}data.pkl" not in names:
        raise refused(where, "is a zip without the `data.pkl` of torch.save")
    return root


def _tensors(where: str, value: Any) -> dict[str, Strided]:
    """The dict of tensors in the pickle's value."""
    if isinstance(value, dict) and isinstance(value.get(STATE), dict):
        value = value[STATE]
    if not isinstance(value, dict):
        raise refused(where, "holds no dict of tensors")
    for key, tensor in value.items():
        if not isinstance(key, str) or not isinstance(tensor, Strided):
            raise refused(where, f"its key {shown(str(key))} holds no tensor ({type(tensor).__name__})")
    return value


def _check_window(where: str, name: str, tensor: Strided) -> None:
    """Raises InputError for a tensor that reaches beyond its storage, or repeats elements of it."""
    check_shape(where, name, tensor.shape)
    steps = tensor.strides
    if len(steps) != len(tensor.shape) or any(type(step) is not int or step < 0 for step in (*steps, tensor.offset)):
        raise damaged(where, f"tensor {shown(name)} has impossible strides")
    count = elements(tensor.shape)
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, steps, strict=True))
    if count and last >= tensor.storage.length:
        raise damaged(where, f"tensor {shown(name)} reaches to number {last} of a storage of {tensor.storage.length}")
    if count > tensor.storage.length:
        raise refused(where, f"tensor {shown(name)} repeats the numbers of its storage (an expanded view)")
