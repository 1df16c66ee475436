"""The CSV files of one's own data: pairs of pictures and texts, queries, and the pictures that are searched.

Each has a first line that names its columns, in any order; columns of other names are left aside. Paths of pictures count from
the file's own folder.
"""

import csv
import io
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from clip_italian.errors import InputError


class Row(NamedTuple):
    """A line of a file."""

    line: int
    cells: dict[str, str]


class Pair(NamedTuple):
    """A picture and what is said of it."""

    line: int
    image: pathlib.Path
    text: str


class TestSet(NamedTuple):
    """What is asked of a model: every query, the pictures that it is asked of, and which of them are right."""

    queries: list[str]
    pictures: list[pathlib.Path]
    relevant: list[frozenset[int]]  # of each query: places in `pictures`


def read(path: pathlib.Path, wanted: tuple[str, ...]) -> list[Row]:
    """The lines of a file that has the `wanted` columns; raises InputError naming the file, and the line or column at fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return list(_rows(path, text, wanted))


def _rows(path: pathlib.Path, text: str, wanted: tuple[str, ...]) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    lacking = [name for name in wanted if name not in (reader.fieldnames or [])]
    if lacking:
        found = ", ".join(reader.fieldnames or []) or "nothing"
        raise InputError(f"{path}: no column `{lacking[0]}`; its first line must name {', '.join(wanted)}, and names {found}")
    try:
        for row in reader:
            for name in wanted:
                if not (row[name] or "").strip():
                    raise InputError(f"{path}, line {reader.line_num}: `{name}` is empty; fill it in or delete the line")
            yield Row(reader.line_num, {name: row[name].strip() for name in wanted})
    except csv.Error as error:
        raise InputError(f"{path}, after line {reader.line_num}: not CSV ({error}); correct what follows") from None


def pairs(path: pathlib.Path) -> list[Pair]:
    """A file with the columns `image` and `text`, a line for every text of a picture."""
    found = [Pair(row.line, path.parent / row.cells["image"], row.cells["text"]) for row in read(path, ("image", "text"))]
    if not found:
        raise InputError(f"{path}: no pair in it; write a line for each")
    return found


def test_set(queries: pathlib.Path, index: pathlib.Path | None) -> TestSet:
    """What is to be found where.

    Without `index`, `queries` has the columns `text` and `image`: every text is asked once, and right are the pictures that it
    stands beside. With it, `queries` has `text` and `label`, and `index` has `image` and `label`: right are the pictures of a
    text's labels. Raises InputError for a query to which no picture is right.
    """
    asked = _grouped(read(queries, ("text", "label" if index else "image")), "text")
    shown = _grouped(read(index, ("image", "label")), "image") if index else {name: [name] for name in _values(asked)}
    places: dict[str, set[int]] = {}
    for place, labels in enumerate(shown.values()):
        for label in labels:
            places.setdefault(label, set()).add(place)
    relevant = [frozenset[int]().union(*(places.get(label, ()) for label in labels)) for labels in asked.values()]
    if not asked:
        raise InputError(f"{queries}: no query in it; write a line for each")
    for text, right in zip(asked, relevant, strict=True):
        if not right:
            raise InputError(f"{queries}: no picture of {index} is right for `{text}`; correct its label or delete the line")
    return TestSet(list(asked), [(index or queries).parent / name for name in shown], relevant)


def _grouped(rows: list[Row], by: str) -> dict[str, list[str]]:
    """The other cell of all lines with the same cell `by`, in the order of the lines."""
    found: dict[str, list[str]] = {}
    for row in rows:
        (other,) = (value for name, value in row.cells.items() if name != by)
        found.setdefault(row.cells[by], []).append(other)
    return found


def _values(grouped: dict[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(value for some in grouped.values() for value in some))
