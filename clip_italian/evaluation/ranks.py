"""Ranks from embeddings: one score-and-count kernel; every metric is NumPy on what it returns.

A query's rank is the place of its best-scoring relevant item. Ties: an irrelevant item with exactly the positive's
score counts as better (the pessimistic rank), so that a collapsed model, whose scores are all equal, earns nothing.
`tied` counts such items, hence `rank - tied` is the optimistic rank; the two bound every other way to break ties.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


@dataclasses.dataclass(frozen=True)
class Relevant:
    """For each query the indices of its relevant gallery items, in compressed sparse rows."""

    indptr: Int[np.ndarray, " queries_plus_one"]
    indices: Int[np.ndarray, " entries"]

    @classmethod
    def single(cls, owner: Int[np.ndarray, " queries"]) -> "Relevant":
        """One relevant item for each query: its own image, its own class."""
        return cls(np.arange(len(owner) + 1), np.asarray(owner))

    def rows(self) -> Int[np.ndarray, " entries"]:
        """The query of each entry."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def transposed(self, gallery: int) -> "Relevant":
        """The same pairs seen from the `gallery` items: the relevant queries of each."""
        order = np.argsort(self.indices, kind="stable")
        counts = np.bincount(self.indices, minlength=gallery)
        return Relevant(np.concatenate([[0], np.cumsum(counts)]), self.rows()[order])

    def of(self, queries: Int[np.ndarray, " some"]) -> "Relevant":
        """The rows of some queries, in that order."""
        rows = [self.indices[self.indptr[query] : self.indptr[query + 1]] for query in queries]
        return Relevant(np.concatenate([[0], np.cumsum([len(row) for row in rows])]), np.concatenate(rows))

    def mask(self, start: int, stop: int, gallery: int) -> Bool[np.ndarray, "queries gallery"]:
        """Which gallery items are relevant to queries start..stop (rows past the last query are empty)."""
        stop = min(stop, len(self.indptr) - 1)
        mask = np.zeros((stop - start, gallery), bool)
        counts = np.diff(self.indptr[start : stop + 1])
        entries = self.indices[self.indptr[start] : self.indptr[stop]]
        mask[np.repeat(np.arange(stop - start), counts), entries] = True
        return mask


@jax.jit
def _score_and_count(
    queries: Float[Array, "b d"], gallery: Float[Array, "n d"], relevant: Bool[Array, "b n"]
) -> tuple[Int[Array, " b"], Int[Array, " b"]]:
    # The positive's score is read out of the same product: computed apart it could differ in its last bit
    # from itself, and then an item would outrank itself.
    scores = jnp.matmul(queries, gallery.T, precision="highest")
    positive = jnp.max(jnp.where(relevant, scores, -jnp.inf), axis=1, keepdims=True)
    better = jnp.sum(scores > positive, axis=1)
    tied = jnp.sum((scores == positive) & ~relevant, axis=1)
    return better + tied + 1, tied


def ranks(
    queries: Float[np.ndarray, "m d"], gallery: Float[np.ndarray, "n d"], relevant: Relevant, block: int
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    """Returns each query's rank (1 is best, ties against it) and the number of irrelevant items tied with its positive.

    `block` queries are scored at a time, which bounds memory and changes no rank. Raises ValueError for a query without
    a relevant item, since such a query has no rank.
    """
    if not np.diff(relevant.indptr).all():
        raise ValueError("every query needs a relevant gallery item")
    block = min(block, len(queries))
    gallery_on_device = jnp.asarray(gallery)
    parts = []
    for start in range(0, len(queries), block):
        mask = relevant.mask(start, start + block, len(gallery))
        # The last block is padded to the size of the others, so that the kernel compiles once.
        padding = ((0, block - len(mask)), (0, 0))
        rank, tied = _score_and_count(
            np.pad(queries[start : start + block], padding), gallery_on_device, np.pad(mask, padding)
        )
        parts.append(np.stack([rank, tied])[:, : len(mask)])
    joined = np.concatenate(parts, axis=1).astype(np.int32)
    return joined[0], joined[1]
