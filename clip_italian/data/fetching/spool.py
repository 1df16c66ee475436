"""The answers of an unfinished part, in the order in which they came: one file that only grows.

A record is a line of JSON, then the image's bytes. Whatever a kill or a fault of the disk has done to a record shows in its
hash; the file is cut before the first record that does not hold, and what followed is asked for again.
"""

import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from clip_italian.data.fetching.answers import Answer, ImageRequest, answer_of
from clip_italian.errors import InputError

LINE = 1 << 20  # bytes of a record's line at most: an address has some hundred


def write_all(file: BinaryIO, content: bytes) -> None:
    """Writes to an unbuffered file, which may take a part at a time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def cannot_be_written(error: OSError) -> str:
    """Returns the message for a file that cannot be written, with a remedy."""
    return f"cannot be written ({error.strerror or error}); free space or fix permissions"


class Spool:
    """The file at `path`, made where it is missing, with every answer that it holds."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.answers: dict[ImageRequest, Answer] = {}
        self._places: dict[ImageRequest, int] = {}  # where each image's bytes begin
        path.touch()
        with open(path, "r+b") as file:
            end = 0
            while self._recover(file):
                end = file.tell()
            file.truncate(end)
        self._end = end
        self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by `close`)

    def _recover(self, file: BinaryIO) -> bool:
        """Takes the record at the file's place; False where there is no whole one."""
        try:
            answer = answer_of(json.loads(file.readline(LINE)))
        except (ValueError, KeyError, TypeError):
            return False
        place = file.tell()
        if not answer.holds(file.read(answer.size)):
            return False
        self._take(answer, place)
        return True

    def _take(self, answer: Answer, place: int) -> None:
        self.answers[answer.wanted] = answer
        self._places[answer.wanted] = place

    def add(self, answer: Answer, content: bytes) -> None:
        """Keeps an answer; a kill after this loses nothing of it."""
        line = json.dumps(answer.as_dict()).encode() + b"\n"
        try:
            write_all(self._file, line + content)
        except OSError as error:
            raise InputError(f"{self.path}: {cannot_be_written(error)}") from error
        self._take(answer, self._end + len(line))
        self._end += len(line) + len(content)

    def contents(self, wanted: Iterable[ImageRequest]) -> Iterator[tuple[Answer, bytes]]:
        """The answers to the wanted, in that order, with the images' bytes; raises InputError where the disk has changed them."""
        with open(self.path, "rb") as file:
            for each in wanted:
                answer = self.answers[each]
                file.seek(self._places[each])
                content = file.read(answer.size)
                if not answer.holds(content):
                    raise InputError(f"{self.path}: changed on disk; run `dvc repro` again to fetch what was lost")
                yield answer, content

    def close(self) -> None:
        self._file.close()
