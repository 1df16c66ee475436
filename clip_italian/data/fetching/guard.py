"""Allows requests to public web servers at their usual ports only, and to nothing inside a private network.

A name is resolved once, all its IP addresses must be public, and the connection goes to one of these addresses. This is safe from
DNS rebinding, where a name changes its address between check and connection, because the connector uses the resolver below.
"""

import ipaddress
import re
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from clip_italian.data.fetching.answers import Missing, Reason

PORTS = {"http": 80, "https": 443}
# Global unicast, RFC 4291, 2.4. Python's `is_global` is also true for others (site-local, IPv4-compatible, ...).
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
INSIDE = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))  # RFC 6890; RFC 7526
# Resolvers read a name that ends in such a label as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1.
NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
LOCAL_NAMES = re.compile(r"(.*\.)?(localhost|local|internal|home\.arpa)", re.IGNORECASE)  # RFC 6761, 6762, 8375

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check(url: URL) -> None:
    """Raises Missing if the scheme, port, credentials or host of `url` are not allowed."""
    host = (url.raw_host or "").rstrip(".")
    usual = url.port == PORTS.get(url.scheme, -1) and url.raw_user is None and url.raw_password is None
    is_literal = ":" in host or NUMBER.fullmatch(host.rpartition(".")[2])
    if not usual or not host or LOCAL_NAMES.fullmatch(host) or (is_literal and not _is_public_literal(host)):
        raise Missing(Reason.ADDRESS)


def _is_public_literal(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return False  # an unusual spelling, such as 2130706433 or 0177.0.0.1


def is_public(address: Address) -> bool:
    """Whether an IP address, and each IPv4 address embedded in it, is public."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in network for network in INSIDE)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None:
        return is_public(address.sixtofour)
    return address in UNICAST and address.is_global and address.teredo is None


class PublicResolver(AbstractResolver):
    """The system's resolver; raises Missing for a name with an IP address that is not public."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        if not all(is_public(ipaddress.ip_address(result["host"])) for result in found):
            raise Missing(Reason.ADDRESS)
        return found

    async def close(self) -> None:
        await self._system.close()
