"""robots.txt as RFC 9309 reads it: the longest rule wins, `*` and `$` are patterns, groups of one name are one.

Python's own urllib.robotparser knows neither patterns nor the longest rule.
"""

import asyncio
import dataclasses
import pathlib
import re
import sqlite3
import time
import urllib.parse

from yarl import URL

from clip_italian.data.fetching.answers import Missing, Reason
from clip_italian.data.fetching.client import Client

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
LINE = re.compile(r"\s*(?P<key>[A-Za-z-]+)\s*:\s*(?P<value>[^#]*)")
NOT_NAME = re.compile(r"[^A-Za-z_-]")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A pattern of paths, and whether they may be asked for."""

    pattern: str
    allows: bool

    def matches(self, path: str) -> bool:
        """Whether the pattern covers `path`, in time proportional to both."""
        pattern, ends = self.pattern.removesuffix("$"), self.pattern.endswith("$")
        first, *rest = pattern.split("*")
        if not path.startswith(first):
            return False
        if not rest:
            return not ends or path == first
        at = len(first)
        for piece in rest[:-1]:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        last = rest[-1]
        return (path.endswith(last) and len(path) - len(last) >= at) if ends else path.find(last, at) >= 0


@dataclasses.dataclass(frozen=True)
class Rules:
    """What one robots.txt says to one crawler."""

    rules: tuple[Rule, ...]

    def allow(self, target: str) -> bool:
        """Whether a path with its query may be asked for."""
        if not self.rules:
            return True
        path = _normal(target)
        matching = [rule for rule in self.rules if rule.matches(path)]
        # RFC 9309, 2.2.2: the most octets; of equal ones the one that allows.
        return max(matching, key=lambda rule: (len(rule.pattern), rule.allows)).allows if matching else True


def parse(content: bytes, product: str) -> Rules:
    """The rules for `product`, or those for `*` where nothing names it; whatever is no rule is passed over."""
    groups: dict[str, list[Rule]] = {}
    names: list[str] = []
    in_rules = False
    for line in re.split(r"[\r\n]+", content.decode(errors="replace").removeprefix("\ufeff")):
        found = LINE.match(line)
        key, value = (found["key"].lower(), found["value"].strip()) if found else ("", "")
        if key == "user-agent":
            names = [*([] if in_rules else names), "*" if value.startswith("*") else NOT_NAME.split(value, maxsplit=1)[0].lower()]
            in_rules = False
            groups.setdefault(names[-1], [])
        elif key in ("allow", "disallow"):
            in_rules = True
            for name in names if value else ():
                groups[name].append(Rule(_normal(value), key == "allow"))
    return Rules(tuple(groups.get(product.lower(), groups.get("*", []))))


def _normal(path: str) -> str:
    """The path with one spelling of every octet (RFC 9309, 2.2.2): what need not be escaped is not, everything else is."""

    def octet(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if character in UNRESERVED else found[0].upper()

    return re.sub(r"%([0-9a-fA-F]{2})", octet, urllib.parse.quote(path, safe="%/?#[]@!$&'()*+,;=:~"))


# Each host's robots.txt, asked for once and kept on disk.
MOST = 500 << 10  # bytes; RFC 9309, 2.5
KEPT = 24 * 3600  # seconds; RFC 9309, 2.4
REMEMBERED = 1000  # hosts whose rules are kept in memory
# No answer at all: the host's pictures are missing for that very reason.
NO_HOST = frozenset({Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TLS, Reason.ADDRESS, Reason.PAUSED})
# RFC 9309, 2.3.1.3: there is none, so everything may be asked for. 429 is a host that cannot answer now, as 5xx is.
NONE_THERE = frozenset({Reason.GONE, Reason.FORBIDDEN, Reason.REFUSED, Reason.REDIRECTS})


class RobotsStore:
    """What hosts allow the crawler of one name, by origin."""

    def __init__(self, path: pathlib.Path, client: Client, product: str) -> None:
        self._client = client
        self._product = product
        self._known: dict[str, asyncio.Task[Rules | Reason]] = {}
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = WAL")
        self._table.execute("PRAGMA synchronous = NORMAL")  # a lost row is asked for again
        self._table.execute("CREATE TABLE IF NOT EXISTS robots (origin TEXT PRIMARY KEY, asked REAL, content BLOB)")

    async def judge(self, url: URL) -> None:
        """Raises Missing where the host's robots.txt forbids `url`, or cannot be had (RFC 9309, 2.3.1.4)."""
        rules = self._rules(f"{url.scheme}://{url.raw_authority}")
        found = rules.result() if rules.done() else await asyncio.shield(rules)
        if isinstance(found, Reason):
            raise Missing(found if found in NO_HOST else Reason.ROBOTS_UNREACHABLE)
        if not found.allow(url.raw_path_qs):
            raise Missing(Reason.ROBOTS)

    def _rules(self, origin: str) -> asyncio.Task[Rules | Reason]:
        if origin not in self._known:
            while len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[origin] = asyncio.ensure_future(self._load(origin))
        return self._known[origin]

    async def _load(self, origin: str) -> Rules | Reason:
        row = self._table.execute("SELECT asked, content FROM robots WHERE origin = ?", (origin,)).fetchone()
        if row is not None and time.time() - row[0] < KEPT:
            return parse(row[1], self._product)
        try:
            content = await self._client.get(f"{origin}/robots.txt", MOST)
        except Missing as missing:
            if missing.reason not in NONE_THERE:
                return missing.reason
            content = b""
        self._table.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?)", (origin, time.time(), content))
        return parse(content, self._product)

    def close(self) -> None:
        self._table.close()
