"""A .npy file of many rows of numbers: computed part by part, gone on with after a kill, and read where it lies."""

import io
import os
import pathlib
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from clip_italian.errors import InputError

NUMBER = np.dtype("<f4")


def write(path: pathlib.Path, shape: tuple[int, int], part: int, rows_of: Callable[[int, int], Float[np.ndarray, "n d"]]) -> None:
    """Writes what `rows_of(start, stop)` gives for all rows, `part` of them at a time, unless `path` is there.

    Until it is whole the file has another name beside `path`, under which a process that goes on after a kill finds it. The bytes
    are those of `np.save`, however often that was. Raises InputError naming the path when the disk is full or may not be written.
    """
    if path.exists():
        return
    begun = path.with_name(f"{path.name}.begun")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(begun, "ab") as file:
            for start in range(_go_on(file, shape, part), shape[0], part):
                file.write(np.ascontiguousarray(rows_of(start, min(start + part, shape[0])), NUMBER).data)
                file.flush()
                os.fsync(file.fileno())
        os.replace(begun, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); free space or fix permissions") from error


def _go_on(file: io.BufferedWriter, shape: tuple[int, int], part: int) -> int:
    """Cuts a file that was begun behind a whole part; returns the row that comes next.

    The last whole part goes too: where the machine itself went down, the file may be as long without having its bytes.
    """
    header = _header(shape)
    size = part * shape[1] * NUMBER.itemsize
    done = max((file.tell() - len(header)) // size - 1, 0)
    if done:
        file.truncate(len(header) + done * size)
    else:
        file.truncate(0)
        file.write(header)
    return done * part


def _header(shape: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(NUMBER), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


def read(path: pathlib.Path) -> np.ndarray:
    """The array of any .npy file, of which only what is looked at comes into memory.

    Raises InputError naming the file when it is missing or damaged.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: missing or damaged ({error}); delete it and run `dvc repro`") from None
