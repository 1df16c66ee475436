"""Only the public web is asked: whatever an address or a name server says, nothing inside a network gets a byte."""

import ipaddress
import socket

import pytest

from clip_italian.data.fetching import guard
from clip_italian.data.fetching.answers import ImageRequest
from clip_italian.data.fetching.images import fetch_images
from tests.helpers import loopback_web
from tests.helpers.loopback_web import Page, redirect

PUBLIC = "93.184.216.34"
REFUSED = [
    "file:///etc/hostname",
    "data:text/plain,hello",
    "ftp://a.example/x",
    "gopher://a.example/x",
    "javascript:alert(1)",
    "//a.example/x",
    "a.example/x",
    "",
    "http://",
    "http:///x",
    "http://a.example:8080/x",
    "http://a.example:443/x",
    "https://a.example:80/x",
    "http://a.example:99999/x",
    "http://user@a.example/x",
    "http://user:password@a.example/x",
    "http://:password@a.example/x",
    "http://localhost/x",
    "http://LOCALHOST./x",
    "http://x.localhost/x",
    "http://printer.local/x",
    "http://metadata.google.internal/x",
    "http://127.0.0.1/x",
    "http://127.0.0.1./x",
    "http://127.1/x",
    "http://2130706433/x",
    "http://0x7f000001/x",
    "http://0x7f.1/x",
    "http://0177.0.0.1/x",
    "http://017700000001/x",
    "http://１２７.0.0.1/x",
    "http://0.0.0.0/x",
    "http://10.0.0.1/x",
    "http://172.16.0.1/x",
    "http://192.168.0.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/x",
    "http://192.0.0.8/x",
    "http://198.18.0.1/x",
    "http://224.0.0.1/x",
    "http://240.0.0.1/x",
    "http://255.255.255.255/x",
    "http://[::1]/x",
    "http://[::]/x",
    "http://[::7f00:1]/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://[::ffff:a00:1]/x",
    "http://[64:ff9b::a00:1]/x",
    "http://[64:ff9b:1::a00:1]/x",
    "http://[2002:a00:1::]/x",
    "http://[2002:7f00:1::1]/x",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/x",
    "http://[fc00::1]/x",
    "http://[fe80::1]/x",
    "http://[fe80::1%25eth0]/x",
    "http://[fec0::1]/x",
    "http://[ff02::1]/x",
    "http://[2001:db8::1]/x",
    "http://[5f00::1]/x",
]
LEADING_BACK = ("http://", "http:///x")  # to the host that redirects


class Names:
    """A name server in the system's place: the answers by name, one after the other; port None keeps that of the address."""

    def __init__(self, port):
        self.answers = {}
        self.asked = []
        self.port = port

    def __call__(self):
        return self

    async def resolve(self, host, port=0, family=0):
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such name")
        answers = self.answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            {"hostname": host, "host": each, "port": self.port or port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for each in found
        ]

    async def close(self):
        pass


@pytest.fixture
def web():
    with loopback_web.serving() as running:
        yield running


@pytest.fixture
def names(web, monkeypatch):
    """Without the gateway: names are looked up, and lead to the server's port, should anything get so far."""
    server = Names(web.port)
    monkeypatch.setattr(guard, "ThreadedResolver", server)
    return server


@pytest.fixture
def connections(web, monkeypatch):
    """The addresses connected to; those that are not this machine's lead to the server all the same."""
    made, connect = [], socket.socket.connect

    def redirected(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            made.append(address[0])
            address = ("127.0.0.1", web.port)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", redirected)
    return made


def fetch(web, tmp_path, *addresses, **changes):
    changes = {"gateway": None, "contact": "someone@example.org", "obey": False} | changes
    wanted = [ImageRequest(address, str(number)) for number, address in enumerate(addresses)]
    return fetch_images(wanted, tmp_path / "raw", tmp_path / "state", web.settings(**changes))


def test_no_byte_is_sent_to_an_address_that_is_not_of_the_public_web(web, names, connections, tmp_path):
    names.answers = dict.fromkeys(["a.example", "localhost", "localhost.", "x.localhost", "0x7f.1"], [["127.0.0.1"]])
    assert fetch(web, tmp_path, *REFUSED).missing == {"address not allowed": len(REFUSED)}
    assert (web.connections, connections, names.asked) == (0, [], [])


def test_no_redirect_leads_where_no_address_may(web, tmp_path):
    leading = [each for each in REFUSED if ":" in each and each.isascii() and each not in LEADING_BACK]
    for number, address in enumerate(leading):
        web.says(f"a.example/{number}", redirect(address))
    asked = [f"http://a.example/{number}" for number in range(len(leading))]
    assert fetch(web, tmp_path, *asked, gateway=f"127.0.0.1:{web.port}").missing == {"address not allowed": len(leading)}
    assert sorted(f"http://{place}" for place, _, _ in web.requests) == sorted(asked)


@pytest.mark.parametrize("address", ["http://8.8.8.8/x", "http://[2606:4700::1111]/x", "http://[64:ff9b::808:808]/x"])
def test_public_addresses_may_be_asked(web, connections, tmp_path, address):
    fetch(web, tmp_path, address)
    assert connections == [address.removeprefix("http://").removesuffix("/x").strip("[]")]


@pytest.mark.parametrize("found", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"])
def test_a_name_with_any_address_inside_a_network_is_not_connected_to(web, names, connections, tmp_path, found):
    for answer in ([found], [PUBLIC, found], [found, PUBLIC]):
        names.answers["a.example"] = [answer]
        assert fetch(web, tmp_path / str(len(names.asked)), "http://a.example/x").missing == {"address not allowed": 1}
    assert len(names.asked) == 3 and connections == [] and web.connections == 0


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(web, names, connections, tmp_path):
    web.says("rebound.example/x", Page(body=b"public"))
    names.answers["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert fetch(web, tmp_path / "one", "http://rebound.example/x").got == 1
    assert connections == [PUBLIC] and names.asked == ["rebound.example"]
    assert fetch(web, tmp_path / "two", "http://rebound.example/x").missing == {"address not allowed": 1}
    assert connections == [PUBLIC]


def test_a_redirect_to_a_name_inside_a_network_is_not_followed(web, names, connections, tmp_path):
    web.says("a.example/x", redirect("http://intranet.example/x"))
    names.answers = {"a.example": [[PUBLIC]], "intranet.example": [["192.168.1.1"]]}
    assert fetch(web, tmp_path, "http://a.example/x").missing == {"address not allowed": 1}
    assert connections == [PUBLIC] and names.asked == ["a.example", "intranet.example"]


def test_https_never_leads_to_http(web, tmp_path):
    web.says("a.example/x", redirect("http://b.example/x"))
    web.says("b.example/x", Page(body=b"x"))
    gateway = f"127.0.0.1:{web.port}"
    assert fetch(web, tmp_path / "one", "https://a.example/x", gateway=gateway).missing == {"redirected from https to http": 1}
    assert fetch(web, tmp_path / "two", "http://a.example/x", gateway=gateway).got == 1


def test_unknown_hosts_bad_certificates_and_closed_ports_are_told_apart(web, names, connections, tmp_path):
    names.answers["a.example"] = [[PUBLIC]]
    assert fetch(web, tmp_path / "one", "http://nowhere.example/x").missing == {"unknown host": 1}
    assert fetch(web, tmp_path / "two", f"http://{'a' * 70}.example/x").missing == {"unknown host": 1}
    assert fetch(web, tmp_path / "three", "https://a.example/x").missing == {"no valid TLS": 1}  # a plain server
    web.port = 1
    assert fetch(web, tmp_path / "four", "http://a.example/x").missing == {"no connection": 1}


def test_every_ipv4_address_keeps_its_verdict_in_each_of_its_ipv6_forms():
    for number in range(0, 1 << 32, 104729 * 64):
        plain = ipaddress.IPv4Address(number)
        for prefix, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
            held = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + (number << shift))
            assert guard.is_public(held) == guard.is_public(plain), (plain, held)
