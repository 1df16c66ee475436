"""A web on this machine: every host's pages from one server, as scripted, with all that a web does wrong."""

import contextlib
import dataclasses
import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from clip_italian.data.fetching.settings import FetchSettings


@dataclasses.dataclass(frozen=True)
class Page:
    """An answer; `act`, if any, writes the body in its place, or whatever it likes."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None  # what Content-Length says, where it lies
    act: "Callable[[Handler], None] | None" = None


class Web:
    """Pages by `host/path`, several where each request gets the next one and the last goes on for ever."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page]] = {}
        self.requests: list[tuple[str, float, dict[str, str]]] = []  # host/path, time, headers
        self.connections = 0
        self.port = 0
        self.pause = 0.0  # seconds before every answer
        self.lock = threading.Lock()
        self.at_once: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}

    def says(self, place: str, *pages: Page) -> None:
        self.pages[place] = list(pages)

    def asked(self, place: str) -> int:
        """How often."""
        return sum(one == place for one, _, _ in self.requests)

    def next_page(self, place: str) -> Page:
        with self.lock:
            pages = self.pages.get(place, [Page(404)])
            return pages.pop(0) if len(pages) > 1 else pages[0]

    def settings(self, **changes: Any) -> FetchSettings:
        """Those under which all of the web is this server; quick ones."""
        return FetchSettings.model_validate(
            {
                "agent": "test-bot/1.0",
                "about": "https://example.org",
                "contact": "",
                "gateway": f"127.0.0.1:{self.port}",
                "obey": True,
                "concurrency": 16,
                "per_host": 16,
                "waiting": 32,
                "delay": 0.0,
                "deadline": 5.0,
                "max_bytes": 1 << 20,
                "max_redirects": 5,
                "tries": 3,
                "back_off": 0.01,
                "max_retry_after": 2.0,
                "part": 10,
                "coverage": 0.0,
                "max_file_bytes": 1 << 24,
                "stall": 1.0,
            }
            | changes
        )


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for the web that the server holds."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    web: Web

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        place = host + self.path
        with self.web.lock:
            self.web.requests.append((place, time.monotonic(), dict(self.headers.items())))
            self.web.at_once[host] = self.web.at_once.get(host, 0) + 1
            self.web.most_at_once[host] = max(self.web.most_at_once.get(host, 0), self.web.at_once[host])
        time.sleep(self.web.pause)
        with self.web.lock:  # before the answer: whoever has it may ask again before this thread goes on
            self.web.at_once[host] -= 1
        try:
            self._answer(self.web.next_page(place))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the other side had enough

    def _answer(self, page: Page) -> None:
        if page.act is not None and not page.status:
            return page.act(self)
        self.send_response(page.status)
        for name, value in page.headers:
            self.send_header(name, value)
        if not any(name == "Transfer-Encoding" for name, _ in page.headers):
            self.send_header("Content-Length", str(len(page.body) if page.length is None else page.length))
        self.end_headers()
        if page.act is not None:
            return page.act(self)
        self.wfile.write(page.body)
        if page.length is not None:
            self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class Server(http.server.ThreadingHTTPServer):
    """Counts connections; one that breaks is the tests' own doing."""

    request_queue_size = 128
    daemon_threads = True
    web: Web

    def process_request(self, request: Any, client_address: Any) -> None:
        self.web.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def picture(place: str, size: int = 1000) -> bytes:
    """Bytes that are this place's own."""
    digest = hashlib.sha256(place.encode()).digest()
    return (digest * (size // len(digest) + 1))[:size]


def redirect(location: str, status: int = 302) -> Page:
    return Page(status, headers=(("Location", location),))


def drip(handler: Handler) -> None:
    """A byte now and then, for ever."""
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: Handler) -> None:
    """More and more, without a length."""
    while True:
        handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def silent(handler: Handler) -> None:
    """Nothing, until the other side has had enough."""
    handler.connection.settimeout(20)
    handler.rfile.read(1)


def lost(handler: Handler) -> None:
    """The connection ends before any answer."""
    handler.hang_up()


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
    handler.hang_up()


@contextlib.contextmanager
def serving() -> Iterator[Web]:
    """A web that runs."""
    web = Web()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"web": web}))
    server.web, web.port = web, server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
