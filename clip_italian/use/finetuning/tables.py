"""The CSV files of the user's data: pairs of images and texts, queries, and the images that are searched.

The first line of each file names its columns, in any order; other columns are ignored. Paths of images are relative to the file's
folder.
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
    """An image and one text about it."""

    line: int
    image: pathlib.Path
    text: str


class TestSet(NamedTuple):
    """A retrieval test set: the queries, the images that are searched, and which images are relevant to each query."""

    queries: list[str]
    images: list[pathlib.Path]
    relevant: list[frozenset[int]]  # for each query, indices in `images`


def read(path: pathlib.Path, wanted: tuple[str, ...]) -> list[Row]:
    """The `wanted` columns of a file; raises InputError naming the file and the wrong line or missing column."""
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
    """The pairs of a file with the columns `image` and `text`; an image with several texts has several lines."""
    found = [Pair(row.line, path.parent / row.cells["image"], row.cells["text"]) for row in read(path, ("image", "text"))]
    if not found:
        raise InputError(f"{path}: has no pairs; write one line for each pair")
    return found


def test_set(queries: pathlib.Path, index: pathlib.Path | None) -> TestSet:
    """The test set of a file of queries.

    Without `index`, `queries` has the columns `text` and `image`; each distinct text is a query, and its images are relevant.
    With `index`, `queries` has the columns `text` and `label`, and `index` has `image` and `label`; the images with one of the
    text's labels are relevant. Raises InputError for a query without a relevant image.
    """
    labels_of = _grouped(read(queries, ("text", "label" if index else "image")), "text")
    gallery = (
        _grouped(read(index, ("image", "label")), "image")
        if index
        else {name: [name] for name in dict.fromkeys(name for some in labels_of.values() for name in some)}
    )
    indices: dict[str, set[int]] = {}
    for index_of_image, labels in enumerate(gallery.values()):
        for label in labels:
            indices.setdefault(label, set()).add(index_of_image)
    relevant = [frozenset[int]().union(*(indices.get(label, ()) for label in labels)) for labels in labels_of.values()]
    if not labels_of:
        raise InputError(f"{queries}: has no queries; write one line for each query")
    for text, right in zip(labels_of, relevant, strict=True):
        if not right:
            raise InputError(f"{queries}: no image of {index} has the label of `{text}`; correct the label or delete the line")
    return TestSet(list(labels_of), [(index or queries).parent / name for name in gallery], relevant)


def _grouped(rows: list[Row], by: str) -> dict[str, list[str]]:
    """Groups rows of two columns: for each value of the column `by`, the values of the other column."""
    found: dict[str, list[str]] = {}
    for row in rows:
        (other,) = (value for name, value in row.cells.items() if name != by)
        found.setdefault(row.cells[by], []).append(other)
    return found
