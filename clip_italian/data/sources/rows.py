"""What every reader gives: rows, and the count of those that are none, by reason.

What the web holds is never an error of the study. A file that cannot be read to its end is: InputError.
"""

import dataclasses
import hashlib
import json
import pathlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clip_italian.data.sources.lines import LONGEST

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True)
class Row:
    """What a publisher says: a picture and its captions, as they are written. `image` is the member of the archive."""

    id: str  # unique in the study
    image: str
    captions: tuple[str, ...]
    address: str | None = None  # from which the picture is fetched; None where pictures come in archives


class Unusable(Exception):
    """A row that cannot be a Row; the message is the reason."""


Rejected = Counter[str]
Reader = Callable[[pathlib.Path, str, Rejected], Iterator[Row]]  # folder, language, what is rejected


def member_of(url: str) -> str:
    """The name under which a picture fetched from `url` is kept in an archive."""
    return hashlib.sha1(url.encode()).hexdigest()


def fetched(identity: str, address: str, caption: str) -> Row:
    """The row of a picture that lies at an address; raises Unusable when that holds what no address does."""
    if CONTROLS.search(address):
        raise Unusable("control characters in the address")
    return Row(identity, member_of(address), (caption,), address)


def parsed(numbered: Iterable[tuple[int, Any]], parse: Callable[[int, Any], Row], rejected: Rejected) -> Iterator[Row]:
    """`parse` of every (number, content); the rows it cannot use are counted."""
    for number, content in numbered:
        try:
            yield parse(number, content)
        except Unusable as reason:
            rejected[str(reason)] += 1


def decoded(line: bytes) -> str:
    """The text of a row; raises Unusable when it is too long or not UTF-8."""
    if len(line) > LONGEST:
        raise Unusable("row too long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Unusable("not UTF-8") from None


def json_object(line: bytes) -> dict[str, Any]:
    """A row of JSON; what is no object has no key. Raises Unusable."""
    try:
        entry = json.loads(decoded(line))
    except (ValueError, RecursionError):
        raise Unusable("not JSON") from None
    return entry if isinstance(entry, dict) else {}


def string(entry: dict[str, Any], key: str) -> str:
    """The text of a key; raises Unusable when there is none, or one that is half a character (JSON's lone surrogates)."""
    value = entry.get(key)
    if not isinstance(value, str):
        raise Unusable(f"no {key}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unusable("not UTF-8") from None
    return value
