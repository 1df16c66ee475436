"""Pictures a second read from shards in a shuffled order, beside a plain memory-mapped array: `python -m benchmarks.reading`.

Batches as training asks for them, of stored pictures at the sides of the paper's and the mini study's profile, with the shards in
the page cache. A training step of the study takes 139 pairs a second on two cores; on an accelerator it may take a few thousand.
The array has neither compression nor checks: the most that any format can give.
"""

import argparse
import pathlib
import tempfile
import time
from collections.abc import Callable

import cv2
import numpy as np

from clip_italian.data.images.shards import Example, Shards, ShardWriter, write_index

SIDES = {56: (8192, 2048), 256: (2048, 512)}  # pixels: (pictures, in a shard)
BATCH, SECONDS = 128, 3.0


def smooth(count: int, side: int) -> np.ndarray:
    """Pictures with large areas and soft edges: they compress about as drawn ones do."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    return np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_NEAREST) for one in coarse])


def rate(read: Callable[[np.ndarray], np.ndarray], count: int) -> float:
    """Pictures a second over some passes in a shuffled order."""
    rng, done, start = np.random.default_rng(1), 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        read(rng.integers(count, size=BATCH))
        done += BATCH
    return done / seconds


def main(folder: pathlib.Path) -> None:
    for side, (count, per_shard) in SIDES.items():
        pixels = smooth(count, side)
        examples = [Example(f"x/{place}", "x", ["una didascalia"]) for place in range(count)]
        entries = []
        for start in range(0, count, per_shard):
            part = slice(start, start + per_shard)
            with ShardWriter(folder / str(side), start // per_shard, examples[part]) as writer:
                writer.write(pixels[part])
            entries.append(writer.entry())
        write_index(folder / str(side), entries, per_shard)
        np.save(folder / f"{side}.npy", pixels)
        mapped, stored = np.load(folder / f"{side}.npy", mmap_mode="r"), Shards(folder / str(side))
        ours, theirs = rate(stored.pixels, count), rate(lambda places: mapped[places], count)  # noqa: B023
        print(f"{side} pixels: shards {ours:,.0f} pictures/s, mapped array {theirs:,.0f}, ratio {ours / theirs:.2f}", flush=True)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        main(pathlib.Path(temporary))
