"""Zip archives of pictures: read without trusting them, written with the same bytes every time."""

import functools
import pathlib
import types
import zipfile
import zlib

from clip_italian.errors import InputError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold
# Bounds far beyond any set of pictures: what exceeds them is made to fill a disk or a memory.
MEMBERS = 20_000_000
RATIO = 200  # bytes that come out for each that is there: pictures give 1, tables 10, a bomb 1000
HARMLESS = 1 << 26  # bytes that may come out whatever the ratio


class Directory:
    """The members of an archive while they are counted: the first one that may not be there raises InputError."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._names: set[str] = set()
        self._bytes = 0

    def add(self, name: str, size: int, plain: bool) -> None:
        """Takes a member of so many bytes, `plain` where it is a file or a folder."""
        parts = name.split("/")
        if ".." in parts or parts[0] == "" or "\\" in name or not plain:
            raise InputError(f"{self.path}: unsafe member `{name}`; get the file from its publisher again")
        if name in self._names:
            raise InputError(f"{self.path}: the member's name `{name}` occurs twice; get the file from its publisher again")
        self._names.add(name)
        self._bytes += size
        if len(self._names) > MEMBERS or self._bytes > max(HARMLESS, RATIO * self.size):
            raise InputError(
                f"{self.path}: would unpack to {self._bytes} bytes or more from {self.size}; get the file from its publisher again"
            )


class Archive:
    """The members of one zip file. Opening raises InputError when it is missing, damaged or has unsafe members."""

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
            # Zips from Unix carry the file's mode in the high half: links and devices have no business here.
            kind = (info.external_attr >> 16) & 0o170000
            directory.add(info.filename, info.file_size, plain=kind in (0, 0o100000, 0o040000))
        if sum(info.compress_size for info in infos) > directory.size:
            raise InputError(f"{self.path}: its members overlap; get the file from its publisher again")

    @functools.cached_property
    def by_last_component(self) -> dict[str, str]:
        """The members' names by what follows their last `/`."""
        return {name.rpartition("/")[2]: name for name in self.names}

    def size(self, name: str) -> int:
        """Bytes of a member after decompression, as the archive declares it."""
        return self._zip.getinfo(name).file_size

    def read(self, name: str) -> bytes:
        """A member's bytes; raises InputError when they fail the archive's own checksum."""
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # the last where it is encrypted
            raise InputError(
                f"{self.path}: member `{name}` is damaged ({error}); delete the file and run `dvc repro`"
            ) from None

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._zip.close()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Stores a member with a fixed date and mode, uncompressed: pictures do not shrink."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system = 3  # Unix, whatever the system is
    info.external_attr = 0o100644 << 16
    archive.writestr(info, content)
