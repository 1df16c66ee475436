"""The pictures of an index that are nearest to a text or a picture, exactly: every vector is looked at."""

import os
import pathlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow.feather  # type: ignore[import-untyped]
from jaxtyping import Float, Int

from clip_italian.errors import InputError
from clip_italian.use import loading
from clip_italian.use.index import store
from clip_italian.use.model import Clip

LONGEST = 2000  # characters of a query: far more than a tower reads


class Hit(NamedTuple):
    """A picture that was found."""

    score: float  # cosine
    path: pathlib.Path
    copies: tuple[pathlib.Path, ...]  # files of the same bytes


class Index:
    """An index on disk, whose vectors are mapped into memory.

    `origin` says of which model and pictures. Raises InputError when the folder is none, or damaged.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.origin = path, store.origin(path)
        store.check(path)
        self.vectors: Float[np.ndarray, "n p"] = store.vectors(path)
        self._table = pyarrow.feather.read_table(str(path / store.PICTURES), memory_map=True)

    def __len__(self) -> int:
        return len(self.vectors)

    def model(self, other: str | None = None) -> Clip:
        """The model that the index is by, loaded from where it was or from `other`; raises InputError if it is another now."""
        model = loading.load(other or self.origin.model, images=self.origin.images)
        store.check_model(self.path, self.origin, loading.digests(model))
        return model

    def picture(self, row: int) -> pathlib.Path:
        """The file whose vector is in that row."""
        return store.pictures_folder(self.path, self.origin) / self._table["path"][row].as_py()

    def nearest(self, query: Float[np.ndarray, " p"], count: int) -> list[Hit]:
        """The pictures of the highest cosines with a unit vector; files of the same bytes are one.

        Of equal cosines the first path comes first.
        """
        scores, looked_at = _scores(self.vectors, query), count
        while True:
            hits = self._hits(_best(scores, looked_at), scores)
            if len(hits) >= count or looked_at >= len(scores):
                return hits[:count]
            looked_at *= 2

    def _hits(self, rows: Int[np.ndarray, " k"], scores: Float[np.ndarray, " n"]) -> list[Hit]:
        found: dict[str, list[int]] = {}
        for row in rows.tolist():
            found.setdefault(self._table["sha256"][row].as_py(), []).append(row)
        hits = []
        for same in found.values():
            first, *others = map(self.picture, same)
            hits.append(Hit(float(scores[same[0]]), first, tuple(others)))
        return hits


def _scores(vectors: Float[np.ndarray, "n p"], query: Float[np.ndarray, " p"]) -> Float[np.ndarray, " n"]:
    """All cosines. What takes the time is to read the vectors, of which every core reads a share."""
    scores = np.empty(len(vectors), np.float32)
    edges = np.linspace(0, len(vectors), (os.cpu_count() or 1) + 1).astype(int).tolist()

    def score(start: int, stop: int) -> None:
        np.matmul(vectors[start:stop], query, out=scores[start:stop])

    with ThreadPoolExecutor(len(edges) - 1) as pool:
        list(pool.map(score, edges[:-1], edges[1:]))
    return scores


def _best(scores: Float[np.ndarray, " n"], count: int) -> Int[np.ndarray, " k"]:
    """The rows of the highest scores, highest first, and of equal ones the first row first."""
    rows = np.arange(len(scores))
    if count < len(scores):
        rows = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return rows[np.lexsort((rows, -scores[rows]))][:count]


def query_of(model: Clip, text: str) -> Float[np.ndarray, " p"]:
    """The unit vector of a text that passes `check_query`."""
    check_query(text)
    return model.encode_text([text])[0]


def check_query(text: str) -> None:
    """Raises InputError for a query that is empty, or longer than anybody means."""
    if not text.strip():
        raise InputError("the query is empty; say what is to be seen, such as `due cavalli marroni`")
    if len(text) > LONGEST:
        raise InputError(f"the query has {len(text):,} characters, at most {LONGEST:,} are taken; say it in a sentence")
