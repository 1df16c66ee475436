"""A Hugging Face hub on this machine: as much of its protocol as listing and downloading a repository takes."""

import contextlib
import hashlib
import http.server
import json
import pathlib
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

LARGE = (".safetensors", ".bin", ".msgpack")  # kept by their SHA-256, as Git LFS does
VERB = r"(/(?P<verb>revision|tree|resolve)/(?P<revision>[^/]+))?"
PATH = re.compile(r"/(?P<api>api/models/)?(?P<name>[^/]+/[^/]+)" + VERB + r"/?(?P<file>.*)")


class Hub:
    """Repositories by name, each a folder at one commit, that of `commits` or a made-up one.

    `broken` files end half-way so many times, `altered` ones lie.
    """

    def __init__(self) -> None:
        self.folders: dict[str, pathlib.Path] = {}
        self.commits: dict[str, str] = {}
        self.gated: set[str] = set()
        self.broken: Counter[str] = Counter()
        self.altered: set[str] = set()
        self.requests: list[tuple[str, str, str | None]] = []  # method, file, range
        self.url = ""

    def commit(self, name: str) -> str:
        return self.commits.get(name) or hashlib.sha1(name.encode()).hexdigest()

    def downloaded(self) -> list[str]:
        """The files whose content was asked for, each once."""
        return sorted({file for method, file, _ in self.requests if method == "GET"})


def _oid(path: pathlib.Path) -> str:
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest() if path.name.endswith(LARGE) else hashlib.sha1(content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for the hub that the server holds."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        found = PATH.fullmatch(self.path.partition("?")[0])
        name = found["name"] if found else ""
        if name in self.hub.gated:
            self._error(403, "GatedRepo")
        elif found is None or name not in self.hub.folders:
            self._error(404, "RepoNotFound")
        elif (found["revision"] or "main") not in ("main", self.hub.commit(name)):
            self._error(404, "RevisionNotFound")
        elif found["verb"] == "tree":
            self._json([self._entry(path, name) for path in self._paths(name)])
        elif found["api"]:
            self._json({"id": name, "sha": self.hub.commit(name), "siblings": []})
        else:
            self._file(name, found["file"])

    def _paths(self, name: str) -> list[pathlib.Path]:
        return sorted(path for path in self.hub.folders[name].rglob("*") if path.is_file())

    def _entry(self, path: pathlib.Path, name: str) -> dict[str, Any]:
        size, oid = path.stat().st_size, _oid(path)
        lfs = {"lfs": {"oid": oid, "size": size, "pointerSize": 130}} if path.name.endswith(LARGE) else {}
        return {"type": "file", "path": path.relative_to(self.hub.folders[name]).as_posix(), "size": size, "oid": oid, **lfs}

    def _file(self, name: str, file: str) -> None:
        path = self.hub.folders[name] / file
        if not path.is_file():
            return self._error(404, "EntryNotFound")
        content, oid, asked = path.read_bytes(), _oid(path), self.headers.get("Range")
        self.hub.requests.append((self.command, file, asked))
        if file in self.hub.altered:
            content = content[:-1] + bytes([content[-1] ^ 1])
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("X-Repo-Commit", self.hub.commit(name))
        self.send_header("ETag", f'"{oid}"')
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if self.command == "GET" and self.hub.broken[file] > 0:
            self.hub.broken[file] -= 1
            self.wfile.write(content[begin : (begin + len(content)) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)  # closing would leave it open, for the handler has it as files too
            self.close_connection = True
        elif self.command == "GET":
            self.wfile.write(content[begin:])

    def _json(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """A hub that runs, at `hub.url`."""
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
