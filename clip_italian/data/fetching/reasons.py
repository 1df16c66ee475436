"""Why an address gave no picture: the fixed vocabulary in which what is missing is counted."""

import enum


class Reason(enum.StrEnum):
    """One cause each; the value is what reports show."""

    GONE = "gone"  # 404, 410
    FORBIDDEN = "forbidden"  # 401, 402, 403, 451
    REFUSED = "request refused"  # any other 4xx
    BUSY = "too many requests"  # 429, after all tries
    PAUSED = "host asked for a longer pause"  # than is waited for, by Retry-After
    SERVER = "server error"  # 5xx, after all tries
    ODD = "unexpected answer"  # no status that gives a picture, or no HTTP
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


# What may go better a moment later, so that the address is tried again at once; the rest is an answer.
PASSING = frozenset({Reason.BUSY, Reason.SERVER, Reason.SHORT, Reason.LOST})
# What may go better another day.
TEMPORARY = PASSING | {Reason.PAUSED, Reason.SLOW, Reason.UNREACHABLE, Reason.UNKNOWN_HOST, Reason.TLS, Reason.ROBOTS_UNREACHABLE}


class Missing(Exception):
    """Nothing came from an address."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason
