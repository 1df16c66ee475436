"""An append-only file of the answers of an unfinished part.

A record is a line of JSON and the image's bytes. A record that a kill or a disk fault has damaged is found by its hash; the file is
truncated before the first damaged record, and the images from there on are requested again.
"""

import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from clip_italian.data.fetching.answers import Answer, ImageRequest, answer_of
from clip_italian.errors import InputError

LINE = 1 << 20  # largest line of a record, in bytes; an address has some hundred


def write_all(file: BinaryIO, content: bytes) -> None:
    """Writes all of `content` to an unbuffered file, whose `write` may write only a part."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def cannot_be_written(error: OSError) -> str:
    """Returns the message for a file that cannot be written, with a remedy."""
    return f"cannot be written ({error.strerror or error}); free space or fix permissions"


class Spool:
    """The file at `path`, created if missing, and its answers by request."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.answers: dict[ImageRequest, Answer] = {}
        self._offsets: dict[ImageRequest, int] = {}  # of each image's bytes
        path.touch()
        with open(path, "r+b") as file:
            end = 0
            while self._recover(file):
                end = file.tell()
            file.truncate(end)
        self._end = end
        self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by `close`)

    def _recover(self, file: BinaryIO) -> bool:
        """Reads the next record; returns False if there is no undamaged one."""
        try:
            answer = answer_of(json.loads(file.readline(LINE)))
        except (ValueError, KeyError, TypeError):
            return False
        offset = file.tell()
        if not answer.holds(file.read(answer.size)):
            return False
        self.answers[answer.request], self._offsets[answer.request] = answer, offset
        return True

    def add(self, answer: Answer, content: bytes) -> None:
        """Appends an answer; a later kill of the process does not lose it."""
        line = json.dumps(answer.as_dict()).encode() + b"\n"
        try:
            write_all(self._file, line + content)
        except OSError as error:
            raise InputError(f"{self.path}: {cannot_be_written(error)}") from error
        self.answers[answer.request], self._offsets[answer.request] = answer, self._end + len(line)
        self._end += len(line) + len(content)

    def contents(self, requests: Iterable[ImageRequest]) -> Iterator[tuple[Answer, bytes]]:
        """Yields the answers to the requests, in order, with the images' bytes; raises InputError if they have changed on disk."""
        with open(self.path, "rb") as file:
            for request in requests:
                answer = self.answers[request]
                file.seek(self._offsets[request])
                content = file.read(answer.size)
                if not answer.holds(content):
                    raise InputError(f"{self.path}: changed on disk; run `dvc repro` again to fetch what was lost")
                yield answer, content

    def close(self) -> None:
        self._file.close()
