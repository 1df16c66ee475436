"""Requests for images on the web, and the answers to them."""

import dataclasses
import enum
import hashlib
from collections import Counter
from collections.abc import Iterable


class Reason(enum.StrEnum):
    """The reasons why an address gave no image, a fixed vocabulary for counting; the values are shown in reports."""

    GONE = "gone"  # 404, 410
    FORBIDDEN = "forbidden"  # 401, 402, 403, 451
    REFUSED = "request refused"  # any other 4xx
    BUSY = "too many requests"  # 429, after all tries
    PAUSED = "host asked for a longer pause"  # Retry-After above `max_retry_after`
    SERVER = "server error"  # 5xx, after all tries
    ODD = "unexpected answer"  # another status, or no HTTP
    ROBOTS = "refused by robots.txt"
    ROBOTS_UNREACHABLE = "robots.txt unreachable"  # RFC 9309, 2.3.1.4: then nothing may be requested
    OPTED_OUT = "opted out"  # X-Robots-Tag or TDM-Reservation
    ADDRESS = "address not allowed"
    DOWNGRADE = "redirected from https to http"
    REDIRECTS = "too many redirects"
    ENCODED = "encoded answer"  # gzip or the like, although the request was for identity
    LARGE = "too large"
    SLOW = "too slow"
    SHORT = "short answer"
    LOST = "connection lost"
    UNREACHABLE = "no connection"
    UNKNOWN_HOST = "unknown host"
    TLS = "no valid TLS"


# Failures after which an address is tried again in the same run.
PASSING = frozenset({Reason.BUSY, Reason.SERVER, Reason.SHORT, Reason.LOST})
# Failures after which the next run tries an address again.
TEMPORARY = PASSING | {Reason.PAUSED, Reason.SLOW, Reason.UNREACHABLE, Reason.UNKNOWN_HOST, Reason.TLS, Reason.ROBOTS_UNREACHABLE}


class Missing(Exception):
    """Raised when an address gives no content; `reason` is why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class ImageRequest:
    """The address of an image, and its name in the archive."""

    address: str
    name: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to a request: the image's size and hash, or the reason why there is none."""

    request: ImageRequest
    size: int = 0  # bytes
    sha256: str = ""
    reason: Reason | None = None

    def holds(self, content: bytes) -> bool:
        """Whether `content` is the image, unchanged; true without an image."""
        return self.reason is not None or hashlib.sha256(content).hexdigest() == self.sha256

    def as_dict(self) -> dict[str, object]:
        """The answer as a JSON object."""
        about = {"bytes": self.size, "sha256": self.sha256} if self.reason is None else {"reason": self.reason.value}
        return {**dataclasses.asdict(self.request), **about}


def answer_of(entry: dict[str, object]) -> Answer:
    """The answer that `as_dict` wrote; raises KeyError, TypeError or ValueError for other content."""
    address, name = entry["address"], entry["name"]
    if not isinstance(address, str) or not isinstance(name, str):
        raise TypeError("an address and a name")
    if "reason" in entry:
        return Answer(ImageRequest(address, name), reason=Reason(str(entry["reason"])))
    size, sha256 = entry["bytes"], entry["sha256"]
    if not isinstance(size, int) or not isinstance(sha256, str) or size < 0:
        raise TypeError("a size and a hash")
    return Answer(ImageRequest(address, name), size, sha256)


def fetched(request: ImageRequest, content: bytes) -> Answer:
    """Returns the answer for an image that was fetched."""
    return Answer(request, len(content), hashlib.sha256(content).hexdigest())


@dataclasses.dataclass(frozen=True)
class Attrition:
    """Counts of a source's requested and fetched images."""

    asked: int  # distinct addresses
    repeated: int  # further requests of the same addresses
    got: int
    bytes: int
    missing: dict[str, int]  # by reason

    @property
    def share(self) -> float:
        """Share of the addresses that gave an image; 1 if none was requested."""
        return self.got / self.asked if self.asked else 1.0


def count(answers: Iterable[Answer], repeated: int) -> Attrition:
    """The counts of some answers."""
    got = size = 0
    missing: Counter[str] = Counter()
    for answer in answers:
        if answer.reason is None:
            got += 1
            size += answer.size
        else:
            missing[answer.reason.value] += 1
    return Attrition(got + missing.total(), repeated, got, size, dict(sorted(missing.items())))
