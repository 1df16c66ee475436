"""The index of a folder of images on disk: one folder, written atomically.

`vectors.npy` has a unit vector for every image, `pictures.arrow` the paths in the same order, and `refused.arrow` the files that
could not be read, with reasons. `index.json` has the folder of the images, and the SHA-256 of the model's files and of these three.
"""

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow
import pyarrow.feather
from jaxtyping import Float

from clip_italian import files
from clip_italian.data.archives import Archive, Member
from clip_italian.errors import InputError

# Images are found by these suffixes. Their first bytes decide the format; BMP and TIFF are then rejected with a reason.
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
ARCHIVE = ".zip"  # its members are treated as the files of a folder
Image = pathlib.Path | Member  # an image's file


class Found(NamedTuple):
    """An image file of the folder; it counts as unchanged while its size and modification time are the same."""

    path: str  # below the folder, with slashes
    size: int  # bytes
    changed: int  # nanoseconds since 1970; the CRC-32 of an archive's member


def images(folder: pathlib.Path) -> list[Found]:
    """All image files of a folder or zip by their suffixes, sorted by path; hidden files and folders are ignored.

    Links to folders are not followed. Raises InputError if the folder is missing or has no images.
    """
    if _is_archive(folder):
        found = sorted(_in_archive(folder))
    elif folder.is_dir():
        found = sorted(_below(folder, ""))
    else:
        raise InputError(f"{folder}: no such folder; check the path")
    if not found:
        raise InputError(f"{folder}: no image in it (looked for {', '.join(SUFFIXES)}); check the path")
    return found


def files_of(folder: pathlib.Path) -> Callable[[str], Image]:
    """A function from an image's path within a folder or zip to its file; raises InputError for a damaged or unsafe zip."""
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


SUFFIX = ".index"  # of an index's folder


def default_path(folder: pathlib.Path) -> pathlib.Path:
    """The default path of the index of a folder: beside it, with the suffix `.index`."""
    return folder.with_name(folder.resolve().name + SUFFIX)


FORMAT = 1
MANIFEST, VECTORS, PICTURES, REFUSED = "index.json", "vectors.npy", "pictures.arrow", "refused.arrow"
AGAIN = "delete the folder and run `python -m clip_italian index` again"


class Entry(NamedTuple):
    """An indexed image."""

    found: Found
    sha256: str  # of the file


class Refusal(NamedTuple):
    """A file that could not be indexed."""

    found: Found
    reason: str


class Contents(NamedTuple):
    """The contents of an index; row i of `vectors` is the embedding of `entries[i]`."""

    vectors: Float[np.ndarray, "n p"]
    entries: list[Entry]
    refusals: list[Refusal]


class Origin(NamedTuple):
    """The images and the model of an index."""

    folder: str  # folder or zip of the images; a relative path is relative to the index's parent folder
    model: str  # argument of `load`
    images: str | None  # the model of the image tower, if that is a separate one
    digests: Mapping[str, str]  # SHA-256 of the model's files


def write(path: pathlib.Path, origin: Origin, contents: Contents) -> None:
    """Writes an index, or replaces one, atomically."""
    with files.replacing_folder(path) as folder:
        np.save(folder / VECTORS, contents.vectors)
        _write_table(folder / PICTURES, [(*entry.found, entry.sha256) for entry in contents.entries], "sha256")
        _write_table(folder / REFUSED, [(*one.found, one.reason) for one in contents.refusals], "reason")
        hashes = {name: files.sha256(folder / name) for name in (VECTORS, PICTURES, REFUSED)}
        files.write_json(folder / MANIFEST, {"format": FORMAT, "files": hashes, **origin._asdict()})


def origin(path: pathlib.Path) -> Origin:
    """The origin of an index; raises InputError if the folder is not an index."""
    if not (path / MANIFEST).is_file():
        raise InputError(f"{path}: not an index (it has no {MANIFEST}); build one with `python -m clip_italian index`")
    return Origin(**{name: value for name, value in _manifest(path).items() if name in Origin._fields})


def _manifest(path: pathlib.Path) -> dict[str, Any]:
    found = read_manifest(path / MANIFEST, "an index", {"format", "files", *Origin._fields}, AGAIN)
    if found["format"] != FORMAT:
        raise InputError(f"{path / MANIFEST}: not the manifest of an index of format {FORMAT}; {AGAIN}")
    return found


def read_manifest(path: pathlib.Path, what: str, keys: set[str], remedy: str) -> dict[str, Any]:
    """The content of a manifest; raises InputError with the remedy if the file is damaged or lacks one of `keys`."""
    try:
        found = files.read_json(path)
    except InputError:
        raise InputError(f"{path}: damaged; {remedy}") from None
    if not isinstance(found, dict) or not keys <= set(found):
        raise InputError(f"{path}: not the manifest of {what}; {remedy}")
    return found


def check_file(path: pathlib.Path, sha256: str, remedy: str) -> None:
    """Raises InputError with the remedy if a file is missing or has another SHA-256."""
    if not path.is_file():
        raise InputError(f"{path}: missing; {remedy}")
    if files.sha256(path) != sha256:
        raise InputError(f"{path}: not the bytes that were written; {remedy}")


def images_folder(path: pathlib.Path, of: Origin) -> pathlib.Path:
    """The folder or zip of the images of the index at `path`."""
    return path.parent / of.folder


def check_model(path: pathlib.Path, of: Origin, digests: Mapping[str, str]) -> None:
    """Raises InputError unless the index was built by the model whose files have these digests."""
    different = sorted(name for name in {*of.digests, *digests} if of.digests.get(name) != digests.get(name))
    if different:
        raise InputError(
            f"{path}: was built by another model (`{of.model}`, with another {different[0]}); give that model, or build a new index"
        )


def digests(path: pathlib.Path) -> dict[str, str]:
    """SHA-256 of an index's files, as recorded when they were written."""
    return _manifest(path)["files"]


def check(path: pathlib.Path) -> None:
    """Raises InputError naming a file of an index that is missing or damaged."""
    for name, wanted in digests(path).items():
        check_file(path / name, wanted, AGAIN)


def read(path: pathlib.Path) -> Contents:
    """The contents of an index, with memory-mapped vectors; call `check` first."""
    entries = [Entry(Found(*row[:3]), row[3]) for row in _rows(path / PICTURES, "sha256")]
    refusals = [Refusal(Found(*row[:3]), row[3]) for row in _rows(path / REFUSED, "reason")]
    return Contents(vectors(path), entries, refusals)


def vectors(path: pathlib.Path) -> Float[np.ndarray, "n p"]:
    """The memory-mapped embeddings of an index; call `check` first."""
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
