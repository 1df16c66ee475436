"""The images wanted from the web, and the answers to the requests."""

import dataclasses
import enum
import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any


# The reasons why an address gave no image: a fixed vocabulary, so that missing images can be counted by reason.
class Reason(enum.StrEnum):
    """One cause each; the value is what reports show."""

    GONE = "gone"  # 404, 410
    FORBIDDEN = "forbidden"  # 401, 402, 403, 451
    REFUSED = "request refused"  # any other 4xx
    BUSY = "too many requests"  # 429, after all tries
    PAUSED = "host asked for a longer pause"  # than is waited for, by Retry-After
    SERVER = "server error"  # 5xx, after all tries
    ODD = "unexpected answer"  # no status that gives an image, or no HTTP
    ROBOTS = "refused by robots.txt"
    ROBOTS_UNREACHABLE = "robots.txt unreachable"  # RFC 9309, 2.3.1.4: nothing may be asked for then
    OPTED_OUT = "opted out"  # X-Robots-Tag or TDM-Reservation
    ADDRESS = "address not allowed"
    DOWNGRADE = "redirected from https to http"
    REDIRECTS = "too many redirects"
    ENCODED = "encoded answer"  # gzip and the like, although identity was asked for
    LARGE = "too large"
    SLOW = "too slow"
    SHORT = "short answer"
    LOST = "connection lost"
    UNREACHABLE = "no connection"
    UNKNOWN_HOST = "unknown host"
    TLS = "no valid TLS"


# Failures that may pass in a moment: the address is tried again at once. All others are final.
PASSING = frozenset({Reason.BUSY, Reason.SERVER, Reason.SHORT, Reason.LOST})
# Failures that may pass on another day.
TEMPORARY = PASSING | {Reason.PAUSED, Reason.SLOW, Reason.UNREACHABLE, Reason.UNKNOWN_HOST, Reason.TLS, Reason.ROBOTS_UNREACHABLE}


class Missing(Exception):
    """Nothing came from an address."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class ImageRequest:
    """An image of the web, and the name that it gets in the archive."""

    address: str
    name: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """The result of fetching an address: an image's size and hash, or the reason why there is none."""

    address: str
    name: str
    size: int = 0  # bytes
    sha256: str = ""
    reason: Reason | None = None

    @property
    def wanted(self) -> ImageRequest:
        return ImageRequest(self.address, self.name)

    def holds(self, content: bytes) -> bool:
        """Whether these are the image's bytes, unchanged."""
        return self.reason is not None or hashlib.sha256(content).hexdigest() == self.sha256

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        about = {"bytes": self.size, "sha256": self.sha256} if self.reason is None else {"reason": self.reason.value}
        return {"address": self.address, "name": self.name, **about}


def answer_of(entry: dict[str, object]) -> Answer:
    """The answer that `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
    address, name = entry["address"], entry["name"]
    if not isinstance(address, str) or not isinstance(name, str):
        raise TypeError("an address and a name")
    if "reason" in entry:
        return Answer(address, name, reason=Reason(str(entry["reason"])))
    size, sha256 = entry["bytes"], entry["sha256"]
    if not isinstance(size, int) or not isinstance(sha256, str) or size < 0:
        raise TypeError("a size and a hash")
    return Answer(address, name, size, sha256)


def came(wanted: ImageRequest, content: bytes) -> Answer:
    """Returns the answer for an image that was fetched."""
    return Answer(wanted.address, wanted.name, len(content), hashlib.sha256(content).hexdigest())


# Counts of requested and fetched images, and of the reasons for missing ones.
@dataclasses.dataclass(frozen=True)
class Attrition:
    """The counts of one source."""

    asked: int  # different addresses
    repeated: int  # wanted again after that
    got: int
    bytes: int
    missing: dict[str, int]  # by reason (reasons.py)

    @property
    def share(self) -> float:
        """Share of the addresses that gave an image; 1 if none was requested."""
        return self.got / self.asked if self.asked else 1.0

    def as_dict(self) -> dict[str, Any]:
        """For reports, as JSON has it."""
        return dataclasses.asdict(self)


def count(answers: Iterable[Answer], repeated: int) -> Attrition:
    """The attrition that answers show."""
    got = size = 0
    missing: Counter[str] = Counter()
    for answer in answers:
        if answer.reason is None:
            got += 1
            size += answer.size
        else:
            missing[answer.reason.value] += 1
    return Attrition(got + missing.total(), repeated, got, size, dict(sorted(missing.items())))
