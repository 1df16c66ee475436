"""Tar archives, compressed or not, read without trusting them: the same members as `archive.Archive` lets pass, and no more."""

import bz2
import contextlib
import gzip
import io
import lzma
import pathlib
import tarfile
import types
import zlib
from collections.abc import Iterator
from typing import Any

from clip_italian.data.archive import Directory
from clip_italian.errors import InputError

HEADER = 1 << 20  # bytes; a name, or a block of attributes, is shorter
OPENERS = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}  # by the first two bytes
DAMAGES = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class Tar:
    """The members of one tar file, as Archive has those of a zip.

    Opening reads every header, and raises InputError when the file is missing, damaged, cut short or has unsafe members: links,
    devices, sparse files, names that lead elsewhere or occur twice, more bytes than such a file may hold.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        with self._damages("delete it and run `dvc repro`"):
            self._stream = _Bounded(_plain(path))
            self._tar = tarfile.TarFile(fileobj=self._stream)
            self._members = {_name(member): member for member in self._checked() if member.isreg()}
            self._stream.seek(self._tar.offset)
            if self._stream.read(tarfile.BLOCKSIZE).strip(b"\0") or self._stream.tell() == self._tar.offset:
                raise tarfile.ReadError("it ends before its end mark, or has a broken header")  # tarfile itself stops in silence
        self._stream.most = None
        self.names = frozenset(self._members)

    def _checked(self) -> Iterator[tarfile.TarInfo]:
        directory = Directory(self.path)
        for member in self._tar:
            if _name(member) != ".":
                directory.add(_name(member), member.size, plain=(member.isreg() or member.isdir()) and not member.issparse())
                yield member

    @contextlib.contextmanager
    def _damages(self, remedy: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise InputError(f"{self.path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
        except DAMAGES as error:
            raise InputError(f"{self.path}: not a whole tar file ({error}); {remedy}") from None

    def size(self, name: str) -> int:
        """Bytes of a member."""
        return self._members[name].size

    def read(self, name: str) -> bytes:
        """A member's bytes; of a compressed file they come fastest in its own order."""
        with self._damages("delete it and run `dvc repro`"):
            opened = self._tar.extractfile(self._members[name])
            assert opened is not None, "only files are members"
            return opened.read()

    def __enter__(self) -> "Tar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._stream.close()


def _plain(path: pathlib.Path) -> Any:
    """A stream of the tar file's own bytes, whatever it is compressed with."""
    with open(path, "rb") as file:
        opener: Any = OPENERS.get(file.read(2), open)
    return opener(path, "rb")


def _name(member: tarfile.TarInfo) -> str:
    """The member's name, without the folder `.` that many archives begin with."""
    return member.name.removeprefix("./")


class _Bounded(io.RawIOBase):
    """A stream that gives no more than `most` bytes at a time: tarfile reads a name as long as a header says it is."""

    def __init__(self, stream: Any) -> None:
        self._inner = stream
        self.most: int | None = HEADER

    def read(self, size: int = -1) -> bytes:
        if self.most is not None and not 0 <= size <= self.most:
            raise tarfile.ReadError("a header of more than a MiB")
        return self._inner.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._inner.seek(place, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def close(self) -> None:
        self._inner.close()
