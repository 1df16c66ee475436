"""What the headers of an answer ask of us: not to use it, or to come back later."""

import datetime
import email.utils
import re
from collections.abc import Iterable

from multidict import CIMultiDictProxy

# https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag; noai and noimageai as img2dataset reads them
OPT_OUTS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})  # directives with a colon


def opted_out(headers: CIMultiDictProxy[str], product: str) -> bool:
    """Whether X-Robots-Tag (for all, or for `product` by name) or TDM-Reservation (W3C TDMRep) forbids to learn from the answer."""
    if headers.get("TDM-Reservation", "").strip() == "1":
        return True
    return not OPT_OUTS.isdisjoint(_directives(headers.getall("X-Robots-Tag", []), product))


def _directives(lines: Iterable[str], product: str) -> set[str]:
    """The directives that speak to `product`: those before any name, and those after its own or after `*`."""
    found = set()
    for line in lines:
        spoken_to = True
        for part in line.lower().split(","):
            name, colon, rest = (word.strip() for word in part.partition(":"))
            if colon and name not in VALUED:
                spoken_to, name = name in ("*", product.lower()), rest
            if spoken_to:
                found.add(name)
    return found


def retry_after(headers: CIMultiDictProxy[str], now: datetime.datetime) -> float | None:
    """Seconds until Retry-After (RFC 9110, 10.2.3: seconds or a date) is over; None where it is absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or datetime.UTC) - now).total_seconds())
