"""How fast all hashes within six bits are found, by the index and by comparing every two: `python -m benchmarks.hash_index`.

First test pictures among training pictures, as the audit asks: ten thousand 64-bit hashes in the index and a million that are
looked up, in parts. Comparing every two is given a hundredth of them, each of which costs it the same. Random hashes lie alone;
crowded ones lie around few centres, as those of simple pictures do. Then all pairs of a set, as curation asks: one, two and five
million random hashes (or as many as the command line says), with neighbours planted one to six bits from some, all of which must
be found. Counted is processor time; memory is what the index adds to the process.
"""

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import UInt64

from clip_italian.data.curation.duplicates import QUERIES
from clip_italian.data.curation.hash_index import HashIndex

TRAINING, TESTS, SAMPLE, MAX_BITS, CENTRES, FLIPS = 1_000_000, 10_000, 10_000, 6, 10_000, 5
MILLIONS, PLANTED, BLOCK = (1, 2, 5), 10_000, 32


def random(count: int, seed: int) -> UInt64[np.ndarray, " n"]:
    """Hashes each bit of which is a coin's."""
    return np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64)


def crowded(count: int, seed: int) -> UInt64[np.ndarray, " n"]:
    """Hashes at most FLIPS bits from one of CENTRES."""
    rng = np.random.default_rng(seed)
    return flipped(random(CENTRES, 0)[rng.integers(CENTRES, size=count)], FLIPS, rng)


def flipped(hashes: UInt64[np.ndarray, " n"], flips: int, rng: np.random.Generator) -> UInt64[np.ndarray, " n"]:
    """The hashes with up to so many bits of each changed."""
    for _ in range(flips):
        hashes = hashes ^ np.uint64(1) << rng.integers(64, size=len(hashes)).astype(np.uint64)
    return hashes


def looked_up(hashes: UInt64[np.ndarray, " n"], queries: UInt64[np.ndarray, " m"]) -> int:
    """How many pairs the index finds."""
    index = HashIndex(hashes)
    parts = (queries[start : start + QUERIES] for start in range(0, len(queries), QUERIES))
    return sum(len(pairs) for part in parts for pairs in index.within(part, MAX_BITS))


def compared(hashes: UInt64[np.ndarray, " n"], queries: UInt64[np.ndarray, " m"]) -> int:
    """The same by comparing every two, a few rows of the matrix at a time: what stays in the processor's cache."""
    parts = (queries[start : start + BLOCK, None] for start in range(0, len(queries), BLOCK))
    return sum(int((np.bitwise_count(part ^ hashes[None]) <= MAX_BITS).sum()) for part in parts)


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """What `work` returns, and the processor's seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def joined(count: int) -> None:
    """Prints how long all pairs of one set take."""
    rng = np.random.default_rng(3)
    hashes = random(count - PLANTED, 4)
    hashes = np.concatenate([hashes, flipped(hashes[:PLANTED], MAX_BITS, rng)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, seconds = timed(lambda: looked_up(hashes, hashes))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    near = (found - count) // 2  # each is also found from its other side, and every hash finds itself
    assert near >= PLANTED
    memory = f"{more / 2**20:.0f} MiB ({more / count:.0f} bytes a hash)"
    print(f"{count:,} with each other: {near} pairs, {seconds:.0f} s, {memory}", flush=True)


def main(millions: list[float]) -> None:
    for draw in (random, crowded):
        training, tests = draw(TRAINING, 1), draw(TESTS, 2)
        found, ours = timed(lambda: looked_up(tests, training))  # noqa: B023
        _, sampled = timed(lambda: compared(tests, training[:SAMPLE]))  # noqa: B023
        theirs = sampled * TRAINING / SAMPLE
        times = f"index {ours:.2f} s, every two {theirs:.1f} s, ratio {theirs / ours:.0f}"
        print(f"{draw.__name__}: {found} pairs; {times}", flush=True)
    for count in millions:
        joined(int(count * 1_000_000))


if __name__ == "__main__":
    main([float(argument) for argument in sys.argv[1:]] or list(MILLIONS))
