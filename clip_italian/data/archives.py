"""Reads untrusted zip and tar archives, and writes zip archives deterministically."""

import bz2
import contextlib
import dataclasses
import functools
import gzip
import io
import lzma
import pathlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from clip_italian import files
from clip_italian.errors import InputError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold
# Limits far above those of any set of images. An archive that exceeds them was made to fill the disk or the memory.
MEMBERS = 20_000_000
RATIO = 200  # largest compression ratio: images have 1, tables 10, a zip bomb 1000
HARMLESS = 1 << 26  # bytes after decompression that are allowed for any ratio


def leads_outside(name: str) -> bool:
    """Whether a member's name leads out of the folder in which the archive is unpacked, on any operating system."""
    parts = name.split("/")
    return ".." in parts or parts[0] == "" or "\\" in name


class Directory:
    """The members of an archive, added one by one; an unsafe member raises InputError."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._names: set[str] = set()
        self._bytes = 0

    def add(self, name: str, size: int, plain: bool) -> None:
        """Adds a member of `size` bytes; `plain` means a file or a folder."""
        if leads_outside(name) or not plain:
            raise InputError(f"{self.path}: unsafe member `{name}`; get the file from its publisher again")
        if name in self._names:
            raise InputError(f"{self.path}: the member's name `{name}` occurs twice; get the file from its publisher again")
        self._names.add(name)
        self._bytes += size
        if len(self._names) > MEMBERS or self._bytes > max(HARMLESS, RATIO * self.size):
            raise InputError(
                f"{self.path}: would unpack to {self._bytes} bytes or more from {self.size}; get the file from its publisher again"
            )


class Archive(contextlib.AbstractContextManager["Archive"]):
    """The members of a zip file. Opening raises InputError if it is missing, damaged or has unsafe members."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{path}: not a whole zip file ({error}); delete it and run `dvc repro`") from None
        self._check()
        self.names = frozenset(self._zip.namelist())

    def _check(self) -> None:
        infos, directory = self._zip.infolist(), Directory(self.path)
        for info in infos:
            # Zips from Unix have the file's mode in the high half; links and devices are refused.
            kind = (info.external_attr >> 16) & 0o170000
            directory.add(info.filename, info.file_size, plain=kind in (0, 0o100000, 0o040000))
        if sum(info.compress_size for info in infos) > directory.size:
            raise InputError(f"{self.path}: its members overlap; get the file from its publisher again")

    @functools.cached_property
    def by_last_component(self) -> dict[str, str]:
        """The members' names by their last component."""
        return {name.rpartition("/")[2]: name for name in self.names}

    def size(self, name: str) -> int:
        """Bytes of a member after decompression, as the archive declares it."""
        return self._zip.getinfo(name).file_size

    def checksum(self, name: str) -> int:
        """The CRC-32 of a member, as the archive declares it."""
        return self._zip.getinfo(name).CRC

    def read(self, name: str) -> bytes:
        """A member's bytes; raises InputError if there is no such member, or if its checksum is wrong."""
        try:
            return self._zip.read(name)
        except KeyError:
            remedy = "get the file from its publisher again, or, if a stage made it, delete the file and run `dvc repro`"
            raise InputError(f"{self.path}: member `{name}`: is not there; {remedy}") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # RuntimeError: it is encrypted
            raise InputError(f"{self.path}: member `{name}` is damaged ({error}); delete the file and run `dvc repro`") from None

    def __exit__(self, *_: object) -> None:
        self._zip.close()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Adds a member with a fixed date and mode, uncompressed, since images do not shrink."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system = 3  # Unix, whatever the system is
    info.external_attr = 0o100644 << 16
    archive.writestr(info, content)


HEADER = 1 << 20  # bytes; the names and attributes in a tar are shorter
OPENERS = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}  # by the first two bytes
DAMAGES = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class Tar(contextlib.AbstractContextManager["Tar"]):
    """The members of a tar file, compressed or not.

    Opening reads every header, and raises InputError if the file is missing, damaged, truncated or has unsafe members: links,
    devices, sparse files, names that lead elsewhere or occur twice, or more bytes than such a file may have.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        with self._damages("delete it and run `dvc repro`"):
            self._stream = _Bounded(_plain(path))
            self._tar = tarfile.TarFile(fileobj=self._stream)
            self._members = {_name(member): member for member in self._checked() if member.isreg()}
            self._stream.seek(self._tar.offset)
            if self._stream.read(tarfile.BLOCKSIZE).strip(b"\0") or self._stream.tell() == self._tar.offset:
                raise tarfile.ReadError("it ends before its end mark, or has a broken header")  # tarfile raises nothing
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
        """A member's bytes. From a compressed tar, reading in the order of the members is fastest."""
        with self._damages("delete it and run `dvc repro`"):
            opened = self._tar.extractfile(self._members[name])
            assert opened is not None, "only files are members"
            return opened.read()

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _plain(path: pathlib.Path) -> Any:
    """A stream of the tar file's bytes after decompression."""
    with open(path, "rb") as file:
        opener: Any = OPENERS.get(file.read(2), open)
    return opener(path, "rb")


def _name(member: tarfile.TarInfo) -> str:
    """The member's name, without the folder `.` with which many archives begin."""
    return member.name.removeprefix("./")


class _Bounded(io.RawIOBase):
    """A stream that refuses reads of more than `most` bytes, because tarfile reads names of any length that a header states."""

    def __init__(self, stream: Any) -> None:
        self._inner = stream
        self.most: int | None = HEADER

    def read(self, size: int = -1) -> bytes:
        if self.most is not None and not 0 <= size <= self.most:
            raise tarfile.ReadError("a header of more than a MiB")
        return self._inner.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def close(self) -> None:
        self._inner.close()


def opened(path: pathlib.Path) -> Archive | Tar:
    """The archive at `path`, a zip if its name ends with .zip, else a tar; raises InputError if it is unsafe or damaged."""
    return Archive(path) if path.suffix == ".zip" else Tar(path)


def unpack(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Unpacks an archive to `folder`, replacing it.

    All members are checked before the first byte is written. For an unsafe or damaged archive, raises InputError and leaves
    `folder` unchanged.
    """
    with opened(path) as source, files.replacing_folder(folder) as temporary:
        for name in sorted(source.names):
            if name.endswith("/"):
                continue  # a folder, which zips list
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(source.read(name))


@runtime_checkable
class Stored(Protocol):
    """A file: a path, or a member of an archive. Its `str` names it in errors."""

    def read_bytes(self) -> bytes:
        """All bytes of the file."""
        ...


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of a zip, read without unpacking."""

    archive: Archive
    name: str

    @property
    def stem(self) -> str:
        """The last component of its name without the suffix, as of a path."""
        return pathlib.PurePosixPath(self.name).stem

    def read_bytes(self) -> bytes:
        """The member's bytes."""
        return self.archive.read(self.name)

    def __str__(self) -> str:
        return f"{self.archive.path}: {self.name}"
