"""Columns that grow on the disk and are then read as arrays, of which the memory holds what is being looked at."""

import contextlib
import pathlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import IO

import numpy as np


class Spool:
    """A folder with a file of raw numbers for each column; rows are appended, in columns of any lengths."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files = dict[str, IO[bytes]]()
        self._kinds = dict[str, tuple[np.dtype, tuple[int, ...]]]()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def append(self, columns: Mapping[str, np.ndarray]) -> None:
        """Adds rows to some columns; a column's rows are all of one kind and shape."""
        for name, rows in columns.items():
            if name not in self._files:
                self._files[name] = self._stack.enter_context((self._folder / name).open("wb"))
                self._kinds[name] = (rows.dtype, rows.shape[1:])
            self._files[name].write(np.ascontiguousarray(rows).data)

    def column(self, name: str) -> np.ndarray:
        """All rows so far, mapped into memory, read-only."""
        kind, shape = self._kinds[name]
        self._files[name].flush()
        if not (self._folder / name).stat().st_size:  # nothing cannot be mapped
            return np.zeros((0, *shape), kind)
        return np.memmap(self._folder / name, kind, "r").reshape(-1, *shape)

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a column of bytes, with their ends."""
        self._files[name].flush()
        with open(self._folder / name, "rb") as file:
            yield from file
