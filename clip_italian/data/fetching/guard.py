"""Which addresses may be asked: public web servers at their usual ports, and nothing inside anybody's network.

A name is resolved once, every address it has must be public, and the connection goes to one of those very addresses: the resolver
below is the connector's own, so a name that changes its answer between check and connection (DNS rebinding) changes nothing.
"""

import ipaddress
import re
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from clip_italian.data.fetching.answers import Missing, Reason

PORTS = {"http": 80, "https": 443}
# RFC 4291, 2.4: all that is global unicast; whatever else Python counts as global (site-local, IPv4-compatible, ...) is not.
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
INSIDE = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))  # RFC 6890; RFC 7526
# What ends in such a label is read as an IPv4 address by resolvers: 2130706433, 0x7f.1, 0177.0.0.1.
NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
LOCAL_NAMES = re.compile(r"(.*\.)?(localhost|local|internal|home\.arpa)", re.IGNORECASE)  # RFC 6761, 6762, 8375

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check(url: URL) -> None:
    """Raises Missing if the text of `url` shows that it may not be requested."""
    host = (url.raw_host or "").rstrip(".")
    if url.scheme not in PORTS or url.port != PORTS[url.scheme] or url.raw_user is not None or url.raw_password is not None:
        raise Missing(Reason.ADDRESS)
    if not host or LOCAL_NAMES.fullmatch(host):
        raise Missing(Reason.ADDRESS)
    if (":" in host or NUMBER.fullmatch(host.rpartition(".")[2])) and not _is_public_literal(host):
        raise Missing(Reason.ADDRESS)


def _is_public_literal(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return False  # another spelling than the usual one, as 2130706433 or 0177.0.0.1


def is_public(address: Address) -> bool:
    """Whether an address, and each IPv4 address that it holds, belongs to the public internet."""
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
    """The system's resolver, for names all of whose addresses are public; raises Missing for others."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        if not all(is_public(ipaddress.ip_address(result["host"])) for result in found):
            raise Missing(Reason.ADDRESS)
        return found

    async def close(self) -> None:
        await self._system.close()
