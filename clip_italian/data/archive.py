"""Zip archives of pictures: read without trusting them, written with the same bytes every time."""

import functools
import pathlib
import types
import zipfile
import zlib

from clip_italian.errors import InputError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold


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
        self.names = frozenset(self._zip.namelist())
        self._check_names()

    def _check_names(self) -> None:
        infos = self._zip.infolist()
        if len(self.names) != len(infos):
            raise InputError(f"{self.path}: a member's name occurs twice; delete it and run `dvc repro`")
        for info in infos:
            parts = info.filename.split("/")
            # Zips from Unix carry the file's mode in the high half: links and devices have no business here.
            kind = (info.external_attr >> 16) & 0o170000
            if ".." in parts or parts[0] == "" or "\\" in info.filename or kind not in (0, 0o100000, 0o040000):
                raise InputError(f"{self.path}: unsafe member `{info.filename}`; get the file from its publisher again")

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
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
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
