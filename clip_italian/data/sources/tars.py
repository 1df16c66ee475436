"""Pictures and captions in tars: web-datasets, img2dataset's among them, and what img2dataset says it did not get."""

import functools
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from clip_italian.data.images.images import ImageRejected
from clip_italian.data.sources import tables
from clip_italian.data.sources.lines import MARK
from clip_italian.data.sources.offers import Offer
from clip_italian.data.sources.rows import Rejected, Unusable, decoded, json_object, string
from clip_italian.data.sources.web_dataset import Sample, samples
from clip_italian.errors import InputError

PICTURES = ("jpg", "jpeg", "png", "webp", "gif")  # extensions of what `images.decode` takes
BATCH = 4096  # rows of a parquet file in memory at a time
GOT = "success"  # img2dataset's status of a picture that it has


def offers(paths: Iterable[pathlib.Path], longest: int, rejected: Rejected) -> Iterator[Offer]:
    """Every sample of the tars, one in memory at a time; the whole `.txt` is its caption, or `caption` of its `.json`."""
    for path in paths:
        for key, parts in samples(path, longest):
            try:
                picture = next(extension for extension in PICTURES if extension in parts)
                yield Offer(f"{path.name}/{key}.{picture}", (caption_of(parts),), 1, functools.partial(_content, parts[picture]))
            except StopIteration:
                rejected["missing file"] += 1
            except Unusable as reason:
                rejected[str(reason)] += 1


def _content(content: bytes | None) -> bytes:
    if content is None:
        raise ImageRejected("file too large")
    return content


def caption_of(parts: Sample) -> str:
    """The caption of a sample; raises Unusable when it has none, or an unreadable one."""
    if (text := parts.get("txt")) is not None:
        return decoded(text.removeprefix(MARK))
    if (described := parts.get("json")) is None:
        raise Unusable("no caption")
    entry = json_object(described.removeprefix(MARK))
    return string(entry, tables.chosen(list(entry), tables.CAPTION) or "caption")


def accounts(folder: pathlib.Path) -> list[pathlib.Path]:
    """img2dataset's tables of what it asked for, one beside each tar or folder of pictures."""
    return [path for path in sorted(folder.glob("*.parquet")) if "status" in next(_rows(path), {})]


def not_downloaded(accounts: Iterable[pathlib.Path], rejected: Rejected) -> None:
    """Counts the rows of which img2dataset has no picture."""
    for path in accounts:
        rejected["not downloaded"] += sum(row["status"] != GOT for row in _rows(path))


def _rows(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file, a batch in memory at a time."""
    # Here: it takes a moment, and most folders have none.
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError):
        raise InputError(f"{path}: not a whole parquet file; get it again, or leave it out") from None
