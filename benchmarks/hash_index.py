"""How fast all hashes within six bits are found, by the index and by comparing every two: `python -m benchmarks.hash_index`.

A million 64-bit hashes stand for training pictures and ten thousand for test pictures; building the index is counted. The other
way, `duplicates.proposals`, is what curation does; it is given a hundredth of the queries, each of which costs it the same.
Counted is processor time. Random hashes lie alone; crowded ones lie around few centres, as those of simple pictures do.
"""

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import UInt64

from clip_italian.data import duplicates
from clip_italian.data.hash_index import HashIndex

HASHES, QUERIES, SAMPLE, MAX_BITS, CENTRES, FLIPS = 1_000_000, 10_000, 100, 6, 10_000, 5


def random(count: int, seed: int) -> UInt64[np.ndarray, " n"]:
    """Hashes each bit of which is a coin's."""
    return np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64)


def crowded(count: int, seed: int) -> UInt64[np.ndarray, " n"]:
    """Hashes at most FLIPS bits from one of CENTRES."""
    rng = np.random.default_rng(seed)
    hashes = random(CENTRES, 0)[rng.integers(CENTRES, size=count)]
    for _ in range(FLIPS):
        hashes ^= np.uint64(1) << rng.integers(64, size=count).astype(np.uint64)
    return hashes


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """What `work` returns, and the processor's seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def main() -> None:
    for draw in (random, crowded):
        hashes, queries = draw(HASHES, 1), draw(QUERIES, 2)
        found, ours = timed(lambda: sum(len(part) for part in HashIndex(hashes).within(queries, MAX_BITS)))  # noqa: B023
        _, sampled = timed(lambda: len(duplicates.proposals(hashes, queries[:SAMPLE], MAX_BITS)))  # noqa: B023
        theirs = sampled * QUERIES / SAMPLE
        print(f"{draw.__name__}: {found} pairs; index {ours:.2f} s, every two {theirs:.1f} s, ratio {theirs / ours:.0f}")


if __name__ == "__main__":
    main()
