"""An index on disk: one folder that is whole or absent, and says which model and which pictures it is of.

`vectors.npy` has a unit vector for every picture, `pictures.arrow` their paths in the same order, `refused.arrow` the files that
could not be read and why, and `manifest.json` the model's digests, the folder of the pictures and the digests of the other three.
"""

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.feather  # type: ignore[import-untyped]
from jaxtyping import Float

from clip_italian import files
from clip_italian.data.archives import Archive, Member
from clip_italian.errors import InputError

# The pictures of a folder: where they are, and whether they have changed.
# By name alone; what a file really is its first bytes say, and those of the last three kinds are refused.
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


ARCHIVE = ".zip"  # whose members are taken as the files of a folder
Image = pathlib.Path | Member  # an image's file where it lies


class Found(NamedTuple):
    """A file of the folder. While size and time of change stay as they are it counts as unchanged."""

    path: str  # below the folder, with slashes
    size: int  # bytes
    changed: int  # nanoseconds since 1970; the CRC-32 of an archive's member


def pictures(folder: pathlib.Path) -> list[Found]:
    """All files of a folder or a zip that are pictures by their names, sorted by path; hidden files and folders are left aside.

    Links to folders are not followed. Raises InputError when the folder is missing or has no picture.
    """
    if _is_archive(folder):
        found = sorted(_in_archive(folder))
    elif folder.is_dir():
        found = sorted(_below(folder, ""))
    else:
        raise InputError(f"{folder}: no such folder; check the path")
    if not found:
        raise InputError(f"{folder}: no picture in it (looked for {', '.join(SUFFIXES)}); check the path")
    return found


def files_of(folder: pathlib.Path) -> Callable[[str], Image]:
    """How a picture is found by its path below a folder or in a zip. Raises InputError for a zip that is damaged or unsafe."""
    if not _is_archive(folder):
        return lambda path: folder / path
    archive = Archive(folder)
    return lambda path: Member(archive, path)


def _is_archive(folder: pathlib.Path) -> bool:
    return folder.suffix == ARCHIVE and folder.is_file()


def _in_archive(path: pathlib.Path) -> Iterator[Found]:
    with Archive(path) as archive:
        for name in archive.names:
            hidden = any(part.startswith(".") for part in name.split("/"))
            if name.lower().endswith(SUFFIXES) and not hidden:
                yield Found(name, archive.size(name), archive.checksum(name))


def _below(folder: pathlib.Path, prefix: str) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); fix its permissions") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(pathlib.Path(entry.path), f"{prefix}{entry.name}/")
        elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():
            facts = entry.stat()
            yield Found(prefix + entry.name, facts.st_size, facts.st_mtime_ns)


SUFFIX = ".index"  # of the folder of an index


def default_path(folder: pathlib.Path) -> pathlib.Path:
    """Where the index of a folder lies unless another place is named: beside it."""
    return folder.with_name(folder.resolve().name + SUFFIX)


FORMAT = 1
MANIFEST, VECTORS, PICTURES, REFUSED = "index.json", "vectors.npy", "pictures.arrow", "refused.arrow"
AGAIN = "delete the folder and run `python -m clip_italian index` again"


class Entry(NamedTuple):
    """A picture of the index."""

    found: Found
    sha256: str  # of the file


class Refusal(NamedTuple):
    """A file that has no vector."""

    found: Found
    reason: str


class Contents(NamedTuple):
    """All of an index; row i of `vectors` is that of `entries[i]`."""

    vectors: Float[np.ndarray, "n p"]
    entries: list[Entry]
    refusals: list[Refusal]


class Origin(NamedTuple):
    """Of which pictures and by which model an index is made."""

    folder: str  # or zip of the pictures; one that is not absolute starts where the index lies
    model: str  # as `load` was given it
    images: str | None  # its picture half, where that is a model of its own
    digests: Mapping[str, str]  # SHA-256 of the model's files


def write(path: pathlib.Path, origin: Origin, contents: Contents) -> None:
    """Makes or replaces an index, as a whole."""
    with files.replacing_folder(path) as folder:
        np.save(folder / VECTORS, contents.vectors)
        _write_table(folder / PICTURES, [(*entry.found, entry.sha256) for entry in contents.entries], "sha256")
        _write_table(folder / REFUSED, [(*one.found, one.reason) for one in contents.refusals], "reason")
        hashes = {name: files.sha256(folder / name) for name in (VECTORS, PICTURES, REFUSED)}
        files.write_json(folder / MANIFEST, {"format": FORMAT, "files": hashes, **origin._asdict()})


def origin(path: pathlib.Path) -> Origin:
    """What an index is of; raises InputError when the folder is none."""
    if not (path / MANIFEST).is_file():
        raise InputError(f"{path}: no index (it has no {MANIFEST}); `python -m clip_italian index` makes one")
    return Origin(**{name: value for name, value in _manifest(path).items() if name in Origin._fields})


def _manifest(path: pathlib.Path) -> dict[str, Any]:
    try:
        found = files.read_json(path / MANIFEST)
    except InputError:
        raise InputError(f"{path / MANIFEST}: damaged; {AGAIN}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not {"files", *Origin._fields} <= set(found):
        raise InputError(f"{path / MANIFEST}: not the manifest of an index of format {FORMAT}; {AGAIN}")
    return found


def pictures_folder(path: pathlib.Path, of: Origin) -> pathlib.Path:
    """The folder or zip of the pictures of the index at `path`."""
    return path.parent / of.folder


def check_model(path: pathlib.Path, of: Origin, digests: Mapping[str, str]) -> None:
    """Raises InputError unless an index is by the model whose files have these digests."""
    apart = sorted(name for name in {*of.digests, *digests} if of.digests.get(name) != digests.get(name))
    if apart:
        raise InputError(
            f"{path}: is by another model (`{of.model}`, with another {apart[0]}); give that model, or make an index by this one"
        )


def digests(path: pathlib.Path) -> dict[str, str]:
    """SHA-256 of the files of an index as they were written."""
    return _manifest(path)["files"]


def check(path: pathlib.Path) -> None:
    """Raises InputError naming the file of an index that is missing or has other bytes than when it was written."""
    for name, wanted in digests(path).items():
        if not (path / name).is_file():
            raise InputError(f"{path / name}: missing; {AGAIN}")
        if files.sha256(path / name) != wanted:
            raise InputError(f"{path / name}: not the bytes that were written; {AGAIN}")


def read(path: pathlib.Path) -> Contents:
    """All of an index that `check` has passed, its vectors mapped into memory."""
    entries = [Entry(Found(*row[:3]), row[3]) for row in _rows(path / PICTURES, "sha256")]
    refusals = [Refusal(Found(*row[:3]), row[3]) for row in _rows(path / REFUSED, "reason")]
    return Contents(vectors(path), entries, refusals)


def vectors(path: pathlib.Path) -> Float[np.ndarray, "n p"]:
    """Of an index that `check` has passed, mapped into memory."""
    return np.load(path / VECTORS, mmap_mode="r", allow_pickle=False)


def _write_table(path: pathlib.Path, rows: list[tuple[Any, ...]], last: str) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    kinds = [pyarrow.string(), pyarrow.int64(), pyarrow.int64(), pyarrow.string()]
    arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    table = pyarrow.table(arrays, names=[*Found._fields, last])
    pyarrow.feather.write_feather(table, str(path), compression="uncompressed")


def _rows(path: pathlib.Path, last: str) -> Any:
    table = pyarrow.feather.read_table(str(path), memory_map=True)
    return zip(*(table[name].to_pylist() for name in (*Found._fields, last)), strict=True)
