"""Tables with a header, separated by commas, semicolons or tabs, quoted as RFC 4180 says, whoever wrote them."""

import csv
import io
import pathlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clip_italian.data.sources.rows import Rejected, Unusable, decoded, lines

# The names of columns and keys, the surest first: CLIP-Italian's, open_clip's, Hugging Face's image folders', img2dataset's.
IMAGE = ("image_path", "filepath", "file_name", "filename", "image", "file")
CAPTION = ("captions", "caption", "text", "txt", "title")

LONGEST = 64 << 10  # bytes of a row: a quote that is never closed is looked for no further
DELIMITERS = (",", ";", "\t")  # semicolons are what spreadsheets write where the comma is the decimal mark
BROKEN = ("quote never closed", "broken quoting", "wrong number of columns")  # reasons after which the next line is looked at


class Header(NamedTuple):
    """How a table is read."""

    delimiter: str
    columns: list[str]


def chosen(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the names that is a column."""
    return next((name for name in names if name in columns), None)


def header(path: pathlib.Path, *wanted: Sequence[str]) -> Header | None:
    """The header that has one of each of the wanted names, whatever separates them; None where there is no such header."""
    line = next(lines(path, LONGEST), b"").decode(errors="replace")
    for delimiter in DELIMITERS:
        columns = [column.strip().lower() for column in next(csv.reader([line], delimiter=delimiter), [])]
        if all(chosen(columns, names) for names in wanted):
            return Header(delimiter, columns)
    return None


def records(path: pathlib.Path, form: Header, rejected: Rejected) -> Iterator[tuple[int, dict[str, str]]]:
    """(number, text by column) of every row after the header; the rows that are none are counted, and have a number too.

    A quoted field may hold line ends. A row whose quoting is broken is one line, and reading goes on at the next.
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
    """The lines of the next row: on while a quote is open, as far as a row may reach; none at the end of the file."""
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
