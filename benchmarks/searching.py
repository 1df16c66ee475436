"""A query of a large index, beside reading its vectors once from memory: `python -m benchmarks.searching`.

Random unit vectors of 512 numbers lie in an index's own format, mapped into memory and warm; a query is answered with its 10 best
pictures. Reading is the dot product of the same mapped numbers with themselves, in one thread and in as many as there are cores,
the quickest way to look at each once. All take turns.
"""

import argparse
import os
import pathlib
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import turns
from clip_italian.use.search import store
from clip_italian.use.search.searching import Index
from clip_italian.use.search.store import Contents, Entry, Found, Origin

WIDTH, BEST = 512, 10


def random(count: int) -> np.ndarray:
    """Unit vectors."""
    vectors = np.random.default_rng(0).standard_normal((count, WIDTH), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def write(path: pathlib.Path, vectors: np.ndarray) -> None:
    """An index of made-up pictures with these vectors."""
    entries = [Entry(Found(f"{number:08d}.jpg", number, number), f"{number:064x}") for number in range(len(vectors))]
    store.write(path, Origin("", "", None, {}), Contents(vectors, entries, []))


def read(vectors: np.ndarray, threads: int) -> None:
    """Looks at every number once."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: np.dot(part, part), np.array_split(vectors.reshape(-1), threads)))


def main(count: int, rounds: int) -> None:
    """Prints seconds and ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "index"
        write(path, random(count))
        started = time.perf_counter()
        index = Index(path)
        print(f"{count:,} vectors of {WIDTH}; opened and checked in {time.perf_counter() - started:.1f} s")
        query = np.array(index.vectors[count // 2])
        ways = {
            "query": lambda: index.nearest(query, BEST),
            "read, one thread": lambda: read(index.vectors, 1),
            "read, all cores": lambda: read(index.vectors, os.cpu_count() or 1),
        }
        taken = turns.in_turn(ways, rounds)
        for name, seconds in taken.items():
            ratio = statistics.median(q / s for q, s in zip(taken["query"], seconds, strict=True))
            times = f"{1e3 * statistics.median(seconds):7.1f} ms, best {1e3 * min(seconds):7.1f}"
            print(f"{name:17} {times}; a query takes {ratio:.2f} times as long")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="vectors, 2 KiB each; default %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="default %(default)s")
    arguments = parser.parse_args()
    main(arguments.count, arguments.rounds)
