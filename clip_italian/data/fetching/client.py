"""One address asked for: every hop checked, every byte counted, every way to fail named."""

import asyncio
import contextlib
import dataclasses
import datetime
import email.utils
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from clip_italian.data.fetching import guard
from clip_italian.data.fetching.answers import PASSING, Missing, Reason
from clip_italian.data.fetching.hosts import Host, Hosts
from clip_italian.data.fetching.settings import FetchSettings

# What the headers of an answer ask of us: not to use it, or to come back later.
# https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag; noai, noimageai and noml as img2dataset reads them
OPT_OUTS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
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


REDIRECTS = frozenset({301, 302, 303, 307, 308})
WITH_CONSENT = REDIRECTS | {200}  # the header of an error's page speaks of that page
STATUSES = {404: Reason.GONE, 410: Reason.GONE, 429: Reason.BUSY} | dict.fromkeys((401, 402, 403, 451), Reason.FORBIDDEN)
KEEP_ALIVE = 2.0  # seconds: a million images have more hosts than a process may have open connections
WITHOUT_END = aiohttp.ClientTimeout(total=None)  # whoever asks sets an end
EMPTY: Mapping[str, str] = {}
DRAINED = 1 << 14  # bytes
DNS_KEPT = 300  # seconds; every answer was checked when it came


@contextlib.asynccontextmanager
async def session(settings: FetchSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps no cookies, reads no proxies or passwords from its surroundings, and decodes nothing."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.concurrency))  # names are resolved in threads
    connector = aiohttp.TCPConnector(resolver=guard.PublicResolver(), limit=0, ttl_dns_cache=DNS_KEPT, keepalive_timeout=KEEP_ALIVE)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=WITHOUT_END,
        headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    ) as opened:
        yield opened


def parse(address: str) -> URL:
    """The address as it is asked for; raises Missing where it is none or not allowed."""
    try:
        url = URL(address)
        guard.check(url)
    except ValueError:
        raise Missing(Reason.ADDRESS) from None
    return url.with_fragment(None) if url.raw_fragment else url


def following(url: URL, location: str) -> URL:
    """Where a redirect from `url` leads; raises Missing where it may not."""
    try:
        target = parse(str(url.join(URL(location))))
    except ValueError:
        raise Missing(Reason.ADDRESS) from None
    if (url.scheme, target.scheme) == ("https", "http"):
        raise Missing(Reason.DOWNGRADE)
    return target


@contextlib.asynccontextmanager
async def asked(
    opened: aiohttp.ClientSession,
    url: URL,
    settings: FetchSettings,
    extra: Mapping[str, str] = EMPTY,
    timeout: aiohttp.ClientTimeout = WITHOUT_END,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to one GET of `url`, which `parse` gave; whatever goes wrong while it is read is raised as Missing."""
    sent = dict(extra)
    if settings.gateway is not None:
        sent["Host"] = url.raw_authority
        url = URL(f"http://{settings.gateway}{url.raw_path_qs}", encoded=True)
    try:
        async with opened.get(url, headers=sent, allow_redirects=False, timeout=timeout) as response:
            yield response
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Missing(_why(error)) from None


def _why(error: Exception) -> Reason:
    if isinstance(error, TimeoutError):
        return Reason.SLOW
    if isinstance(error, aiohttp.ClientConnectorDNSError | UnicodeError):  # a label may be too long for any name
        return Reason.UNKNOWN_HOST
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Reason.TLS
    if isinstance(error, aiohttp.ClientConnectorError):
        return Reason.UNREACHABLE
    if isinstance(error, aiohttp.ClientPayloadError):
        return Reason.SHORT
    if isinstance(error, aiohttp.ServerConnectionError | OSError):
        return Reason.LOST
    return Reason.ODD


def check_status(response: aiohttp.ClientResponse) -> None:
    """Raises Missing unless the answer is 200, unencoded."""
    status = response.status
    if status in STATUSES:
        raise Missing(STATUSES[status])
    if status != 200:
        raise Missing(Reason.REFUSED if 400 <= status < 500 else Reason.SERVER if status >= 500 else Reason.ODD)
    check_encoding(response)


def check_encoding(response: aiohttp.ClientResponse) -> None:
    """Raises Missing where the body is compressed: its size would be no bound of what comes out."""
    content = response.headers.get("Content-Encoding", "identity").strip().lower()
    transfer = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if content not in ("identity", "") or transfer not in ("chunked", "identity"):
        raise Missing(Reason.ENCODED)


async def read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body; raises Missing as soon as it is known to have more than `most` bytes."""
    if (response.content_length or 0) > most:
        raise Missing(Reason.LARGE)
    body = await beginning(response, most + 1)
    if len(body) > most:
        raise Missing(Reason.LARGE)
    return body


async def beginning(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The first `most` bytes of the body, or all of it."""
    parts, size = [], 0
    while size < most and (part := await response.content.readany()):
        size += len(part)
        parts.append(part)
    return b"".join(parts)[:most]


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Reads an error's short text, so that its connection can be used again: another one costs more."""
    if response.content_length is not None and response.content_length <= DRAINED:
        with contextlib.suppress(aiohttp.ClientError):  # the status says enough
            await response.read()


@dataclasses.dataclass
class Budget:
    """The seconds that one image may still be on the network; waiting for a host's turn costs none."""

    left: float


Judge = Callable[[URL], Awaitable[None]]  # raises Missing where an address is not to be asked


class Client:
    """Asks for small things: images and robots.txt."""

    def __init__(self, opened: aiohttp.ClientSession, settings: FetchSettings) -> None:
        self._session = opened
        self._settings = settings
        self._hosts = Hosts(settings)

    async def get(self, address: str, most: int, judge: Judge | None = None) -> bytes:
        """What `address` gives after redirects and tries; raises Missing with the last try's reason, or for more bytes.

        `judge` is asked about every hop before it is made. Without one, for robots.txt itself, headers that opt out say nothing,
        and what is longer than `most` is cut.
        """
        budget, tries = Budget(self._settings.deadline), self._settings.tries
        for number in range(tries):
            try:
                return await self._follow(parse(address), budget, most, judge)
            except Missing as missing:
                if missing.reason not in PASSING or number + 1 == tries:
                    raise
            await asyncio.sleep(self._settings.back_off * 2**number)
        raise AssertionError("settings have one try at least")

    async def _follow(self, url: URL, budget: Budget, most: int, judge: Judge | None) -> bytes:
        for _ in range(self._settings.max_redirects + 1):
            if judge is not None:
                await judge(url)
            answer = await self._hop(url, budget, most, judge is not None)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise Missing(Reason.REDIRECTS)

    async def _hop(self, url: URL, budget: Budget, most: int, judged: bool) -> bytes | URL:
        """The body that `url` gives, or where it leads."""
        host = await self._hosts.enter(url.raw_host or "")
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(budget.left):
                return await self._exchange(url, host, most, judged)
        except TimeoutError:
            raise Missing(Reason.SLOW) from None
        finally:
            budget.left -= clock() - start
            self._hosts.leave(host)

    async def _exchange(self, url: URL, host: Host, most: int, judged: bool) -> bytes | URL:
        async with asked(self._session, url, self._settings) as response:
            if response.status != 200:
                await _drain(response)
            if response.status in (429, 503):
                self._let_be(response, host)
            if judged and response.status in WITH_CONSENT:
                self._check_consent(response)
            if response.status in REDIRECTS and "Location" in response.headers:
                return following(url, response.headers["Location"])
            check_status(response)
            return await (read if judged else beginning)(response, most)

    def _check_consent(self, response: aiohttp.ClientResponse) -> None:
        if self._settings.obey and opted_out(response.headers, self._settings.product):
            raise Missing(Reason.OPTED_OUT)

    def _let_be(self, response: aiohttp.ClientResponse, host: Host) -> None:
        pause = retry_after(response.headers, datetime.datetime.now(datetime.UTC))
        host.close(self._settings.back_off if pause is None else pause)
