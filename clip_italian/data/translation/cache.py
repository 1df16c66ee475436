"""A cache of translations. A sentence is never translated twice by the same engine, even if the run is killed."""

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence

from clip_italian.errors import InputError

AT_ONCE = 500  # sentences in one query; SQLite's own bound on parameters is higher
SCHEMA = """CREATE TABLE IF NOT EXISTS translations (
    direction TEXT, engine TEXT, version TEXT, sentence TEXT, translation TEXT NOT NULL,
    PRIMARY KEY (direction, engine, version, sentence)
) WITHOUT ROWID"""

Key = tuple[str, str, str]  # direction, engine, version


class Cache:
    """An SQLite file of translations by (direction, engine, version, sentence), of one process at a time."""

    def __init__(self, path: pathlib.Path) -> None:
        """Opens or makes the file; raises InputError when it is no such file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = sqlite3.connect(path)
        with self._readable():
            self._file.execute(SCHEMA)

    def __enter__(self) -> "Cache":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, key: Key, sentences: Sequence[str]) -> dict[str, str]:
        """The translations that there are."""
        found: dict[str, str] = {}
        for start in range(0, len(sentences), AT_ONCE):
            part = sentences[start : start + AT_ONCE]
            places = ",".join("?" * len(part))
            query = "SELECT sentence, translation FROM translations WHERE direction = ? AND engine = ? AND version = ? "
            with self._readable():
                found |= dict(self._file.execute(query + f"AND sentence IN ({places})", (*key, *part)).fetchall())
        return found

    def put(self, key: Key, translations: dict[str, str]) -> None:
        """Keeps the translations, all or none; they survive whatever happens afterwards."""
        rows = [(*key, *item) for item in translations.items()]
        with self._readable(), self._file:
            self._file.executemany("INSERT OR REPLACE INTO translations VALUES (?, ?, ?, ?, ?)", rows)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self._path}: cannot be used ({error}); repair it, or delete it and translate anew") from None


class Met:
    """The sentences met so far in this run: in a file that nobody sees, for there may be millions."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE met (sentence TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> "Met":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def first(self, sentences: Sequence[str]) -> list[str]:
        """Those of the sentences that were not met before, each once, in their order."""
        insert = "INSERT OR IGNORE INTO met VALUES (?)"
        return [one for one in dict.fromkeys(sentences) if self._file.execute(insert, (one,)).rowcount == 1]
