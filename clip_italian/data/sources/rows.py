"""Reads lines of publishers' files, parses them to rows, and counts unusable rows by reason.

An unusable row is not an error. A file that cannot be read to its end raises InputError.
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
# The largest row in bytes. Fields of WIT are not longer than a page of Wikipedia, which MediaWiki limits to 2 MiB
# ($wgMaxArticleSize), and a row has two such fields. So a file without line ends, or an unclosed quote, takes no more memory.
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
    """Returns the next line with its line end, truncated if it is too long; empty at the end of the file."""
    if longest is None:
        return file.readline()
    limit = longest + len(MARK) + len(b"\r\n")
    line = rest = file.readline(limit)
    while len(rest) == limit and not rest.endswith(b"\n"):
        rest = file.readline(limit)
    return line


def missing(path: pathlib.Path) -> InputError:
    """Returns the error for a missing raw file, or for a pattern that matches none."""
    return InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it")


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """Returns the error for a raw file that cannot be read to its end."""
    return InputError(f"{path}: damaged ({problem}); delete it and run `dvc repro`")


def parts(folder: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """Returns the files that match a pattern, gzipped or not, sorted by name.

    Raises InputError if there is none, and if a file exists in both forms, since its rows would be read twice.
    """
    found = sorted({*folder.glob(pattern), *folder.glob(f"{pattern}.gz")})
    if not found:
        raise missing(folder / f"{pattern}.gz")
    if twice := [path for path in found if path.with_name(f"{path.name}.gz") in found]:
        raise InputError(f"{twice[0]}: exists also as {twice[0].name}.gz; delete one of the two")
    return found


CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True)
class Row:
    """An image and its captions in the publisher's wording. `image` is its member in the archive."""

    id: str  # unique in the study
    image: str
    captions: tuple[str, ...]
    address: str | None = None  # of the image on the web; None if the publisher has archives of images


class Unusable(Exception):
    """Raised for an unusable row; the message is the reason."""


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
