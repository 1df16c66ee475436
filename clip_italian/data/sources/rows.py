"""Rows of publishers' files: reading lines, parsing rows, and counting unusable rows by reason.

An unusable row is counted and is no error. A file that cannot be read to its end is an InputError.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import pathlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clip_italian.errors import InputError

MARK = b"\xef\xbb\xbf"  # byte-order mark
# Bytes of a row. Nothing of WIT is longer than a page of Wikipedia, which MediaWiki keeps below 2 MiB ($wgMaxArticleSize); a row
# has two fields of that kind. A file without a line end, or a quote that is never closed, costs this much memory and no more.
LONGEST = 4 << 20


def lines(path: pathlib.Path, longest: int | None = None) -> Iterator[bytes]:
    """Yields the lines of a file, gzipped or not, without line ends and byte-order mark; blank lines too.

    Lines end at b"\\n" alone. A line of more than `longest` bytes is cut, but stays longer than `longest`.
    Raises InputError when the file is missing or its compressed data are damaged.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            first = True
            while line := _line(file, longest):
                line = line.removesuffix(b"\n").removesuffix(b"\r")
                yield line.removeprefix(MARK) if first else line
                first = False
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None


def _line(file: io.BufferedIOBase, longest: int | None) -> bytes:
    """Returns the next line with its line end, empty at the end of the file; the beginning of a line that is too long."""
    if longest is None:
        return file.readline()
    limit = longest + len(MARK) + len(b"\r\n")
    line = rest = file.readline(limit)
    while len(rest) == limit and not rest.endswith(b"\n"):
        rest = file.readline(limit)
    return line


def missing(path: pathlib.Path) -> InputError:
    """Returns the error of a missing raw file, or of a pattern that no raw file has."""
    return InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it")


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """Returns the error of a raw file that cannot be read to its end."""
    return InputError(f"{path}: damaged ({problem}); delete it and run `dvc repro`")


def parts(folder: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """Returns the files of a pattern, gzipped or not, in the order of their names.

    Raises InputError when there is none, and when a file is there both ways, which would count its rows twice.
    """
    found = sorted({*folder.glob(pattern), *folder.glob(f"{pattern}.gz")})
    if not found:
        raise missing(folder / f"{pattern}.gz")
    if twice := [path for path in found if path.with_name(f"{path.name}.gz") in found]:
        raise InputError(f"{twice[0]}: is also there as {twice[0].name}.gz; delete one of the two")
    return found


CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True)
class Row:
    """An image and its captions as the publisher wrote them. `image` is the member of the archive."""

    id: str  # unique in the study
    image: str
    captions: tuple[str, ...]
    address: str | None = None  # that the image is fetched from; None where images come in archives


class Unusable(Exception):
    """A row that cannot be a Row; the message is the reason."""


Rejected = Counter[str]
Reader = Callable[[pathlib.Path, str, Rejected], Iterator[Row]]  # of folder, language, counts of unusable rows by reason


def member_of(url: str) -> str:
    """Returns the archive member of an image fetched from `url`: the SHA-1 of the address."""
    return hashlib.sha1(url.encode()).hexdigest()


def fetched(identity: str, address: str, caption: str) -> Row:
    """Returns the row of an image on the web; raises Unusable when its address has control characters."""
    if CONTROLS.search(address):
        raise Unusable("control characters in the address")
    return Row(identity, member_of(address), (caption,), address)


def parsed(numbered: Iterable[tuple[int, Any]], parse: Callable[[int, Any], Row], rejected: Rejected) -> Iterator[Row]:
    """Yields `parse(number, content)` of each row; unusable rows are counted."""
    for number, content in numbered:
        try:
            yield parse(number, content)
        except Unusable as reason:
            rejected[str(reason)] += 1


def decoded(line: bytes) -> str:
    """Returns the text of a row; raises Unusable when it is too long or not UTF-8."""
    if len(line) > LONGEST:
        raise Unusable("row too long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Unusable("not UTF-8") from None


def json_object(line: bytes) -> dict[str, Any]:
    """Returns a row of JSON, empty when it is not an object; raises Unusable when it is not JSON."""
    try:
        entry = json.loads(decoded(line))
    except (ValueError, RecursionError):
        raise Unusable("not JSON") from None
    return entry if isinstance(entry, dict) else {}


def string(entry: dict[str, Any], key: str) -> str:
    """Returns the string under a key; raises Unusable when there is none, or when it has a lone surrogate."""
    value = entry.get(key)
    if not isinstance(value, str):
        raise Unusable(f"no {key}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unusable("not UTF-8") from None
    return value
