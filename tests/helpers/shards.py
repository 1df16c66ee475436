"""Shards of images that are in memory."""

import pathlib
from collections.abc import Sequence

import numpy as np

from clip_italian.data.images.shards import Example, ShardWriter, write_index


def write_shards(folder: pathlib.Path, examples: Sequence[Example], images: np.ndarray, per_shard: int) -> None:
    """Writes images as a new folder of shards; `examples[i]` describes image i."""
    entries = []
    for start in range(0, len(examples), per_shard):
        part = slice(start, start + per_shard)
        with ShardWriter(folder, start // per_shard, examples[part]) as writer:
            writer.write(images[part])
        entries.append(writer.entry())
    write_index(folder, entries, per_shard)
