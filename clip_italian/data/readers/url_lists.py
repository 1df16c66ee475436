"""Lists of addresses with captions, as img2dataset takes them: parquet, or a CSV or TSV with a header."""

import pathlib
from collections.abc import Iterator
from typing import Any

from clip_italian.data.readers import tables
from clip_italian.data.readers.lines import damaged, missing
from clip_italian.data.readers.rows import Rejected, Row, fetched, parsed, string
from clip_italian.errors import InputError

SUFFIXES = (".parquet", ".csv", ".tsv")
BATCH = 4096  # rows of a parquet file in memory at a time


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """The rows of all lists of the folder in the order of their names; columns `url` and `caption`, or the like."""
    found = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES)
    if not found:
        raise missing(folder / "*.parquet")
    for path in found:

        def parse(number: int, entry: dict[str, Any], name: str = path.stem) -> Row:
            lowered = {key.lower(): value for key, value in entry.items()}
            address, caption = (tables.chosen(list(lowered), names) or names[0] for names in (tables.ADDRESS, tables.CAPTION))
            return fetched(f"url_list/{name}/{number:07d}", string(lowered, address), string(lowered, caption))

        yield from parsed(_entries(path, rejected), parse, rejected)


def _entries(path: pathlib.Path, rejected: Rejected) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix == ".parquet":
        yield from enumerate(parquet(path), start=1)
        return
    form = tables.header(path, tables.ADDRESS, tables.CAPTION)
    if form is None:
        raise InputError(f"{path}: no columns of addresses and captions; name them `url` and `caption` in the first line")
    yield from tables.records(path, form, rejected)


def parquet(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file, a batch in memory at a time; raises InputError when it is missing or damaged."""
    # Here: it takes a moment, and the study's own sources need none of it.
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
    except FileNotFoundError:
        raise missing(path) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise damaged(path, " ".join(str(error).split())) from None
