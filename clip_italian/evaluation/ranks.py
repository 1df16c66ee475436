"""Ranks from embeddings: one kernel scores and counts; every metric is NumPy on what it returns.

A query's rank is the place of its best-scoring relevant item. Irrelevant items may have exactly that item's score: two classes
bear one label, two captions are alike, or a model has collapsed. What they do to the rank is a rule that a protocol states:

    pessimistic   they all count as better, so that a collapsed model, whose scores are all equal, earns nothing
    lower_index   of equal scores the lower index comes first
    optimistic    none of them counts as better; a bound, no protocol's rule

The pessimistic and the optimistic rank bound every other way to break ties.
"""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

SCORES = 1 << 21  # that exist at a time: 8 MiB, which stay near the processor while they are counted
FEWEST = 128  # queries in a product; with fewer it is no longer fast


Ties = Literal["pessimistic", "lower_index"]


class Ranked(NamedTuple):
    """The rank of every query (1 is best) under each rule for ties."""

    pessimistic: Int[np.ndarray, " queries"]
    lower_index: Int[np.ndarray, " queries"]
    optimistic: Int[np.ndarray, " queries"]

    def by(self, ties: Ties) -> Int[np.ndarray, " queries"]:
        """The ranks under a protocol's rule."""
        return self.pessimistic if ties == "pessimistic" else self.lower_index


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

    def entries(self, start: int, stop: int, gallery: int) -> tuple[Int[np.ndarray, " e"], Int[np.ndarray, " e"]]:
        """The pairs of queries start..stop, each once: the query, counted from `start`, and its item."""
        row = np.repeat(np.arange(stop - start), np.diff(self.indptr[start : stop + 1]))
        pairs = np.unique(row * gallery + self.indices[self.indptr[start] : self.indptr[stop]])
        return (pairs // gallery).astype(np.int32), (pairs % gallery).astype(np.int32)

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
    queries: Float[Array, "b d"], gallery: Float[Array, "n d"], row: Int[Array, " e"], item: Int[Array, " e"]
) -> tuple[Int[Array, " b"], Int[Array, " b"], Int[Array, " b"]]:
    """The ranks of a block under the three rules; `item[i]` is relevant to query `row[i]`, to none where that is b."""
    # The positive's score is read out of the same product: computed apart it could differ in its last bit
    # from itself, and then an item would outrank itself.
    scores = jnp.matmul(queries, gallery.T, precision="highest")
    own = scores[row, item]
    positive = jax.ops.segment_max(own, row, len(queries))
    best = own == positive[row]  # among the relevant items of its query
    positives = jax.ops.segment_sum(best.astype(jnp.int32), row, len(queries))
    first = jax.ops.segment_min(jnp.where(best, item, len(gallery)), row, len(queries))
    better = jnp.sum(scores > positive[:, None], axis=1)
    equal = scores == positive[:, None]
    before = jnp.sum(equal & (jnp.arange(len(gallery))[None] < first[:, None]), axis=1)
    return better + jnp.sum(equal, axis=1) - positives + 1, better + before + 1, better + 1


def ranks(queries: Float[np.ndarray, "m d"], gallery: Float[np.ndarray, "n d"], relevant: Relevant, block: int) -> Ranked:
    """Returns each query's rank under the three rules for ties. Equal rows of the gallery have exactly equal scores.

    At most `block` queries are scored at a time, fewer in a large gallery; that bounds memory and changes no rank. Raises
    ValueError for a query without a relevant item, since such a query has no rank.
    """
    if not np.diff(relevant.indptr).all():
        raise ValueError("every query needs a relevant gallery item")
    block = min(block, len(queries), max(FEWEST, SCORES // len(gallery)))
    gallery_on_device = jnp.asarray(gallery)
    parts = []
    for start in range(0, len(queries), block):
        part = queries[start : start + block]
        row, item = relevant.entries(start, start + len(part), len(gallery))
        # Sizes are rounded up, so that the kernel compiles for a few of them: queries to a block, entries to a power of 2.
        spare = (1 << (len(row) - 1).bit_length()) - len(row)
        counted = _score_and_count(
            np.pad(part, ((0, block - len(part)), (0, 0))),
            gallery_on_device,
            np.pad(row, (0, spare), constant_values=block),
            np.pad(item, (0, spare)),
        )
        parts.append(np.stack(counted)[:, : len(part)])
    return Ranked(*np.concatenate(parts, axis=1).astype(np.int32))
