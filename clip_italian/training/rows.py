"""Large .npy files of float32 rows: written part by part, resumed after a kill, and read memory-mapped."""

import io
import os
import pathlib
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from clip_italian.errors import InputError

NUMBER = np.dtype("<f4")


def write(path: pathlib.Path, shape: tuple[int, int], part: int, rows_of: Callable[[int, int], Float[np.ndarray, "n d"]]) -> None:
    """Writes the rows that `rows_of(start, stop)` returns, `part` rows at a time; does nothing if `path` exists.

    An unfinished file lies beside `path` under another name, from which a later call resumes after a kill. The finished file has
    the bytes of `np.save`. Raises InputError naming the path if the disk is full or cannot be written.
    """
    if path.exists():
        return
    begun = path.with_name(f"{path.name}.begun")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(begun, "ab") as file:
            for start in range(_resume(file, shape, part), shape[0], part):
                file.write(np.ascontiguousarray(rows_of(start, min(start + part, shape[0])), NUMBER).data)
                file.flush()
                os.fsync(file.fileno())
        os.replace(begun, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); free space or fix permissions") from error


def _resume(file: io.BufferedWriter, shape: tuple[int, int], part: int) -> int:
    """Truncates an unfinished file to whole parts, without the last one; returns the next row.

    The last part may be damaged: after a crash of the machine a file can have its length but not its bytes.
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
    """The array of any .npy file, memory-mapped; raises InputError naming the file if it is missing or damaged."""
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: missing or damaged ({error}); delete it and run `dvc repro`") from None
