"""Readers of the four sources, each in its publisher's format.

Rows are cut at the byte b"\\n" and nowhere else, decoded strictly, and every row that is not taken is counted with its
reason: what the web holds is never an error of the study. A file that cannot be read to its end is: InputError.
"""

import csv
import dataclasses
import gzip
import hashlib
import io
import itertools
import json
import pathlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clip_italian.errors import InputError

# https://github.com/google-research-datasets/wit/blob/main/DATA.md
WIT_COLUMNS = (
    "language", "page_url", "image_url", "page_title", "section_title", "hierarchical_section_title",
    "caption_reference_description", "caption_attribution_description", "caption_alt_text_description", "mime_type",
    "original_height", "original_width", "is_main_image", "attribution_passes_lang_id", "page_changed_recently",
    "context_page_description", "context_section_description",
)  # fmt: skip
# A language code, then the address of a page: how a row begins, and no line inside a quoted field does.
WIT_ROW = re.compile(rb"[a-z]{2,3}(-[a-zA-Z-]+)?\thttps?://")


@dataclasses.dataclass(frozen=True)
class Row:
    """What a publisher says: a picture and its captions, as they are written. `image` is the member of the archive."""

    id: str  # unique in the study
    image: str
    captions: tuple[str, ...]


class Unusable(Exception):
    """A row that cannot be a Row; the message is the reason."""


Rejected = Counter[str]
Reader = Callable[[pathlib.Path, str, Rejected], Iterator[Row]]


def member_of(url: str) -> str:
    """The name under which a picture fetched from `url` is kept in an archive."""
    return hashlib.sha1(url.encode()).hexdigest()


def lines(path: pathlib.Path) -> Iterator[bytes]:
    """The lines of a file, gzipped or not, without line ends and byte-order mark; blank ones too.

    Raises InputError when the file is missing or its compressed data are damaged.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            for number, line in enumerate(file):
                line = line.removesuffix(b"\n").removesuffix(b"\r")
                yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """The error of a raw file that cannot be read to its end."""
    return InputError(f"{path}: damaged ({problem}); delete it and run `dvc repro`")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Unusable("not UTF-8") from None


def _rows(numbered: Iterable[tuple[int, Any]], parse: Callable[[int, Any], Row], rejected: Rejected) -> Iterator[Row]:
    """`parse` of every (number, content); the rows it cannot use are counted."""
    for number, content in numbered:
        try:
            yield parse(number, content)
        except Unusable as reason:
            rejected[str(reason)] += 1


def conceptual_captions(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Tab-separated lines without a header: caption, address of the picture."""

    def parse(number: int, line: bytes) -> Row:
        columns = _decoded(line).split("\t")
        if len(columns) != 2:
            raise Unusable("wrong number of columns")
        return Row(f"conceptual_captions/{number:07d}", member_of(columns[1]), (columns[0],))

    yield from _rows(enumerate(lines(folder / "Train_GCC-training.tsv"), start=1), parse, rejected)


def il_post(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """JSON lines with `image_url` and `caption`."""

    def parse(number: int, line: bytes) -> Row:
        try:
            entry = json.loads(_decoded(line))
            return Row(f"il_post/{number:07d}", member_of(_string(entry, "image_url")), (_string(entry, "caption"),))
        except ValueError:
            raise Unusable("not JSON") from None

    yield from _rows(enumerate(lines(folder / "il_post.jsonl"), start=1), parse, rejected)


def _string(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str):
        raise Unusable(f"no {key}")
    return value


def wit(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Tab-separated rows of 17 columns, quoted where they hold newlines; the reference descriptions of one language."""

    def parse(number: int, record: bytes) -> Row:
        columns = _wit_columns(record)
        if columns["language"] != language:
            raise Unusable("another language")
        if not columns["caption_reference_description"]:
            raise Unusable("no reference description")
        return Row(f"wit/{number:07d}", member_of(columns["image_url"]), (columns["caption_reference_description"],))

    records = itertools.chain.from_iterable(map(wit_records, _parts(folder, "wit_v1.train.all-*.tsv.gz")))
    yield from _rows(enumerate(records, start=1), parse, rejected)


def _parts(folder: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise InputError(f"{folder}/{pattern}: missing; run `dvc repro` (or `dvc checkout`) to make it")
    return found


def wit_records(path: pathlib.Path) -> Iterator[bytes]:
    """The rows of a WIT file, each with the newlines that its quoted fields hold; raises InputError without a header.

    A row goes on over a line end while a quote is open, but never into a line that begins a new row, so a quote that
    is never closed costs one row and not the rest of the file.
    """
    source = lines(path)
    if next(source, b"").split(b"\t") != [name.encode() for name in WIT_COLUMNS]:
        raise damaged(path, "the first line is not WIT's header")
    record: bytes | None = None
    for line in source:
        if record is not None and record.count(b'"') % 2 and not WIT_ROW.match(line):
            record += b"\n" + line
            continue
        if record is not None:
            yield record
        record = line
    if record is not None:
        yield record


def _wit_columns(record: bytes) -> dict[str, str]:
    if record.count(b'"') % 2:
        raise Unusable("quote never closed")
    try:
        rows = list(csv.reader(io.StringIO(_decoded(record), newline=""), delimiter="\t", strict=True))
    except csv.Error:
        raise Unusable("broken quoting") from None
    if len(rows) != 1 or len(rows[0]) != len(WIT_COLUMNS):
        raise Unusable("wrong number of columns")
    return dict(zip(WIT_COLUMNS, rows[0], strict=True))


def mscoco_it(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """MSCOCO-IT's JSON files: pictures and captions apart, joined by ids that may be numbers or strings of digits."""
    for path in _parts(folder, "captions_ita_*.json.gz"):
        yield from _rows(enumerate(_coco_entries(path)), _coco_row, rejected)


def _coco_entries(path: pathlib.Path) -> list[tuple[int, str, tuple[str, ...]]]:
    """(id, file name, captions) of every picture, in the order of the file; raises InputError for another structure."""
    try:
        content = json.loads(b"\n".join(lines(path)))
        captions: dict[int, list[str]] = {int(image["id"]): [] for image in content["images"]}
        for annotation in content["annotations"]:
            captions[int(annotation["image_id"])].append(annotation["caption"])
        return [
            (int(image["id"]), image["file_name"], tuple(captions[int(image["id"])])) for image in content["images"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"not MSCOCO-IT's structure: {type(error).__name__} {error}") from None


def _coco_row(number: int, entry: tuple[int, str, tuple[str, ...]]) -> Row:
    identity, file_name, captions = entry
    if not captions:
        raise Unusable("no caption")
    return Row(f"mscoco_it/{identity:012d}", file_name, captions)


READERS: dict[str, Reader] = {
    "wit": wit,
    "mscoco_it": mscoco_it,
    "conceptual_captions": conceptual_captions,
    "il_post": il_post,
}
