"""Reads WIT, https://github.com/google-research-datasets/wit: tables of 17 columns, whose quoted fields may contain newlines."""

import csv
import io
import itertools
import pathlib
import re
from collections.abc import Iterator

from clip_italian.data.sources.rows import LONGEST, Rejected, Row, Unusable, damaged, decoded, fetched, lines, parsed, parts

# https://github.com/google-research-datasets/wit/blob/main/DATA.md
WIT_COLUMNS = (
    "language",
    "page_url",
    "image_url",
    "page_title",
    "section_title",
    "hierarchical_section_title",
    "caption_reference_description",
    "caption_attribution_description",
    "caption_alt_text_description",
    "mime_type",
    "original_height",
    "original_width",
    "is_main_image",
    "attribution_passes_lang_id",
    "page_changed_recently",
    "context_page_description",
    "context_section_description",
)
# The beginning of a row, a language code and the address of a page, which no line inside a quoted field has.
WIT_ROW = re.compile(rb"[a-z]{2,3}(-[a-zA-Z-]+)?\thttps?://")
ADDRESS, DESCRIPTION = WIT_COLUMNS.index("image_url"), WIT_COLUMNS.index("caption_reference_description")

csv.field_size_limit(LONGEST)  # instead of 128 KiB, since sections of pages are longer


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Yields the rows of one language with a reference description, from all parts in the order of their names."""
    start = language.encode() + b"\t"

    def parse(number: int, record: bytes) -> Row:
        if not record.startswith(start) and WIT_ROW.match(record):
            raise Unusable("another language")  # 99 % of rows; recognised without parsing the rest
        columns = _columns(record)
        if columns[0] != language:
            raise Unusable("another language")
        if not columns[DESCRIPTION]:
            raise Unusable("no reference description")
        return fetched(f"wit/{number:07d}", columns[ADDRESS], columns[DESCRIPTION])

    records = itertools.chain.from_iterable(map(wit_records, parts(folder, "wit_v1.train.all-*.tsv")))
    yield from parsed(enumerate(records, start=1), parse, rejected)


def wit_records(path: pathlib.Path) -> Iterator[bytes]:
    """Yields the rows of a WIT file, with the newlines of quoted fields; raises InputError without a header.

    A row continues over a line end while a quote is open, but not into a line that begins like a row, so that an unclosed quote
    spoils one row and not the rest of the file. A row of more than LONGEST bytes is truncated to LONGEST + 1 bytes.
    """
    source = lines(path, LONGEST)
    if next(source, b"").split(b"\t") != [name.encode() for name in WIT_COLUMNS]:
        raise damaged(path, "the first line is not WIT's header")
    record, quotes, size = list[bytes](), 0, -1  # size: bytes of the lines with the newlines between them
    for line in source:
        if record and not (quotes % 2 and not WIT_ROW.match(line)):
            yield b"\n".join(record)[: LONGEST + 1]
            record, quotes, size = [], 0, -1
        quotes += line.count(b'"')
        if size <= LONGEST:
            record.append(line)
            size += len(line) + 1
    if record:
        yield b"\n".join(record)[: LONGEST + 1]


def _columns(record: bytes) -> list[str]:
    text = decoded(record)
    columns = _unquoted(text) if '"' in text else text.split("\t")
    if len(columns) != len(WIT_COLUMNS):
        raise Unusable("wrong number of columns")
    return columns


def _unquoted(text: str) -> list[str]:
    if text.count('"') % 2:
        raise Unusable("quote never closed")
    try:
        (row,) = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    except csv.Error:
        raise Unusable("broken quoting") from None
    except ValueError:  # more rows than one
        raise Unusable("wrong number of columns") from None
    return row
