"""Approximate nearest-neighbour search with a graph over an index's images (HNSW, Malkov and Yashunin 2018).

The graph is built once and stored in the folder of the index: `graph.usearch`, and `graph.json` with its digest and those of the
files it was built from. A single thread adds the images, so that equal vectors give equal graphs; several would be faster, but
leave one image in some hundreds unreachable. The graph holds the vectors in bfloat16 to halve its size. It only selects candidates,
whose exact cosines are then computed. Files with the same bytes are added once: hundreds of equal vectors would have only each
other as neighbours, and would be cut off from the rest.
"""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tqdm
from jaxtyping import Float, Int

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.use.search import store

FORMAT = 1
MANIFEST, GRAPH = "graph.json", "graph.usearch"
LINKS = 16  # HNSW's M: neighbours of an image; twice as many on the lowest level
ADDING, LOOKED_AT = 128, 128  # HNSW's ef_construction and ef: candidates kept while an image is added, and in a search
BLOCK = 10_000  # images added at a time
AGAIN = f"delete {GRAPH} and {MANIFEST}; the next search builds them again"


class Graph:
    """The memory-mapped graph of the index at `path`, built first if it is missing or the index has changed.

    `firsts` are the rows of the index that it contains. Raises InputError if usearch is not installed, or if the graph is damaged.
    """

    def __init__(self, path: pathlib.Path, vectors: Float[np.ndarray, "n p"], firsts: Int[np.ndarray, " m"]) -> None:
        usearch, of = _usearch(), {name: store.digests(path)[name] for name in (store.VECTORS, store.PICTURES)}
        found = _manifest(path) if (path / MANIFEST).exists() else None
        if not found or found["of"] != of or found["format"] != FORMAT:
            _make(usearch, path, vectors, firsts, of)
        self._graph = _opened(usearch, path)

    def near(self, query: Float[np.ndarray, " p"], count: int) -> Int[np.ndarray, " k"]:
        """At least `count` candidates (or all) for the images nearest to a unit vector, as ascending indices in `firsts`."""
        self._graph.expansion_search = max(count, LOOKED_AT)
        return np.sort(self._graph.search(query, max(count, LOOKED_AT)).keys.astype(np.int64))


def _usearch() -> Any:
    try:
        import usearch.index
    except ImportError:
        raise InputError(
            "an approximate search needs the package usearch; `pip install '.[large]'` installs it, or search exactly"
        ) from None
    return usearch.index


def _manifest(path: pathlib.Path) -> dict[str, Any]:
    return store.read_manifest(path / MANIFEST, "a graph", {"format", "graph", "of"}, AGAIN)


def _make(
    usearch: Any, path: pathlib.Path, vectors: Float[np.ndarray, "n p"], firsts: Int[np.ndarray, " m"], of: Mapping[str, str]
) -> None:
    """Builds and writes the graph, then its manifest: a graph without a manifest is built again."""
    graph = usearch.Index(ndim=vectors.shape[1], metric="ip", dtype="bf16", connectivity=LINKS, expansion_add=ADDING)
    with tqdm.tqdm(total=len(firsts), desc="graph", unit="image", disable=None) as bar:  # None: shown to people only
        for start in range(0, len(firsts), BLOCK):
            rows = firsts[start : start + BLOCK]
            graph.add(np.arange(start, start + len(rows)), vectors[rows], threads=1)
            bar.update(len(rows))
    (path / MANIFEST).unlink(missing_ok=True)
    with files.replacing(path / GRAPH) as temporary:
        graph.save(str(temporary))
    files.write_json(path / MANIFEST, {"format": FORMAT, "graph": files.sha256(path / GRAPH), "of": dict(of)})


def _opened(usearch: Any, path: pathlib.Path) -> Any:
    store.check_file(path / GRAPH, _manifest(path)["graph"], AGAIN)
    try:
        return usearch.Index.restore(str(path / GRAPH), view=True)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path / GRAPH}: this version of usearch cannot read it ({error}); {AGAIN}") from None
