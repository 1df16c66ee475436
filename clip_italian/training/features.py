"""The cached features on which the frozen phase trains: pooled outputs of the frozen backbones.

A folder holds these arrays. One row per image: `train-clean.npy`, `train-view-<k>.npy`, `valid.npy`. One row per caption:
`train-text.npy`, and with dropout `train-text-draw-<k>.npy`. `valid-text.npy` has each image's first caption. `train-offsets.npy`
has the row at which each image's captions begin. `train-sources.npy` and `valid-sources.npy` have each image's source. Writing
and reading never hold all pixels or all features in memory.
"""

import functools
import pathlib
import sys
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.data.images import resizing, shards
from clip_italian.data.images.shards import Shards
from clip_italian.errors import InputError
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.encoder import Encoder
from clip_italian.training import rows
from clip_italian.training.settings import FeatureSettings

# Rows in memory at a time. Images: 200 MB of pixels at size 256; a multiple of the encoder's block, so that blocks are the same as
# for all images at once. Texts: 100 MB of features of a base model; each part is sorted by length; smaller ones are padded more.
IMAGES, TEXTS = 1024, 32768
STREAM = 41  # keeps the random numbers of dropout apart from all others


def write(folder: pathlib.Path, model: Model, data: pathlib.Path, settings: FeatureSettings, block: int, size: int) -> None:
    """Computes the features of the shards below `data` with both towers; keeps the arrays that `folder` already has.

    The towers encode `block` rows at a time. Images are resized to `size` pixels.
    """
    train, valid = (shards.Shards(data / name) for name in ("train", "valid"))
    offsets = np.cumsum([0, *(len(captions) for captions in train.captions)])
    small = {"train-offsets": offsets, "train-sources": np.array([*train.sources]), "valid-sources": np.array([*valid.sources])}
    for name, array in small.items():
        with files.replacing(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, array)
    writer = _Writer(folder, model, block, size)
    writer.images("train-clean", train)
    writer.images("valid", valid)
    for path in sorted((data / "views").iterdir()):
        writer.images(f"train-view-{path.name}", shards.Shards(path))
    writer.texts("valid-text", len(valid), lambda start, stop: [valid.captions[index][0] for index in range(start, stop)])
    captions = functools.partial(captions_between, train, offsets)
    writer.texts("train-text", int(offsets[-1]), captions)
    for draw in range(settings.text_draws):
        writer.texts(f"train-text-draw-{draw}", int(offsets[-1]), captions, settings.text_dropout, draw)
    files.write_manifest(folder)


class _Writer:
    """Writes arrays of features of images and texts, part by part."""

    def __init__(self, folder: pathlib.Path, model: Model, block: int, size: int) -> None:
        self.folder, self.model, self.block, self.size = folder, model, block, size

    def images(self, name: str, stored: Shards) -> None:
        """Writes the features of the images of a folder of shards, one row per image."""
        encoder = Encoder(self.model.settings, self.block)

        def rows_of(start: int, stop: int) -> Float[np.ndarray, "n d"]:
            return encoder.images(self.model.params, resizing.squares(stored.pixels(np.arange(start, stop)), self.size))

        self._write(name, (len(stored), self.model.settings.image.width), IMAGES, rows_of)

    def texts(self, name: str, count: int, texts_of: Callable[[int, int], list[str]], dropout: float = 0.0, draw: int = 0) -> None:
        """Writes the features of `count` texts, one row per text; `draw` seeds the dropout."""
        encoder, tower = (
            Encoder(self.model.settings, self.block, policy=ComputePolicy(text_dropout=dropout)),
            self.model.settings.text,
        )
        key = jax.random.fold_in(jax.random.key(STREAM), draw)

        def rows_of(start: int, stop: int) -> Float[np.ndarray, "n d"]:
            encoded = self.model.tokenise(texts_of(start, stop))
            return encoder.texts(self.model.params, encoded, jax.random.fold_in(key, start))

        self._write(name, (count, tower.width), TEXTS, rows_of)

    def _write(self, name: str, shape: tuple[int, int], part: int, rows_of: Callable[[int, int], Float[np.ndarray, "n d"]]) -> None:
        with tqdm(total=shape[0], desc=name, unit=" rows", disable=not sys.stderr.isatty()) as bar:

            def counted(start: int, stop: int) -> Float[np.ndarray, "n d"]:
                bar.update(start - bar.n)  # rows written before a kill
                computed = rows_of(start, stop)
                bar.update(stop - start)
                return computed

            rows.write(self.folder / f"{name}.npy", shape, part, counted)


def captions_between(stored: Shards, offsets: Int[np.ndarray, " n1"], start: int, stop: int) -> list[str]:
    """Captions `start` to `stop - 1` of the list of all images' captions."""
    first, after = int(np.searchsorted(offsets, start, "right")) - 1, int(np.searchsorted(offsets, stop, "left"))
    texts = [text for index in range(first, after) for text in stored.captions[index]]
    return texts[start - int(offsets[first]) : stop - int(offsets[first])]


def read(folder: pathlib.Path, name: str) -> np.ndarray:
    """One of the arrays, memory-mapped; raises InputError naming the file when it is missing or damaged."""
    return rows.read(folder / f"{name}.npy")


def views(folder: pathlib.Path, wanted: int | None) -> list[str]:
    """The names of the first `wanted` augmented views, or of all; raises InputError when there are fewer."""
    return _numbered(folder, "train-view", wanted)


def texts(folder: pathlib.Path, dropout: float) -> list[str]:
    """The names of the captions' arrays: one per draw with dropout, else one."""
    return _numbered(folder, "train-text-draw", None) if dropout else ["train-text"]


def _numbered(folder: pathlib.Path, kind: str, wanted: int | None) -> list[str]:
    names = [path.stem for path in folder.glob(f"{kind}-*.npy")]
    if len(names) < (wanted or 1):
        raise InputError(f"{folder}: has {len(names)} arrays {kind}-<k>.npy, but needs {wanted or 'at least one'}")
    return sorted(names, key=lambda name: int(name.rpartition("-")[2]))[:wanted]
