"""Nearest-neighbour search of an index: exact, over all vectors, or approximate, with a graph."""

import os
import pathlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow
import pyarrow.feather
from jaxtyping import Float, Int

from clip_italian.checkpoints import loading
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.use.search import store
from clip_italian.use.search.approximate import Graph

LONGEST = 2000  # characters of a query: far more than a text tower's max_length


class Hit(NamedTuple):
    """An image that a search returns."""

    score: float  # cosine
    path: store.Image
    copies: tuple[store.Image, ...]  # files of the same bytes


class Index:
    """An index on disk, with memory-mapped vectors; `origin` names its model and its images.

    With `approximate`, for millions of images, a search compares the query with few of them and may miss some of the nearest. This
    needs a graph, which takes minutes to build and is stored in the index's folder. Raises InputError if the folder is not an
    index or is damaged, and with `approximate` also if usearch is not installed.
    """

    def __init__(self, path: pathlib.Path, approximate: bool = False) -> None:
        self.path, self.origin = path, store.origin(path)
        store.check(path)
        self.vectors: Float[np.ndarray, "n p"] = store.vectors(path)
        self._table = pyarrow.feather.read_table(str(path / store.PICTURES), memory_map=True)
        self._file_of = store.files_of(store.images_folder(path, self.origin))
        self._copies = Copies(self._table["sha256"])
        self._graph = Graph(path, self.vectors, self._copies.firsts) if approximate else None

    def __len__(self) -> int:
        return len(self.vectors)

    def model(self, other: str | None = None) -> Model:
        """The index's model, loaded from its recorded path or from `other`; raises InputError if its files are different."""
        model = loading.load(other or self.origin.model, images=self.origin.images)
        store.check_model(self.path, self.origin, model.digests())
        return model

    def image(self, row: int) -> store.Image:
        """The image file of a row."""
        return self._file_of(self._table["path"][row].as_py())

    def nearest(self, query: Float[np.ndarray, " p"], count: int) -> list[Hit]:
        """Returns the `count` images with the highest cosine to the unit vector `query`, best first.

        Ties are in the order of the paths. Files with the same bytes are one hit.
        """
        if self._graph:
            contents = self._graph.near(query, count)
            scores = self.vectors[self._copies.firsts[contents]] @ query
        else:
            scores = _scores(self.vectors, query)[self._copies.firsts]
            contents = np.arange(len(scores))
        best = _best(scores, count)
        return [self._hit(content, score) for content, score in zip(contents[best].tolist(), scores[best].tolist(), strict=True)]

    def _hit(self, content: int, score: float) -> Hit:
        first, *others = map(self.image, self._copies.rows(content))
        return Hit(score, first, tuple(others))


class Copies:
    """Groups of rows whose files have the same bytes; `firsts` has the first row of each distinct content, ascending."""

    def __init__(self, digests: pyarrow.ChunkedArray) -> None:
        contents = np.from_dlpack(digests.combine_chunks().dictionary_encode().indices)  # `to_numpy` imports pandas
        self._order: Int[np.ndarray, " n"] = np.argsort(contents, kind="stable")
        starts = np.unique(contents[self._order], return_index=True)[1]
        self._edges = np.append(starts, len(contents))
        self.firsts: Int[np.ndarray, " m"] = self._order[starts]

    def rows(self, content: int) -> list[int]:
        """The rows of a content, ascending; `content` is an index in `firsts`."""
        return self._order[self._edges[content] : self._edges[content + 1]].tolist()


def _scores(vectors: Float[np.ndarray, "n p"], query: Float[np.ndarray, " p"]) -> Float[np.ndarray, " n"]:
    """The cosines of all rows; every core reads a share of the vectors, since reading them takes most of the time."""
    scores = np.empty(len(vectors), np.float32)
    edges = np.linspace(0, len(vectors), (os.cpu_count() or 1) + 1).astype(int).tolist()

    def score(start: int, stop: int) -> None:
        np.matmul(vectors[start:stop], query, out=scores[start:stop])

    with ThreadPoolExecutor(len(edges) - 1) as pool:
        list(pool.map(score, edges[:-1], edges[1:]))
    return scores


def _best(scores: Float[np.ndarray, " n"], count: int) -> Int[np.ndarray, " k"]:
    """The rows of the `count` highest scores, highest first; ties in the order of the rows."""
    rows = np.arange(len(scores))
    if count < len(scores):
        rows = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return rows[np.lexsort((rows, -scores[rows]))][:count]


def query_of(model: Model, text: str) -> Float[np.ndarray, " p"]:
    """The unit vector of a text that passes `check_query`."""
    check_query(text)
    return model.encode_text([text])[0]


def check_query(text: str) -> None:
    """Raises InputError for a query that is empty or longer than LONGEST characters."""
    if not text.strip():
        raise InputError("the query is empty; describe what the image shows, such as `due cavalli marroni`")
    if len(text) > LONGEST:
        raise InputError(f"the query has {len(text):,} characters, but at most {LONGEST:,} are allowed; write one sentence")
