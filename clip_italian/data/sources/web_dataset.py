"""Reads web-dataset tars, which have an image, `.txt` and `.json` under one key, and img2dataset's tables of download statuses.

https://github.com/webdataset/webdataset, https://github.com/rom1504/img2dataset.
"""

import functools
import pathlib
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from clip_italian.data.archives import leads_outside
from clip_italian.data.images.images import ImageRejected
from clip_italian.data.sources import tables
from clip_italian.data.sources.captioned import CaptionedImage
from clip_italian.data.sources.rows import MARK, Rejected, Unusable, decoded, json_object, string
from clip_italian.errors import InputError

EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif")  # of the formats that `images.decode` accepts
BATCH = 4096  # rows of a parquet file in memory at a time
DOWNLOADED = "success"  # img2dataset's status of a downloaded image
Sample = dict[str, bytes | None]  # bytes by lower-case extension; None if there are too many


def samples(path: pathlib.Path, longest: int) -> Iterator[tuple[str, Sample]]:
    """Yields (key, parts) of every sample in order. A sample is a run of members whose names agree up to the first dot.

    Members of more than `longest` bytes are not read. One sample is in memory at a time. Raises InputError for a tar that is
    missing or damaged, and for a member that is a link, a device or a sparse file, or whose name leads elsewhere or occurs twice.
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
    """Yields all members except folders, in one pass, because every seek in a compressed tar would read the file again."""
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


def captioned_images(paths: Iterable[pathlib.Path], longest: int, rejected: Rejected) -> Iterator[CaptionedImage]:
    """Yields the samples of the tars. The caption is the whole `.txt`, or else `caption` of the `.json`."""
    for path in paths:
        for key, parts in samples(path, longest):
            try:
                suffix = next(extension for extension in EXTENSIONS if extension in parts)
                yield CaptionedImage(
                    f"{path.name}/{key}.{suffix}", (caption_of(parts),), 1, functools.partial(_content, parts[suffix])
                )
            except StopIteration:
                rejected["missing file"] += 1
            except Unusable as reason:
                rejected[str(reason)] += 1


def _content(content: bytes | None) -> bytes:
    if content is None:
        raise ImageRejected("file too large")
    return content


def caption_of(parts: Sample) -> str:
    """Returns the caption of a sample; raises Unusable if it is missing or unreadable."""
    if (text := parts.get("txt")) is not None:
        return decoded(text.removeprefix(MARK))
    if (description := parts.get("json")) is None:
        raise Unusable("no caption")
    entry = json_object(description.removeprefix(MARK))
    return string(entry, tables.chosen(list(entry), tables.CAPTION) or "caption")


def status_tables(folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns img2dataset's tables of download statuses, which are beside each tar or folder of images."""
    return [path for path in sorted(folder.glob("*.parquet")) if "status" in next(_rows(path), {})]


def count_not_downloaded(paths: Iterable[pathlib.Path], rejected: Rejected) -> None:
    """Adds to `rejected` the rows whose image img2dataset could not download."""
    for path in paths:
        rejected["not downloaded"] += sum(row["status"] != DOWNLOADED for row in _rows(path))


def _rows(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Yields the rows of a parquet file, a batch in memory at a time."""
    # Imported here: the import is slow, and most folders have no parquet file.
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError):
        raise InputError(f"{path}: not a whole parquet file; get it again, or leave it out") from None
