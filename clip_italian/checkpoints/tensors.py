"""The common part of the readers of checkpoint files: arrays in a file, read one at a time, and error messages."""

import abc
import math
import pathlib
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from clip_italian.errors import InputError

Shape = tuple[int, ...]
MAX_AXES, MAX_ELEMENTS = 16, 1 << 40  # far beyond any model, and within what numpy can index
LONGEST_NAME = 200  # characters of a name from a file that a message repeats
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
CONVERT = (
    "use the repository's model.safetensors; or, where its publisher is trusted, load the file with the library that wrote it "
    "and save it with safetensors.torch.save_file"
)


class Tensors(abc.ABC):
    """A checkpoint open for reading. `where` is its name in error messages; `shapes` has the shape of every tensor by name."""

    where: str
    shapes: dict[str, Shape]

    def names(self) -> list[str]:
        """The tensors' names, in the file's order."""
        return list(self.shapes)

    def read(self, name: str) -> np.ndarray:
        """A tensor as a writable array in C order, of the file's own type (float16 and bfloat16 too).

        Raises InputError if the file has no such tensor or has changed since it was opened.
        """
        if name not in self.shapes:
            raise InputError(f"{self.where}: tensor {shown(name)} is missing; the file is of another model")
        try:
            return self._read(name)
        except OSError as error:
            raise damaged(self.where, f"tensor {shown(name)} cannot be read ({error.strerror or error})") from None

    @abc.abstractmethod
    def _read(self, name: str) -> np.ndarray:
        """An existing tensor; may raise OSError."""


class Block(NamedTuple):
    """An array's bytes in a file: little-endian, C order, beginning at `offset`."""

    dtype: np.dtype
    shape: Shape
    offset: int


def fill(where: str, path: pathlib.Path, offset: int, out: np.ndarray) -> None:
    """Reads the bytes at `offset` into the contiguous array `out`.

    A memory map would be simpler, but its pages count as memory of the process, in addition to the array.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        if file.readinto(out.reshape(-1).view(np.uint8).data) != out.nbytes:
            raise damaged(where, "has become shorter since it was opened")


def read_block(where: str, path: pathlib.Path, block: Block) -> np.ndarray:
    """The array of a block."""
    out = np.empty(block.shape, block.dtype)
    fill(where, path, block.offset, out)
    return out


def elements(shape: Shape) -> int:
    """The number of elements of an array of this shape."""
    return math.prod(shape)


def check_shape(where: str, name: str, shape: tuple[Any, ...]) -> None:
    """Raises InputError if a file states an invalid shape, or one too large for numpy."""
    sane = len(shape) <= MAX_AXES and all(type(size) is int and size >= 0 for size in shape)
    if not sane or math.prod(max(size, 1) for size in shape) > MAX_ELEMENTS:
        raise damaged(where, f"tensor {shown(name)} has an impossible shape")


def shown(name: str) -> str:
    """A name from a file in a form for messages: one line without control characters, at most LONGEST_NAME long."""
    text = name if name.isprintable() else ascii(name)[1:-1]
    return f"`{text[:LONGEST_NAME]}{'...' if len(text) > LONGEST_NAME else ''}`"


def one_line(error: BaseException) -> str:
    """An exception's message without line breaks and control characters, since it may quote the file."""
    return shown(" ".join(str(error).split()) or type(error).__name__)[1:-1]


def damaged(where: str, problem: str) -> InputError:
    """The error for a file whose bytes are wrong."""
    return InputError(f"{where}: {problem}; download the file again")


def refused(where: str, problem: str) -> InputError:
    """The error for a file of a kind that is not supported."""
    return InputError(f"{where}: {problem}; {CONVERT}")
