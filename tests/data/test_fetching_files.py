"""Publishers' large files: whole and as stated, or not there; what came before a kill is not asked for again."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from clip_italian import files
from clip_italian.data.fetching.large import fetch_file
from clip_italian.errors import InputError
from tests.helpers import loopback_web
from tests.helpers.loopback_web import Page, picture, redirect

ADDRESS = "http://coco.example/train.zip"
CONTENT = picture("train.zip", 3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def web():
    with loopback_web.serving() as running:
        yield running


def served(content, etag='"one"', stop=None, pause=0.0, ranges=True):
    """A page of a server that knows ranges; it hangs up after `stop` bytes of an answer."""

    def act(handler):
        asked, wanted = handler.headers.get("Range"), handler.headers.get("If-Range")
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and wanted == etag and ranges else 0
        past = begin >= len(content)
        handler.send_response(416 if past else 206 if begin else 200)
        if begin:
            handler.send_header("Content-Range", f"bytes {'*' if past else f'{begin}-{len(content) - 1}'}/{len(content)}")
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(max(0, len(content) - begin)))
        handler.end_headers()
        for place in range(begin, len(content), 65536):
            if stop is not None and place - begin >= stop:
                return handler.hang_up()
            time.sleep(pause)
            handler.wfile.write(content[place : min(place + 65536, len(content))])

    return Page(0, act=act)


def ranges(web):
    return [headers.get("Range") for place, _, headers in web.requests if place == "coco.example/train.zip"]


def nothing_else(path):
    return [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_comes_whole_with_nothing_left_beside_it_and_is_not_asked_for_twice(web, tmp_path):
    web.says("coco.example/train.zip", redirect("https://mirror.example/x"))
    web.says("mirror.example/x", served(CONTENT))
    path = tmp_path / "deep/train.zip"
    for _ in range(2):
        fetch_file(ADDRESS, path, SHA256, web.settings())
        assert path.read_bytes() == CONTENT and nothing_else(path)
    assert len(web.requests) == 2


def test_a_broken_connection_is_gone_on_from_as_often_as_bytes_come(web, tmp_path):
    web.says("coco.example/train.zip", served(CONTENT, stop=400_000))
    fetch_file(ADDRESS, tmp_path / "train.zip", SHA256, web.settings(tries=2))
    assert (tmp_path / "train.zip").read_bytes() == CONTENT
    asked = ranges(web)
    assert asked[0] is None and None not in asked[1:] and len(asked) >= 7


def test_a_stalled_connection_is_gone_on_from(web, tmp_path):
    def stalling(handler):
        handler.send_response(200)
        handler.send_header("ETag", '"one"')
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT[:100_000])
        loopback_web.silent(handler)

    web.says("coco.example/train.zip", Page(0, act=stalling), served(CONTENT))
    fetch_file(ADDRESS, tmp_path / "train.zip", SHA256, web.settings(stall=0.3))
    assert (tmp_path / "train.zip").read_bytes() == CONTENT and ranges(web) == [None, "bytes=100000-"]


@pytest.mark.parametrize("second", [served(CONTENT[::-1], etag='"two"'), served(CONTENT[::-1], ranges=False)])
def test_a_file_that_changed_meanwhile_or_a_server_without_ranges_is_begun_anew(web, tmp_path, second):
    web.says("coco.example/train.zip", served(CONTENT, stop=400_000), second)
    fetch_file(ADDRESS, tmp_path / "train.zip", hashlib.sha256(CONTENT[::-1]).hexdigest(), web.settings())
    assert (tmp_path / "train.zip").read_bytes() == CONTENT[::-1]


def test_a_weak_etag_is_never_gone_on_from(web, tmp_path):
    web.says("coco.example/train.zip", served(CONTENT, etag='W/"one"', stop=400_000), served(CONTENT))
    fetch_file(ADDRESS, tmp_path / "train.zip", SHA256, web.settings())
    assert ranges(web) == [None, None]


def test_a_part_that_was_whole_when_the_run_was_killed_is_only_checked(web, tmp_path):
    path = tmp_path / "train.zip"
    path.with_name("train.zip.part").write_bytes(CONTENT)
    files.write_json(path.with_name("train.zip.part.json"), {"validator": '"one"'})
    web.says("coco.example/train.zip", served(CONTENT))
    fetch_file(ADDRESS, path, SHA256, web.settings())
    assert path.read_bytes() == CONTENT and ranges(web) == [f"bytes={len(CONTENT)}-"]


def test_a_part_whose_bytes_changed_on_disk_is_fetched_anew(web, tmp_path):
    path = tmp_path / "train.zip"
    path.with_name("train.zip.part").write_bytes(b"?" + CONTENT[1:1_000_000])
    files.write_json(path.with_name("train.zip.part.json"), {"validator": '"one"'})
    web.says("coco.example/train.zip", served(CONTENT))
    fetch_file(ADDRESS, path, SHA256, web.settings())
    assert path.read_bytes() == CONTENT and ranges(web) == ["bytes=1000000-", None]


def test_a_file_with_another_hash_is_an_error_and_is_not_there(web, tmp_path):
    web.says("coco.example/train.zip", served(CONTENT))
    with pytest.raises(InputError, match=rf"train.zip: {ADDRESS} gave a file with SHA-256 {SHA256} instead of 0000.*correct"):
        fetch_file(ADDRESS, tmp_path / "train.zip", "0" * 64, web.settings())
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_file_at_the_place_is_replaced_and_without_a_hash_it_is_kept(web, tmp_path):
    web.says("coco.example/train.zip", served(CONTENT))
    path = tmp_path / "train.zip"
    path.write_bytes(b"old")
    fetch_file(ADDRESS, path, None, web.settings())
    assert path.read_bytes() == b"old"
    fetch_file(ADDRESS, path, SHA256, web.settings())
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "page", "words"),
    [
        (ADDRESS, Page(404), r"\(gone\); correct its address"),
        (ADDRESS, Page(503), r"\(server error\); run `dvc repro` to go on"),
        (ADDRESS, Page(body=b"x", headers=(("Content-Encoding", "gzip"),)), "encoded answer"),
        (ADDRESS, Page(body=b"x", length=1 << 30), "too large"),
        (ADDRESS, Page(headers=(("Transfer-Encoding", "chunked"),), act=loopback_web.endless), "too large"),
        (ADDRESS, redirect("http://127.0.0.1/x"), "address not allowed"),
        (ADDRESS, redirect(ADDRESS), "too many redirects"),
        ("https://coco.example/train.zip", redirect(ADDRESS), "redirected from https to http"),
        ("http://10.0.0.1/train.zip", Page(404), "address not allowed"),
    ],
)
def test_a_file_that_does_not_come_is_an_error_that_names_file_address_and_remedy(web, tmp_path, address, page, words):
    web.says("coco.example/train.zip", page)
    with pytest.raises(InputError, match=rf"{tmp_path}/train.zip: {address} did not give it .*{words}"):
        fetch_file(address, tmp_path / "train.zip", SHA256, web.settings(max_file_bytes=1 << 22))
    assert not (tmp_path / "train.zip").exists()


def test_a_full_disk_is_not_taken_for_a_broken_connection(web, tmp_path, monkeypatch):
    web.says("coco.example/train.zip", served(CONTENT))
    monkeypatch.setattr("clip_italian.data.fetching.spool.write_all", _full)
    with pytest.raises(InputError, match=r"train.zip.part: cannot be written \(No space left on device\); free space"):
        fetch_file(ADDRESS, tmp_path / "train.zip", SHA256, web.settings())
    assert len(web.requests) == 1


def _full(file, content):
    raise OSError(28, "No space left on device")


SCRIPT = """
import pathlib, sys
from clip_italian.data.fetching.large import fetch_file
from clip_italian.data.fetching.settings import FetchSettings
fetch_file(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], FetchSettings.model_validate_json(sys.argv[4]))
"""


def test_killed_at_any_moment_and_run_again_the_file_is_whole_and_no_byte_was_sent_twice(web, tmp_path):
    web.says("coco.example/train.zip", served(CONTENT, pause=0.02))
    path, rng = tmp_path / "train.zip", random.Random(17)
    command = [sys.executable, "-c", SCRIPT, ADDRESS, str(path), SHA256, web.settings().model_dump_json()]
    for _ in range(2):
        had, asked = part_size(path), len(web.requests)
        process = subprocess.Popen(command, start_new_session=True)
        while len(web.requests) == asked and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.02, 0.25))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert part_size(path) >= had and not path.exists()
    subprocess.run(command, check=True)
    assert path.read_bytes() == CONTENT and nothing_else(path)
    begins = [int(each.removeprefix("bytes=").rstrip("-")) for each in ranges(web) if each]
    assert begins == sorted(begins) and begins


def part_size(path: pathlib.Path) -> int:
    part = path.with_name(path.name + ".part")
    return part.stat().st_size if part.exists() else 0
