"""Web-dataset tars, and what img2dataset makes of them: a picture, `.txt` and `.json` under one key.

https://github.com/webdataset/webdataset, https://github.com/rom1504/img2dataset.
"""

import pathlib
import tarfile
import zlib
from collections.abc import Iterator

from clip_italian.data.archives import leads_outside
from clip_italian.errors import InputError

Sample = dict[str, bytes | None]  # bytes by extension, lower case; None where there are too many


def samples(path: pathlib.Path, longest: int) -> Iterator[tuple[str, Sample]]:
    """(key, parts) of every sample, in order: neighbours whose names agree up to the first dot.

    Members of more than `longest` bytes are not read. One sample is in memory at a time. Raises InputError for a tar that is
    missing or damaged, and for members that no picture or caption is: links, devices, sparse files, names that lead elsewhere or
    occur twice.
    """
    seen, key, parts = set[str](), "", Sample()
    for info, content in _members(path, longest):
        _check(path, info, seen)
        directory, _, base = info.name.removeprefix("./").rpartition("/")
        stem, _, extension = base.partition(".")
        if (this := f"{directory}/{stem}".lstrip("/")) != key:
            if parts:
                yield key, parts
            key, parts = this, {}
        parts[extension.lower()] = content
    if parts:
        yield key, parts


def _members(path: pathlib.Path, longest: int) -> Iterator[tuple[tarfile.TarInfo, bytes | None]]:
    """Everything but folders, read from the first byte to the last, so that a compressed tar costs no more."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # tarfile keeps a list of all
                file = archive.extractfile(info) if info.isreg() and not info.issparse() and info.size <= longest else None
                if not info.isdir():
                    yield info, file.read() if file else None
    except FileNotFoundError:
        raise InputError(f"{path}: missing; name a tar, or the folder that holds some") from None
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged ({error}); get it from where it came from again, or leave it out") from None


def _check(path: pathlib.Path, info: tarfile.TarInfo, seen: set[str]) -> None:
    if not info.isreg() or info.issparse() or leads_outside(info.name):
        raise InputError(f"{path}: unsafe member `{info.name}`; get the file from where it came from again, or leave it out")
    if info.name in seen:
        raise InputError(f"{path}: member `{info.name}` occurs twice; get the file from where it came from again")
    seen.add(info.name)
