"""An approximate search beside the exact one: time, and how many it finds: `python -m benchmarks.approximate`.

Both ask the same index for the 10 best pictures of the same queries, in turn, in one process. The vectors are made up as those of
a CLIP model lie: in groups of some fifty, which differ in 64 ways, with noise in all 512; the pictures about one pole and the
texts that ask about another, so that the nearest picture is far away. (Of random vectors none is near, and no graph finds its way.)
Recall is the share of the 10 best that the approximate search finds too. It needs usearch.
"""

import argparse
import pathlib
import statistics
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from benchmarks import searching, turns
from clip_italian.use.search import approximate
from clip_italian.use.search.searching import Index

WIDTH, BEST, WAYS, GROUP, NOISE = searching.WIDTH, searching.BEST, 64, 50, 0.5
BLOCK = 100_000
Vectors = np.ndarray


def made(count: int, queries: int) -> tuple[Vectors, Vectors]:
    """Unit vectors of pictures, and of texts that ask for them."""
    rng = np.random.default_rng(0)
    ways = rng.standard_normal((WAYS, WIDTH), dtype=np.float32) / np.sqrt(WAYS * WIDTH, dtype=np.float32)
    groups = rng.standard_normal((max(1, count // GROUP), WAYS), dtype=np.float32)
    poles = rng.standard_normal((2, WIDTH), dtype=np.float32) / np.sqrt(WIDTH, dtype=np.float32)

    def around(pole: Vectors, rows: int) -> Vectors:
        within = groups[rng.integers(0, len(groups), rows)] + NOISE * rng.standard_normal((rows, WAYS), dtype=np.float32)
        noise = NOISE / np.sqrt(WIDTH, dtype=np.float32) * rng.standard_normal((rows, WIDTH), dtype=np.float32)
        vectors = within @ ways + pole + noise
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    blocks = [around(poles[0], min(BLOCK, count - start)) for start in range(0, count, BLOCK)]
    return np.concatenate(blocks), around(poles[1], queries)


def opened(path: pathlib.Path, approximately: bool) -> Index:
    """An index, and a line that says how long it took to open it."""
    started = time.perf_counter()
    index = Index(path, approximately)
    print(f"opened {'approximately' if approximately else 'exactly'}: {time.perf_counter() - started:.1f} s")
    return index


def recall(exact: Index, index: Index, queries: Vectors) -> float:
    """The share of the best that are found."""

    def shares() -> Iterator[float]:
        for query in queries:
            best, found = ({hit.path for hit in one.nearest(query, BEST)} for one in (exact, index))
            yield len(best & found) / len(best)

    return statistics.mean(shares())


def main(count: int, queries: int, rounds: int) -> None:
    """Prints seconds, milliseconds and recall."""
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "index"
        vectors, asked = made(count, queries)
        searching.write(path, vectors)
        del vectors
        print(f"{count:,} vectors of {WIDTH}, {queries} queries; first the graph is made, then it is there")
        exact, *_, index = opened(path, False), opened(path, True), opened(path, True)
        print(f"the graph has {(path / approximate.GRAPH).stat().st_size / 2**20:,.0f} MiB")
        ways = {
            "exact": lambda: [exact.nearest(one, BEST) for one in asked],
            "approximate": lambda: [index.nearest(one, BEST) for one in asked],
        }
        for name, seconds in turns.in_turn(ways, rounds).items():
            each = [1e3 * one / queries for one in seconds]
            print(f"{name:12} {statistics.median(each):7.2f} ms a query, best {min(each):7.2f}")
        print(f"recall@{BEST}: {recall(exact, index, asked):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="vectors, 2 KiB each; default %(default)s")
    parser.add_argument("--queries", type=int, default=100, help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s")
    arguments = parser.parse_args()
    main(arguments.count, arguments.queries, arguments.rounds)
