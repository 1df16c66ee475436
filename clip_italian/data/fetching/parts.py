"""A part of the requested images: a zip, and a JSON file beside it that lists the fetched and the missing images.

    images-00000.spool   the answers so far (spool.py)
    images-00000.zip     after the last answer: the images, in the order of the requests
    images-00000.json    last: the zip's SHA-256, `pictures` with name, address, bytes, SHA-256, `missing` ones with the reason

A part is finished when its JSON file has an answer to every request and the zip has the bytes that it states. Otherwise all
unchanged answers are kept, and only the others are requested again.
"""

import json
import pathlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clip_italian import files
from clip_italian.data import archives
from clip_italian.data.fetching.answers import TEMPORARY, Answer, ImageRequest, answer_of
from clip_italian.data.fetching.spool import Spool

DAMAGES = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)  # what zipfile raises


class Part:
    """The requests of one zip, with the answers found at `stem`; `pending` are those without an answer."""

    def __init__(self, stem: pathlib.Path, requests: list[ImageRequest]) -> None:
        self.stem = stem
        self._requests = requests
        self._spool: Spool | None = None
        self.pending: list[ImageRequest] = []
        if not self._is_finished():
            self._spool, own = Spool(stem.with_suffix(".spool")), set(requests)
            for answer, content in _unchanged(stem):
                if answer.request in own and answer.request not in self._spool.answers:
                    self._spool.add(answer, content)
            self.pending = [request for request in requests if request not in self._spool.answers]
        self._left = len(self.pending)

    def _is_finished(self) -> bool:
        answers = {answer.request: answer for answer, _ in _unchanged(self.stem)}
        if answers.keys() != set(self._requests):
            return False
        stated = self.stem.with_suffix(".json").read_bytes()
        return stated == files.dumps(self._contents(answers)).encode()

    def add(self, answer: Answer, content: bytes) -> bool:
        """Stores an answer; returns whether it was the last one."""
        assert self._spool is not None, "a finished part takes no answers"
        self._spool.add(answer, content)
        self._left -= 1
        return not self._left

    @property
    def is_complete(self) -> bool:
        """Whether all answers are stored and only `publish` remains."""
        return self._spool is not None and not self._left

    def publish(self) -> None:
        """Writes the zip, then the JSON file, each atomically, and deletes the spool."""
        assert self._spool is not None, "a finished part is published"
        with files.replacing(self.stem.with_suffix(".zip")) as temporary, zipfile.ZipFile(temporary, "w") as zipped:
            for answer, content in self._spool.contents(self._requests):
                if answer.reason is None:
                    archives.add(zipped, answer.request.name, content)
        files.write_json(self.stem.with_suffix(".json"), self._contents(self._spool.answers))
        self._spool.close()
        self._spool.path.unlink()
        self._spool = None

    def _contents(self, answers: Mapping[ImageRequest, Answer]) -> dict[str, Any]:
        ordered = [answers[request] for request in self._requests]
        return {
            "pictures": [answer.as_dict() for answer in ordered if answer.reason is None],
            "missing": [answer.as_dict() for answer in ordered if answer.reason is not None],
            "sha256": files.sha256(self.stem.with_suffix(".zip")),
        }


def _stated(stem: pathlib.Path) -> list[Answer]:
    content = json.loads(stem.with_suffix(".json").read_bytes())
    return [answer_of(entry) for entry in content["pictures"] + content["missing"]]


def _unchanged(stem: pathlib.Path) -> Iterator[tuple[Answer, bytes]]:
    """The answers of the JSON file at `stem` whose images are unchanged, with their bytes; none if it cannot be read."""
    try:
        stated, zipped = _stated(stem), zipfile.ZipFile(stem.with_suffix(".zip"))
    except DAMAGES:
        return
    with zipped:
        for answer in stated:
            content = b"" if answer.reason else _member(zipped, answer)
            if content is not None:
                yield answer, content


def _member(zipped: zipfile.ZipFile, answer: Answer) -> bytes | None:
    """The bytes of an image, or None if they have changed."""
    name = answer.request.name
    try:
        content = zipped.read(name) if zipped.getinfo(name).file_size == answer.size else b""
    except DAMAGES:
        return None
    return content if len(content) == answer.size and answer.holds(content) else None


def answers(stems: Iterable[pathlib.Path]) -> Iterator[Answer]:
    """Yields the answers of finished parts."""
    for stem in stems:
        yield from _stated(stem)


def forget_temporary(stem: pathlib.Path) -> None:
    """Deletes temporary failures from a finished part, so that the next run requests those images again."""
    content = files.read_json(stem.with_suffix(".json"))
    content["missing"] = [entry for entry in content["missing"] if entry["reason"] not in TEMPORARY]
    files.write_json(stem.with_suffix(".json"), content)
