"""Reads tables with a header, separated by commas, semicolons or tabs and quoted by RFC 4180, with tolerance for broken rows."""

import csv
import io
import pathlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clip_italian.data.sources.rows import Rejected, Unusable, decoded, lines

# The names of columns and keys in order of preference: those of CLIP-Italian, open_clip, Hugging Face's image folders, img2dataset.
IMAGE = ("image_path", "filepath", "file_name", "filename", "image", "file")
CAPTION = ("captions", "caption", "text", "txt", "title")

LONGEST = 64 << 10  # bytes of a row, after which a quote counts as unclosed
DELIMITERS = (",", ";", "\t")  # spreadsheets write semicolons in locales with a decimal comma
BROKEN = (
    "quote never closed",
    "broken quoting",
    "wrong number of columns",
)  # after these reading continues at the next line


class Header(NamedTuple):
    """A table's delimiter and columns."""

    delimiter: str
    columns: list[str]


def chosen(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the names that is a column."""
    return next((name for name in names if name in columns), None)


def header(path: pathlib.Path, *required: Sequence[str]) -> Header | None:
    """The header, if it has one of the names of each of `required` with any of the delimiters; else None."""
    line = next(lines(path, LONGEST), b"").decode(errors="replace")
    for delimiter in DELIMITERS:
        columns = [column.strip().lower() for column in next(csv.reader([line], delimiter=delimiter), [])]
        if all(chosen(columns, names) for names in required):
            return Header(delimiter, columns)
    return None


def records(path: pathlib.Path, form: Header, rejected: Rejected) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields (number, text by column) of every row after the header; unusable rows are numbered and counted.

    A quoted field may contain line ends. A row with broken quoting is one line, and reading continues at the next.
    """
    source, waiting = lines(path, LONGEST), deque[bytes]()
    next(source, None)
    number = 0
    while taken := _taken(source, waiting, form.delimiter):
        number += 1
        try:
            yield number, dict(zip(reversed(form.columns), reversed(_columns(taken, form)), strict=True))
        except Unusable as reason:
            rejected[str(reason)] += 1
            if str(reason) in BROKEN:
                waiting.extendleft(reversed(taken[1:]))


def _taken(source: Iterator[bytes], waiting: deque[bytes], delimiter: str) -> list[bytes]:
    """The lines of the next row, which continues while a quote is open, up to LONGEST bytes; none at the end of the file."""
    taken, size = list[bytes](), 0
    while size <= LONGEST:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            break
        taken.append(line)
        size += len(line) + 1
        # Only a quote can close what a quote has opened.
        if (len(taken) == 1 or b'"' in line) and not _is_open(taken, delimiter):
            break
    return taken


def _is_open(taken: list[bytes], delimiter: str) -> bool:
    text = b"\n".join(taken).decode(errors="replace")
    try:
        if '"' in text:
            _unquoted(text, delimiter)
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _columns(taken: list[bytes], form: Header) -> list[str]:
    if _is_open(taken, form.delimiter):
        raise Unusable("quote never closed")
    content = b"\n".join(taken)
    if len(content) > LONGEST:
        raise Unusable("row too long")
    text = decoded(content)
    try:
        row = _unquoted(text, form.delimiter) if '"' in text else text.split(form.delimiter)
    except csv.Error:
        raise Unusable("broken quoting" if len(taken) == 1 else "quote never closed") from None
    if len(row) != len(form.columns):
        raise Unusable("wrong number of columns")
    return row


def _unquoted(text: str, delimiter: str) -> list[str]:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    return rows[0] if len(rows) == 1 else []
