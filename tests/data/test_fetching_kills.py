"""Killed at any moment and run again, fetching ends with the same bytes and asks for nothing that it had."""

import os
import random
import signal
import subprocess
import sys
import time

from clip_italian import files
from clip_italian.data.fetching.answers import ImageRequest
from clip_italian.data.fetching.images import fetch_images
from clip_italian.data.fetching.spool import Spool
from tests.helpers import loopback_web
from tests.helpers.loopback_web import Page, picture

SCRIPT = """
import pathlib, sys
from clip_italian.data.fetching.images import fetch_images
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.fetching.answers import ImageRequest
wanted = [ImageRequest(*line.split()) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
fetch_images(wanted, pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), FetchSettings.model_validate_json(sys.argv[4]))
"""
COUNT = 400


def publish(web):
    """Pictures of several hosts, some of them dead, some opted out, some failing at first."""
    wanted = []
    for number in range(COUNT):
        host = f"h{number % 7}.example"
        wanted.append(ImageRequest(f"http://{host}/{number}", f"n{number}"))
        page = Page(body=picture(str(number), 3000))
        if number % 11 == 0:
            page = Page(404)
        elif number % 13 == 0:
            page = Page(body=b"x", headers=(("X-Robots-Tag", "noai"),))
        web.says(f"{host}/{number}", *([Page(500)] if number % 17 == 0 else []), page)
    return wanted


def kept(state):
    """The addresses whose answers are on disk."""
    found = set()
    for path in state.glob("images-*.json"):
        content = files.read_json(path)
        found |= {entry["address"] for entry in content["pictures"] + content["missing"]}
    for path in state.glob("images-*.spool"):
        found |= {wanted.address for wanted in Spool(path).answers}
    return {address.removeprefix("http://") for address in found}


def test_five_kills_at_random_moments_change_no_byte_and_nothing_kept_is_asked_for_again(tmp_path):
    with loopback_web.serving() as web:
        fetch_images(publish(web), tmp_path / "whole", tmp_path / "whole-state", web.settings(part=50))
        wanted = publish(web)
        (tmp_path / "wanted").write_text("".join(f"{each.address} {each.name}\n" for each in wanted))
        web.pause, rng = 0.01, random.Random(2021)
        settings = web.settings(part=50, concurrency=4).model_dump_json()
        state, raw = tmp_path / "state", tmp_path / "raw"
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "wanted"), str(raw), str(state), settings]
        had, progress = set(), []
        for _ in range(5):
            web.requests.clear()
            process = subprocess.Popen(command, start_new_session=True)
            while not web.requests and process.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.uniform(0.0, 0.15))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert not had & {place for place, _, _ in web.requests}
            assert not list(raw.glob("images-*"))
            had = kept(state)
            progress.append(len(had))
        assert progress == sorted(progress) and 0 < progress[-1] < COUNT, progress
        web.requests.clear()
        subprocess.run(command, check=True)
        assert not had & {place for place, _, _ in web.requests}
        assert files.tree_digest(raw) == files.tree_digest(tmp_path / "whole")


def test_killed_while_parts_are_published_and_delivered_nothing_is_lost(tmp_path, monkeypatch):
    """Every rename and link of the run is a moment to be killed at: each in turn is the last thing that happens."""
    with loopback_web.serving() as web:
        wanted = publish(web)[:40]
        fetch_images(wanted, tmp_path / "whole", tmp_path / "whole-state", web.settings(part=20))
        asked = len(web.requests)
        state, moments = tmp_path / "state", 0
        while True:
            with monkeypatch.context() as patched:
                left = [moments]
                for name in ("replace", "link", "unlink"):
                    patched.setattr(os, name, _dying(getattr(os, name), left))
                try:
                    fetch_images(wanted, tmp_path / "raw", state, web.settings(part=20))
                    break
                except Killed:
                    moments += 1
            for left_behind in tmp_path.rglob(".*.tmp"):  # the next process removes those of dead ones
                left_behind.unlink()
        assert moments > 10
        assert files.tree_digest(tmp_path / "raw") == files.tree_digest(tmp_path / "whole")
        repeated = len(web.requests) - asked
        assert repeated <= 2 * asked, "answers were thrown away"


class Killed(BaseException):
    """Not to be caught."""


def _dying(function, left):
    def step(*arguments, **named):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return function(*arguments, **named)

    return step
