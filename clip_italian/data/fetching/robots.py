"""Fetches each host's robots.txt once, stores it on disk, and applies it by Protego (RFC 9309)."""

import asyncio
import pathlib
import re
import sqlite3
import time

from protego import Protego
from yarl import URL

from clip_italian.data.fetching.answers import Missing, Reason
from clip_italian.data.fetching.client import Client

# The lines passed to Protego: rules, and user agents without their version. Other lines, such as Crawl-delay, would end a group of
# user agents in Protego, which RFC 9309, 2.2.4 forbids.
RECORD = re.compile(r"\s*(?:user-?agent\s*:\s*(?:[a-z_-]+|\*|.*)|(?:dis)?allow\s*:.*)", re.IGNORECASE)
MOST = 500 << 10  # bytes; RFC 9309, 2.5
KEPT = 24 * 3600  # seconds; RFC 9309, 2.4
REMEMBERED = 1000  # hosts whose rules are kept in memory
# No answer from the host: its images are missing for the same reason.
NO_HOST = frozenset({Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TLS, Reason.ADDRESS, Reason.PAUSED})
# The file does not exist, so everything may be requested (RFC 9309, 2.3.1.3). 429, like 5xx, means that the host cannot answer now.
NONE_THERE = frozenset({Reason.GONE, Reason.FORBIDDEN, Reason.REFUSED, Reason.REDIRECTS})


def parse(content: bytes) -> Protego:
    """The rules of a robots.txt; other lines are ignored."""
    lines = re.split(r"[\r\n]+", content.decode(errors="replace").removeprefix("\ufeff"))
    return Protego.parse("\n".join(found[0] for found in map(RECORD.match, lines) if found))


class RobotsStore:
    """The rules of each origin (scheme and host) for one crawler."""

    def __init__(self, path: pathlib.Path, client: Client, product: str) -> None:
        self._client = client
        self._product = product
        self._known: dict[str, asyncio.Task[Protego | Reason]] = {}
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = WAL")
        self._table.execute("PRAGMA synchronous = NORMAL")  # a lost row is fetched again
        self._table.execute("CREATE TABLE IF NOT EXISTS robots (origin TEXT PRIMARY KEY, asked REAL, content BLOB)")

    async def check(self, url: URL) -> None:
        """Raises Missing if the host's robots.txt forbids `url` or cannot be fetched (RFC 9309, 2.3.1.4)."""
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
