"""An HTTP client for untrusted addresses: it checks every redirect, limits bytes and seconds, and names the reason of a failure."""

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

# Directives of X-Robots-Tag that forbid use, https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag;
# noai, noimageai and noml as img2dataset reads them
OPT_OUTS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})  # directives with a colon


def opted_out(headers: CIMultiDictProxy[str], product: str) -> bool:
    """Whether X-Robots-Tag (for all crawlers or for `product`) or TDM-Reservation (W3C TDMRep) forbids learning from a response."""
    if headers.get("TDM-Reservation", "").strip() == "1":
        return True
    return not OPT_OUTS.isdisjoint(_directives(headers.getall("X-Robots-Tag", []), product))


def _directives(lines: Iterable[str], product: str) -> set[str]:
    """The directives for `product`: those before any crawler's name, and those after its own name or `*`."""
    found = set()
    for line in lines:
        applies = True
        for part in line.lower().split(","):
            name, colon, rest = (word.strip() for word in part.partition(":"))
            if colon and name not in VALUED:
                applies, name = name in ("*", product.lower()), rest
            if applies:
                found.add(name)
    return found


def retry_after(headers: CIMultiDictProxy[str], now: datetime.datetime) -> float | None:
    """Seconds to wait by Retry-After (RFC 9110, 10.2.3: seconds or a date); None if it is missing or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or datetime.UTC) - now).total_seconds())


REDIRECTS = frozenset({301, 302, 303, 307, 308})
WITH_CONSENT = REDIRECTS | {200}  # whose headers are checked for opt-outs; those of an error page are about that page
STATUSES = {404: Reason.GONE, 410: Reason.GONE, 429: Reason.BUSY} | dict.fromkeys((401, 402, 403, 451), Reason.FORBIDDEN)
KEEP_ALIVE = 2.0  # seconds: short, since a million images have more hosts than a process may have open connections
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)  # the caller sets a timeout
EMPTY: Mapping[str, str] = {}
DRAINED = 1 << 14  # bytes
DNS_KEPT = 300  # seconds; the addresses were checked when they were resolved


@contextlib.asynccontextmanager
async def session(settings: FetchSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """A session without cookies and decompression that reads no proxies or passwords from the environment."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.concurrency))  # for resolving names
    connector = aiohttp.TCPConnector(resolver=guard.PublicResolver(), limit=0, ttl_dns_cache=DNS_KEPT, keepalive_timeout=KEEP_ALIVE)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=NO_TIMEOUT,
        headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    ) as opened:
        yield opened


def parse(address: str) -> URL:
    """The URL of an address, without its fragment; raises Missing if it is invalid or not allowed."""
    try:
        url = URL(address)
        guard.check(url)
    except ValueError:
        raise Missing(Reason.ADDRESS) from None
    return url.with_fragment(None) if url.raw_fragment else url


def following(url: URL, location: str) -> URL:
    """The target of a redirect from `url`; raises Missing if it is not allowed."""
    try:
        target = parse(str(url.join(URL(location))))
    except ValueError:
        raise Missing(Reason.ADDRESS) from None
    if (url.scheme, target.scheme) == ("https", "http"):
        raise Missing(Reason.DOWNGRADE)
    return target


@contextlib.asynccontextmanager
async def response_to(
    opened: aiohttp.ClientSession,
    url: URL,
    settings: FetchSettings,
    extra: Mapping[str, str] = EMPTY,
    timeout: aiohttp.ClientTimeout = NO_TIMEOUT,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response to one GET of `url`, which is a result of `parse`. Errors, also while it is read, are raised as Missing."""
    sent = dict(extra)
    if settings.gateway is not None:
        sent["Host"] = url.raw_authority
        url = URL(f"http://{settings.gateway}{url.raw_path_qs}", encoded=True)
    try:
        async with opened.get(url, headers=sent, allow_redirects=False, timeout=timeout) as response:
            yield response
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Missing(_reason(error)) from None


def _reason(error: Exception) -> Reason:
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
    """Raises Missing unless the status is 200 and the body is not encoded."""
    status = response.status
    if status in STATUSES:
        raise Missing(STATUSES[status])
    if status != 200:
        raise Missing(Reason.REFUSED if 400 <= status < 500 else Reason.SERVER if status >= 500 else Reason.ODD)
    check_encoding(response)


def check_encoding(response: aiohttp.ClientResponse) -> None:
    """Raises Missing if the body is compressed, since its size would not limit the decompressed size."""
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
    """Reads the short body of an error, so that the connection can be reused, which is faster than a new one."""
    if response.content_length is not None and response.content_length <= DRAINED:
        with contextlib.suppress(aiohttp.ClientError):  # the status suffices
            await response.read()


@dataclasses.dataclass
class Budget:
    """The seconds that one image may still spend on the network; waiting for a host is not counted."""

    left: float


UrlCheck = Callable[[URL], Awaitable[None]]  # raises Missing for a URL that may not be requested


class Client:
    """Fetches images and robots.txt, whose content fits into memory."""

    def __init__(self, opened: aiohttp.ClientSession, settings: FetchSettings) -> None:
        self._session = opened
        self._settings = settings
        self._hosts = Hosts(settings)

    async def get(self, address: str, most: int, check: UrlCheck | None = None) -> bytes:
        """The content of `address`, with redirects and retries; raises Missing with the reason of the last try.

        `check` is called for every hop before it is requested, and more than `most` bytes raise Missing. Without `check`, for
        robots.txt itself, opt-outs are ignored and content is truncated to `most` bytes.
        """
        budget, tries = Budget(self._settings.deadline), self._settings.tries
        for number in range(tries):
            try:
                return await self._follow(parse(address), budget, most, check)
            except Missing as missing:
                if missing.reason not in PASSING or number + 1 == tries:
                    raise
            await asyncio.sleep(self._settings.back_off * 2**number)
        raise AssertionError("settings have one try at least")

    async def _follow(self, url: URL, budget: Budget, most: int, check: UrlCheck | None) -> bytes:
        for _ in range(self._settings.max_redirects + 1):
            if check is not None:
                await check(url)
            answer = await self._hop(url, budget, most, check is not None)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise Missing(Reason.REDIRECTS)

    async def _hop(self, url: URL, budget: Budget, most: int, checked: bool) -> bytes | URL:
        """The body at `url`, or the URL that it redirects to."""
        host = await self._hosts.enter(url.raw_host or "")
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(budget.left):
                return await self._exchange(url, host, most, checked)
        except TimeoutError:
            raise Missing(Reason.SLOW) from None
        finally:
            budget.left -= clock() - start
            self._hosts.leave(host)

    async def _exchange(self, url: URL, host: Host, most: int, checked: bool) -> bytes | URL:
        async with response_to(self._session, url, self._settings) as response:
            if response.status != 200:
                await _drain(response)
            if response.status in (429, 503):
                pause = retry_after(response.headers, datetime.datetime.now(datetime.UTC))
                host.close(self._settings.back_off if pause is None else pause)
            obeys = checked and self._settings.obey and response.status in WITH_CONSENT
            if obeys and opted_out(response.headers, self._settings.product):
                raise Missing(Reason.OPTED_OUT)
            if response.status in REDIRECTS and "Location" in response.headers:
                return following(url, response.headers["Location"])
            check_status(response)
            return await (read if checked else beginning)(response, most)
