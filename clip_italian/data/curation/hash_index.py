"""Finds all 64-bit hashes within a few bits of given ones by multi-index hashing.

Norouzi, Punjani and Fleet, Fast search in Hamming space with multi-index hashing, CVPR 2012. Hashes are divided into bands,
each with a table. Two hashes that differ in few bits differ in very few bits of at least one band, so looking up all near
values in each band's table finds all pairs without comparing every two hashes.
"""

import functools
import itertools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int, UInt, UInt16, UInt64

BANDS, WIDTH = 4, 16  # number of bands, and bits of each
CANDIDATES = 1 << 22  # pairs compared at a time, which limits memory to some 200 MiB

Pairs = Int[np.ndarray, "pairs 2"]


class HashIndex:
    """Hashes sorted by the values of each band; 48 bytes a hash."""

    def __init__(self, hashes: UInt64[np.ndarray, " n"]) -> None:
        self._tables = [_Table(hashes, band) for band in range(BANDS)]

    def within(self, queries: UInt64[np.ndarray, " m"], max_bits: int) -> Iterator[Pairs]:
        """Yields all pairs (index of the query, index of the hash) that differ in at most `max_bits` bits, each once, in parts."""
        radii = band_radii(max_bits)
        for band, radius in enumerate(radii):
            for query, index, difference in self._tables[band].near(queries, radius):
                near = np.flatnonzero(np.bitwise_count(difference) <= max_bits)
                # Without the pairs that an earlier band has found.
                fresh = [np.bitwise_count(_value(difference[near], earlier)) > radii[earlier] for earlier in range(band)]
                near = near[np.logical_and.reduce(fresh)] if fresh else near
                yield np.column_stack([query[near], index[near].astype(np.int64)])


def band_radii(max_bits: int) -> list[int]:
    """The number of differing bits to search in each band so that no pair is missed (the paper's proposition 2).

    With max_bits = radius * BANDS + more, the first `more + 1` bands are searched within `radius` and the others within
    `radius - 1`: a pair outside all of these differs in at least max_bits + 1 bits. Bands that need no search are left out.
    """
    radius, more = divmod(max_bits, BANDS)
    radii = [radius] * (more + 1) + [radius - 1] * (BANDS - more - 1)
    return [one for one in radii if one >= 0]


def _value(hashes: UInt64[np.ndarray, " n"], band: int) -> UInt16[np.ndarray, " n"]:
    return (hashes >> np.uint64(band * WIDTH)).astype(np.uint16)


@functools.cache
def _flips(radius: int) -> UInt16[np.ndarray, " f"]:
    """All values of a band with at most `radius` bits set."""
    every = np.arange(1 << WIDTH, dtype=np.uint16)
    return every[np.bitwise_count(every) <= radius]


class _Table:
    """Hashes sorted by the value of one band; those of value v lie from starts[v] to starts[v + 1]."""

    def __init__(self, hashes: UInt64[np.ndarray, " n"], band: int) -> None:
        values = _value(hashes, band)
        self.band = band
        self.order = np.argsort(values, kind="stable").astype(np.uint32 if len(hashes) <= 1 << 32 else np.uint64)
        self.sorted = hashes[self.order]  # a copy, so that the hashes of one value are contiguous
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=1 << WIDTH))])

    def near(
        self, queries: UInt64[np.ndarray, " m"], radius: int
    ) -> Iterator[tuple[Int[np.ndarray, " c"], UInt[np.ndarray, " c"], UInt64[np.ndarray, " c"]]]:
        """Yields (query, hash, their exclusive or) of all pairs whose band differs in at most `radius` bits, in parts."""
        flips = _flips(radius)
        probes = (_value(queries, self.band)[:, None] ^ flips).ravel()
        begin = self.starts[probes]
        count = self.starts[probes.astype(np.int64) + 1] - begin
        ends = np.cumsum(count)
        total = int(ends[-1]) if len(ends) else 0
        cuts = [*np.unique(np.searchsorted(ends, np.arange(0, total, CANDIDATES))).tolist(), len(ends)]
        for first, last in itertools.pairwise(cuts):
            part = count[first:last]
            query = np.repeat(np.arange(first, last) // len(flips), part)
            where = np.repeat(begin[first:last] - (np.cumsum(part) - part), part) + np.arange(part.sum())
            yield query, self.order[where], queries[query] ^ self.sorted[where]
