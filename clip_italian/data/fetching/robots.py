"""Each host's robots.txt, asked for once and kept on disk; Protego reads it as RFC 9309 says."""

import asyncio
import pathlib
import re
import sqlite3
import time

from protego import Protego
from yarl import URL

from clip_italian.data.fetching.answers import Missing, Reason
from clip_italian.data.fetching.client import Client

# What Protego is given: rules, and user agents by their product tokens alone, since many files add a version. Other lines, such as
# Crawl-delay, would end a group of user agents there, which RFC 9309, 2.2.4 forbids.
RECORD = re.compile(r"\s*(?:user-?agent\s*:\s*(?:[a-z_-]+|\*|.*)|(?:dis)?allow\s*:.*)", re.IGNORECASE)
MOST = 500 << 10  # bytes; RFC 9309, 2.5
KEPT = 24 * 3600  # seconds; RFC 9309, 2.4
REMEMBERED = 1000  # hosts whose rules are kept in memory
# No answer at all: the host's images are missing for that very reason.
NO_HOST = frozenset({Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TLS, Reason.ADDRESS, Reason.PAUSED})
# RFC 9309, 2.3.1.3: there is none, so everything may be asked for. 429 is a host that cannot answer now, as 5xx is.
NONE_THERE = frozenset({Reason.GONE, Reason.FORBIDDEN, Reason.REFUSED, Reason.REDIRECTS})


def parse(content: bytes) -> Protego:
    """The rules of a robots.txt; what is no rule is passed over."""
    lines = re.split(r"[\r\n]+", content.decode(errors="replace").removeprefix("\ufeff"))
    return Protego.parse("\n".join(found[0] for found in map(RECORD.match, lines) if found))


class RobotsStore:
    """The rules of hosts for the crawler of one name, by origin."""

    def __init__(self, path: pathlib.Path, client: Client, product: str) -> None:
        self._client = client
        self._product = product
        self._known: dict[str, asyncio.Task[Protego | Reason]] = {}
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
        if not found.can_fetch(str(url), self._product):
            raise Missing(Reason.ROBOTS)

    def _rules(self, origin: str) -> asyncio.Task[Protego | Reason]:
        if origin not in self._known:
            while len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[origin] = asyncio.ensure_future(self._load(origin))
        return self._known[origin]

    async def _load(self, origin: str) -> Protego | Reason:
        row = self._table.execute("SELECT asked, content FROM robots WHERE origin = ?", (origin,)).fetchone()
        if row is not None and time.time() - row[0] < KEPT:
            return parse(row[1])
        try:
            content = await self._client.get(f"{origin}/robots.txt", MOST)
        except Missing as missing:
            if missing.reason not in NONE_THERE:
                return missing.reason
            content = b""
        self._table.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?)", (origin, time.time(), content))
        return parse(content)

    def close(self) -> None:
        self._table.close()
