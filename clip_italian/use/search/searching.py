"""The pictures of an index that are nearest to a text or a picture: exactly, every vector is looked at, or by a graph."""

import os
import pathlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.feather  # type: ignore[import-untyped]
from jaxtyping import Float, Int

from clip_italian.checkpoints import loading
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.use.search import store
from clip_italian.use.search.approximate import Graph

LONGEST = 2000  # characters of a query: far more than a tower reads


class Hit(NamedTuple):
    """A picture that was found."""

    score: float  # cosine
    path: store.Image
    copies: tuple[store.Image, ...]  # files of the same bytes


class Index:
    """An index on disk, whose vectors are mapped into memory.

    `origin` says of which model and pictures. An approximate one is for millions of pictures: it looks at few of them, may miss
    some of the nearest, and keeps a graph in the folder, which takes minutes to make. Raises InputError when the folder is no
    index, or damaged, and for an approximate one also when usearch is not installed.
    """

    def __init__(self, path: pathlib.Path, approximate: bool = False) -> None:
        self.path, self.origin = path, store.origin(path)
        store.check(path)
        self.vectors: Float[np.ndarray, "n p"] = store.vectors(path)
        self._table = pyarrow.feather.read_table(str(path / store.PICTURES), memory_map=True)
        self._file_of = store.files_of(store.pictures_folder(path, self.origin))
        self._copies = Copies(self._table["sha256"])
        self._graph = Graph(path, self.vectors, self._copies.firsts) if approximate else None

    def __len__(self) -> int:
        return len(self.vectors)

    def model(self, other: str | None = None) -> Model:
        """The model that the index is by, loaded from where it was or from `other`; raises InputError if it is another now."""
        model = loading.load(other or self.origin.model, images=self.origin.images)
        store.check_model(self.path, self.origin, model.digests())
        return model

    def picture(self, row: int) -> store.Image:
        """The file whose vector is in that row."""
        return self._file_of(self._table["path"][row].as_py())

    def nearest(self, query: Float[np.ndarray, " p"], count: int) -> list[Hit]:
        """The pictures of the highest cosines with a unit vector; files of the same bytes are one.

        Of equal cosines the first path comes first.
        """
        if self._graph:
            places = self._graph.near(query, count)
            scores = self.vectors[self._copies.firsts[places]] @ query
        else:
            scores = _scores(self.vectors, query)[self._copies.firsts]
            places = np.arange(len(scores))
        best = _best(scores, count)
        return [self._hit(place, score) for place, score in zip(places[best].tolist(), scores[best].tolist(), strict=True)]

    def _hit(self, place: int, score: float) -> Hit:
        first, *others = map(self.picture, self._copies.rows(place))
        return Hit(score, first, tuple(others))


class Copies:
    """Which rows are of the same bytes. `firsts` has the first row of each content, ascending."""

    def __init__(self, digests: pyarrow.ChunkedArray) -> None:
        contents = np.from_dlpack(digests.combine_chunks().dictionary_encode().indices)  # `to_numpy` imports pandas
        self._order: Int[np.ndarray, " n"] = np.argsort(contents, kind="stable")
        starts = np.unique(contents[self._order], return_index=True)[1]
        self._edges = np.append(starts, len(contents))
        self.firsts: Int[np.ndarray, " m"] = self._order[starts]

    def rows(self, place: int) -> list[int]:
        """The rows of the content at a place of `firsts`, ascending."""
        return self._order[self._edges[place] : self._edges[place + 1]].tolist()


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


def query_of(model: Model, text: str) -> Float[np.ndarray, " p"]:
    """The unit vector of a text that passes `check_query`."""
    check_query(text)
    return model.encode_text([text])[0]


def check_query(text: str) -> None:
    """Raises InputError for a query that is empty, or longer than anybody means."""
    if not text.strip():
        raise InputError("the query is empty; say what is to be seen, such as `due cavalli marroni`")
    if len(text) > LONGEST:
        raise InputError(f"the query has {len(text):,} characters, at most {LONGEST:,} are taken; say it in a sentence")
