"""The loopback publishers: whole files, the rest of a file, and everything that goes wrong on the web."""

import contextlib
import http.client
import json
import threading

import pytest

from rehearsal import server

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def ask(tmp_path):
    """Asks for an address of a small site; returns the answer and its body."""
    folder = tmp_path / "sites"
    (folder / "foto.example/a").mkdir(parents=True)
    for name in ("whole", "busy", "short", "marked"):
        (folder / "foto.example/a" / f"{name}.jpg").write_bytes(CONTENT)
    (tmp_path / "secret.txt").write_text("not of the site")
    faults = {"busy": "busy 1", "short": "short", "marked": "opted-out noai", "moved": "elsewhere http://foto.example/a/whole.jpg"}
    faults |= {"gone": "dead 410", "page": "page", "huge": "huge 1000000000"}
    (folder / "faults.json").write_text(json.dumps({f"foto.example/a/{name}.jpg": fault for name, fault in faults.items()}))

    with server.serve(folder, 0) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()

        def get(path, host="foto.example", **headers):
            with contextlib.closing(http.client.HTTPConnection(*site.server_address[:2], timeout=5)) as connection:
                connection.request("GET", path, headers={"Host": host, **headers})
                answer = connection.getresponse()
                return answer, answer.read()

        yield get
        site.shutdown()


def test_a_file_is_served_for_its_host_alone_and_nothing_outside_of_the_folder(ask):
    answer, body = ask("/a/whole.jpg")
    assert (answer.status, body) == (200, CONTENT)
    assert ask("/a/whole.jpg", host="altro.example")[0].status == 404
    assert ask("/../../secret.txt")[0].status == 404


def test_a_range_gets_the_rest(ask):
    answer, body = ask("/a/whole.jpg", Range="bytes=1000-")
    assert (answer.status, body) == (206, CONTENT[1000:])
    assert answer.getheader("Content-Range") == f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}"


def test_a_busy_host_asks_to_wait_and_then_answers(ask):
    first, second = ask("/a/busy.jpg"), ask("/a/busy.jpg")
    assert (first[0].status, first[0].getheader("Retry-After")) == (503, "1")
    assert second[1] == CONTENT


def test_other_faults_are_what_they_are_called(ask):
    assert ask("/a/gone.jpg")[0].status == 410
    assert ask("/a/moved.jpg")[0].getheader("Location") == "http://foto.example/a/whole.jpg"
    assert ask("/a/marked.jpg")[0].getheader("X-Robots-Tag") == "noai"
    assert ask("/a/page.jpg")[1].startswith(b"<!DOCTYPE html>")
    for name in ("short", "huge"):
        with pytest.raises(http.client.IncompleteRead):
            ask(f"/a/{name}.jpg")
