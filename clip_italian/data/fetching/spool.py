"""The answers of an unfinished part, in the order in which they came: one file that only grows.

A record is a line of JSON, then the picture's bytes. Whatever a kill or a fault of the disk has done to a record shows in its
hash; the file is cut before the first record that does not hold, and what followed is asked for again.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from clip_italian.data.fetching.reasons import Reason
from clip_italian.errors import InputError

LINE = 1 << 20  # bytes of a record's line at most: an address has some hundred


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A picture of the web, and the name that it gets in the archive."""

    address: str
    name: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an address gave: a picture of so many bytes, or the reason why there is none."""

    address: str
    name: str
    size: int = 0  # bytes
    sha256: str = ""
    reason: Reason | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.address, self.name)

    def holds(self, content: bytes) -> bool:
        """Whether these are the picture's bytes, unchanged."""
        return self.reason is not None or hashlib.sha256(content).hexdigest() == self.sha256

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        about = {"bytes": self.size, "sha256": self.sha256} if self.reason is None else {"reason": self.reason.value}
        return {"address": self.address, "name": self.name, **about}


def answer_of(entry: dict[str, object]) -> Answer:
    """The answer that `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
    address, name = entry["address"], entry["name"]
    if not isinstance(address, str) or not isinstance(name, str):
        raise TypeError("an address and a name")
    if "reason" in entry:
        return Answer(address, name, reason=Reason(str(entry["reason"])))
    size, sha256 = entry["bytes"], entry["sha256"]
    if not isinstance(size, int) or not isinstance(sha256, str) or size < 0:
        raise TypeError("a size and a hash")
    return Answer(address, name, size, sha256)


def came(wanted: Wanted, content: bytes) -> Answer:
    """The answer of a picture that was got."""
    return Answer(wanted.address, wanted.name, len(content), hashlib.sha256(content).hexdigest())


def write_all(file: BinaryIO, content: bytes) -> None:
    """Writes to an unbuffered file, which may take a part at a time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def cannot_be_written(error: OSError) -> str:
    """What to do about a file that takes nothing more."""
    return f"cannot be written ({error.strerror or error}); free space or fix permissions"


class Spool:
    """The file at `path`, made where it is missing, with every answer that it holds."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.answers: dict[Wanted, Answer] = {}
        self._places: dict[Wanted, int] = {}  # where each picture's bytes begin
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

    def contents(self, wanted: Iterable[Wanted]) -> Iterator[tuple[Answer, bytes]]:
        """The answers to the wanted, in that order, with the pictures' bytes; raises InputError where the disk has changed them."""
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
