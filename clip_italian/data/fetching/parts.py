"""A part of the wanted images: a zip, and a JSON file beside it that lists the fetched and the missing images.

    images-00000.spool   while answers come (spool.py)
    images-00000.zip     when all are there: the images, in the order wanted
    images-00000.json    last: the zip's SHA-256, `pictures` with name, address, bytes, SHA-256, `missing` ones with the reason

A part is finished when its JSON file answers for every wanted image and the zip has the bytes that it states. Of a part that
is not, whatever holds is kept, and only the rest is asked for again.
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
    """The wanted images of one zip, as they are found below `stem`; `open_ones` are those still to be asked for."""

    def __init__(self, stem: pathlib.Path, wanted: list[ImageRequest]) -> None:
        self.stem = stem
        self._wanted = wanted
        self._spool: Spool | None = None
        self.open_ones: list[ImageRequest] = []
        self._left = 0
        if not self._is_finished():
            self._spool = self._reopened()
            self.open_ones = [each for each in wanted if each not in self._spool.answers]
            self._left = len(self.open_ones)

    def _is_finished(self) -> bool:
        answers = {answer.wanted: answer for answer, _ in _holding(self.stem)}
        if answers.keys() != set(self._wanted):
            return False
        stated = self.stem.with_suffix(".json").read_bytes()
        return stated == files.dumps(self._contents(answers)).encode()

    def _reopened(self) -> Spool:
        spool, own = Spool(self.stem.with_suffix(".spool")), set(self._wanted)
        for answer, content in _holding(self.stem):
            if answer.wanted in own and answer.wanted not in spool.answers:
                spool.add(answer, content)
        return spool

    def add(self, answer: Answer, content: bytes) -> bool:
        """Keeps the answer to a wanted image; whether it was the last one."""
        assert self._spool is not None, "a finished part takes no answers"
        self._spool.add(answer, content)
        self._left -= 1
        return not self._left

    @property
    def is_complete(self) -> bool:
        """Whether every answer is there and only `publish` is left to do."""
        return self._spool is not None and not self._left

    def publish(self) -> None:
        """Writes the zip, then the JSON file, each whole or not at all, and drops the spool."""
        assert self._spool is not None, "a finished part is published"
        with files.replacing(self.stem.with_suffix(".zip")) as temporary, zipfile.ZipFile(temporary, "w") as zipped:
            for answer, content in self._spool.contents(self._wanted):
                if answer.reason is None:
                    archives.add(zipped, answer.name, content)
        files.write_json(self.stem.with_suffix(".json"), self._contents(self._spool.answers))
        self._spool.close()
        self._spool.path.unlink()
        self._spool = None

    def _contents(self, answers: Mapping[ImageRequest, Answer]) -> dict[str, Any]:
        ordered = [answers[each] for each in self._wanted]
        return {
            "pictures": [answer.as_dict() for answer in ordered if answer.reason is None],
            "missing": [answer.as_dict() for answer in ordered if answer.reason is not None],
            "sha256": files.sha256(self.stem.with_suffix(".zip")),
        }


def _stated(stem: pathlib.Path) -> list[Answer]:
    content = json.loads(stem.with_suffix(".json").read_bytes())
    return [answer_of(entry) for entry in content["pictures"] + content["missing"]]


def _holding(stem: pathlib.Path) -> Iterator[tuple[Answer, bytes]]:
    """The answers of the JSON file below `stem` that still hold, with the images' bytes; none where it cannot be read."""
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
    """The bytes of an image, or None where they are not what they were."""
    try:
        content = zipped.read(answer.name) if zipped.getinfo(answer.name).file_size == answer.size else b""
    except DAMAGES:
        return None
    return content if len(content) == answer.size and answer.holds(content) else None


def answers(stems: Iterable[pathlib.Path]) -> Iterator[Answer]:
    """The answers of finished parts."""
    for stem in stems:
        yield from _stated(stem)


def forget_temporary(stem: pathlib.Path) -> None:
    """Strikes the failures that may pass from a finished part, so that the next run asks again for those images alone."""
    content = files.read_json(stem.with_suffix(".json"))
    content["missing"] = [entry for entry in content["missing"] if entry["reason"] not in TEMPORARY]
    files.write_json(stem.with_suffix(".json"), content)
