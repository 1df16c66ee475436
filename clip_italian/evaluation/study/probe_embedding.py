"""A model's embeddings of the pictures that linear probes learn from, as files."""

import pathlib

import numpy as np

from clip_italian import files
from clip_italian.data.images import shards
from clip_italian.evaluation.study.embed import Embedder

SETS = ("probe-train", "probe-valid")


def write(folder: pathlib.Path, embedder: Embedder, data: pathlib.Path) -> None:
    """Writes one `.npz` a set with `image`, a row a picture; `data` is the profile's folder."""
    for name in SETS:
        image = embedder.stored(shards.open_shards(data / "shards/probe" / name))
        with files.replacing(folder / f"{name}.npz") as temporary, open(temporary, "wb") as file:
            np.savez(file, image=image)
