"""A server on this machine that answers as DeepL's does, for tests of the engine that asks it."""

import contextlib
import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator

GOOD_KEY = "key-of-the-test:fx"


class DeepLServer(http.server.ThreadingHTTPServer):
    """Translates by putting a sentence into upper case; notes what it was asked."""

    daemon_threads = True
    asked: list[str]
    bodies: list[dict]
    statuses: list[int]  # answers to give first, before translating
    delay: float  # seconds before an answer
    quota: int  # sentences, then 456

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: DeepLServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_json = self.headers["Content-Type"].startswith("application/json")
        fields = json.loads(body) if is_json else urllib.parse.parse_qs(body)
        if self.headers["Authorization"] != f"DeepL-Auth-Key {GOOD_KEY}":
            return self.answer(403, {})
        if self.server.statuses:
            return self.answer(self.server.statuses.pop(0), {})
        if len(self.server.asked) + len(fields["text"]) > self.server.quota:
            return self.answer(456, {"message": "Quota exceeded"})
        self.server.asked += fields["text"]
        self.server.bodies.append(fields)
        time.sleep(self.server.delay)
        translations = [{"detected_source_language": "EN", "text": text.upper(), "billed_characters": 1} for text in fields["text"]]
        self.answer(200, {"translations": translations})

    def answer(self, status: int, content: dict) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[DeepLServer]:
    """A running server."""
    with DeepLServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.bodies, server.statuses, server.delay, server.quota = [], [], [], 0.0, 1 << 30
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
