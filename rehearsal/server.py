"""All publishers on one loopback port: `python -m rehearsal.server FOLDER PORT`.

`FOLDER/<host>/<path>` is what `http(s)://<host>/<path>` answers; whoever asks sends the host in its header, as through a gateway.
`FOLDER/faults.json` maps addresses without their scheme to what goes wrong there (see `FAULTS`). Answers depend on nothing but the
request and, where a fault lasts for a few requests, on how many came before.
"""

import http.server
import json
import pathlib
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable
from typing import Any

PIECE = 1 << 16  # bytes
DRIP = 0.2  # seconds between the bytes of a server that never ends
REST = 1  # seconds that a busy server asks to wait


class Site(http.server.BaseHTTPRequestHandler):
    """Answers for every host."""

    protocol_version = "HTTP/1.1"
    folder: pathlib.Path
    faults: dict[str, str]
    seen: Counter[str]

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        address = self.headers.get("Host", "").partition(":")[0] + path
        self.seen[address] += 1
        fault = self.faults.get(address)
        if fault is None:
            return self.whole(address)
        kind, _, detail = fault.partition(" ")
        FAULTS[kind](self, address, detail)

    def whole(self, address: str, headers: dict[str, str] | None = None) -> None:
        """The file, or the rest of it from where a Range asks."""
        file = self.folder / address
        if not file.resolve().is_relative_to(self.folder.resolve()) or not file.is_file():
            return self.status(404)
        size = file.stat().st_size
        start = self._start(size)
        self.send_response(206 if start else 200)
        self._headers(size - start, headers or {}, start, size)
        with open(file, "rb") as content:
            content.seek(start)
            while piece := content.read(PIECE):
                self.wfile.write(piece)

    def _start(self, size: int) -> int:
        unit, _, first = self.headers.get("Range", "").removesuffix("-").partition("=")
        return min(int(first), size - 1) if unit == "bytes" and first.isdecimal() else 0

    def _headers(self, length: int, headers: dict[str, str], start: int, size: int) -> None:
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        for name, value in {"Content-Length": str(length), "ETag": f'"{size}"', **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def status(self, code: int, headers: dict[str, str] | None = None) -> None:
        """An answer without a body."""
        self.send_response(code)
        self._headers(0, headers or {}, 0, 0)

    def body(self, content: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        """An answer that may claim another length than it has."""
        self.send_response(200)
        self._headers(len(content) if length is None else length, headers or {}, 0, 0)
        self.wfile.write(content)


def _dead(site: Site, address: str, code: str) -> None:
    site.status(int(code))


def _busy(site: Site, address: str, times: str) -> None:
    if site.seen[address] > int(times):
        return site.whole(address)
    site.status(503, {"Retry-After": str(REST)})


def _elsewhere(site: Site, address: str, target: str) -> None:
    site.status(302, {"Location": target})


def _opted_out(site: Site, address: str, value: str) -> None:
    site.whole(address, {"X-Robots-Tag": value})


def _page(site: Site, address: str, _: str) -> None:
    site.body(b"<!DOCTYPE html><html><body>Pagina non trovata</body></html>", {"Content-Type": "text/html"})


def _short(site: Site, address: str, _: str) -> None:
    content = (site.folder / address).read_bytes()
    site.body(content[: len(content) // 2], length=len(content))
    site.close_connection = True


def _huge(site: Site, address: str, length: str) -> None:
    site.body(b"", length=int(length))
    site.close_connection = True


def _endless(site: Site, address: str, _: str) -> None:
    """A byte now and then, for longer than anybody should wait."""
    site.send_response(200)
    site._headers(1 << 20, {}, 0, 0)
    site.close_connection = True
    try:
        for _byte in range(1 << 20):
            site.wfile.write(b"\xff")
            site.wfile.flush()
            time.sleep(DRIP)
    except OSError:
        pass  # the other end has had enough


FAULTS: dict[str, Callable[[Site, str, str], None]] = {
    "dead": _dead,  # a status code
    "busy": _busy,  # so many times, then it answers
    "elsewhere": _elsewhere,  # a redirect
    "opted-out": _opted_out,  # a value of X-Robots-Tag
    "page": _page,  # a web page in place of the picture
    "short": _short,  # half of what was announced
    "huge": _huge,  # so many bytes announced
    "endless": _endless,
}


class Server(http.server.ThreadingHTTPServer):
    """One thread a connection; those that drip are not waited for."""

    daemon_threads = True
    request_queue_size = 128


def serve(folder: pathlib.Path, port: int) -> Server:
    """A server that is bound but not yet serving; port 0 takes a free one."""
    faults = json.loads((folder / "faults.json").read_bytes())
    site = type("Site", (Site,), {"folder": folder, "faults": faults, "seen": Counter()})
    return Server(("127.0.0.1", port), site)


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]), int(sys.argv[2])).serve_forever()
