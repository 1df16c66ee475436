"""A persistent cache of translations, so that an engine translates each sentence once, even if a run is killed."""

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence

from clip_italian.data import workers
from clip_italian.errors import InputError

AT_ONCE = 500  # sentences in one query; SQLite allows more parameters
SCHEMA = """CREATE TABLE IF NOT EXISTS translations (
    direction TEXT, engine TEXT, version TEXT, sentence TEXT, translation TEXT NOT NULL,
    PRIMARY KEY (direction, engine, version, sentence)
) WITHOUT ROWID"""

Key = tuple[str, str, str]  # direction, engine, version


class Cache(contextlib.AbstractContextManager["Cache"]):
    """An SQLite file of translations by (direction, engine, version, sentence), for one process at a time."""

    def __init__(self, path: pathlib.Path) -> None:
        """Opens or creates the file; raises InputError if it is not such a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = sqlite3.connect(path)
        with self._readable():
            self._file.execute(SCHEMA)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, key: Key, sentences: Sequence[str]) -> dict[str, str]:
        """Returns the known translations, by sentence."""
        found: dict[str, str] = {}
        query = "SELECT sentence, translation FROM translations WHERE direction = ? AND engine = ? AND version = ? AND sentence IN "
        for part in workers.parts(sentences, AT_ONCE):
            with self._readable():
                found |= dict(self._file.execute(f"{query}({','.join('?' * len(part))})", (*key, *part)).fetchall())
        return found

    def put(self, key: Key, translations: dict[str, str]) -> None:
        """Stores translations in one transaction, so that a later kill does not lose them."""
        rows = [(*key, *item) for item in translations.items()]
        with self._readable(), self._file:
            self._file.executemany("INSERT OR REPLACE INTO translations VALUES (?, ?, ?, ?, ?)", rows)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self._path}: cannot be used ({error}); repair it, or delete it and translate anew") from None


class Met(contextlib.AbstractContextManager["Met"]):
    """The set of sentences of this run so far, in a temporary file, because there may be millions."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE met (sentence TEXT PRIMARY KEY) WITHOUT ROWID")

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def first(self, sentences: Sequence[str]) -> list[str]:
        """Adds the sentences; returns those that are new, each once, in order."""
        insert = "INSERT OR IGNORE INTO met VALUES (?)"
        return [one for one in dict.fromkeys(sentences) if self._file.execute(insert, (one,)).rowcount == 1]
