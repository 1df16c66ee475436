"""Pooled features of frozen backbones, computed once: what the frozen phase trains on.

A folder holds `train-clean.npy`, `train-view-<k>.npy` and `valid.npy` (a row a picture), `train-text.npy`, with dropout
`train-text-draw-<k>.npy` (a row a caption), `train-offsets.npy` (where each picture's captions begin) and `valid-text.npy` (first
captions); `train-sources.npy` and `valid-sources.npy` say where each picture is from. Neither all pixels nor all features are ever
in memory, when they are written or when they are read.
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
from clip_italian.data.images.shards import Pictures
from clip_italian.errors import InputError
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.encoder import Encoder
from clip_italian.training import rows
from clip_italian.training.settings import FeatureSettings

# In memory at a time. Pictures: 200 MB of pixels at 256 a side; a multiple of the encoder's blocks, which are those of all pictures
# at once. Texts: 100 MB of features of a base model; they are sorted by length among themselves, and fewer would be padded more.
PICTURES, TEXTS = 1024, 32768
DRAWS = 41  # purpose: keeps these random numbers apart from all others


def write(folder: pathlib.Path, model: Model, data: pathlib.Path, settings: FeatureSettings, block: int, side: int) -> None:
    """Computes the features of the shards below `data` with the model's two towers, but for what `folder` has of them already."""
    train, valid = (shards.open_shards(data / name) for name in ("train", "valid"))
    offsets = np.cumsum([0, *(len(captions) for captions in train.captions)])
    small = {"train-offsets": offsets, "train-sources": np.array([*train.sources]), "valid-sources": np.array([*valid.sources])}
    for name, array in small.items():
        with files.replacing(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, array)
    encoding = _Encoding(folder, model, block, side)
    encoding.pictures("train-clean", train)
    encoding.pictures("valid", valid)
    for path in sorted((data / "views").iterdir()):
        encoding.pictures(f"train-view-{path.name}", shards.open_shards(path))
    encoding.texts("valid-text", len(valid), lambda start, stop: [valid.captions[place][0] for place in range(start, stop)])
    captions = functools.partial(captions_between, train, offsets)
    encoding.texts("train-text", int(offsets[-1]), captions)
    for draw in range(settings.text_draws):
        encoding.texts(f"train-text-draw-{draw}", int(offsets[-1]), captions, settings.text_dropout, draw)
    files.write_manifest(folder)


class _Encoding:
    """Writes arrays of features of pictures and texts, part by part."""

    def __init__(self, folder: pathlib.Path, model: Model, block: int, side: int) -> None:
        self.folder, self.model, self.block, self.side = folder, model, block, side

    def pictures(self, name: str, pictures: Pictures) -> None:
        """Of the pictures of a folder of shards, a row each."""
        encoder = Encoder(self.model.settings, self.block)

        def rows_of(start: int, stop: int) -> Float[np.ndarray, "n d"]:
            return encoder.images(self.model.params, resizing.squares(pictures.pixels(np.arange(start, stop)), self.side))

        self._write(name, (len(pictures), self.model.settings.image.width), PICTURES, rows_of)

    def texts(self, name: str, count: int, texts_of: Callable[[int, int], list[str]], dropout: float = 0.0, draw: int = 0) -> None:
        """Of so many texts, a row each; with dropout its random numbers are made from the number of the draw."""
        encoder, tower = (
            Encoder(self.model.settings, self.block, policy=ComputePolicy(text_dropout=dropout)),
            self.model.settings.text,
        )
        key = jax.random.fold_in(jax.random.key(DRAWS), draw)

        def rows_of(start: int, stop: int) -> Float[np.ndarray, "n d"]:
            encoded = self.model.tokenise(texts_of(start, stop))
            return encoder.texts(self.model.params, encoded, jax.random.fold_in(key, start))

        self._write(name, (count, tower.width), TEXTS, rows_of)

    def _write(self, name: str, shape: tuple[int, int], part: int, rows_of: Callable[[int, int], Float[np.ndarray, "n d"]]) -> None:
        with tqdm(total=shape[0], desc=name, unit=" rows", disable=not sys.stderr.isatty()) as bar:

            def counted(start: int, stop: int) -> Float[np.ndarray, "n d"]:
                bar.update(start - bar.n)  # what was there
                computed = rows_of(start, stop)
                bar.update(stop - start)
                return computed

            rows.write(self.folder / f"{name}.npy", shape, part, counted)


def captions_between(pictures: Pictures, offsets: Int[np.ndarray, " n1"], start: int, stop: int) -> list[str]:
    """The captions `start` to before `stop` of all pictures' captions, one after another."""
    first, after = int(np.searchsorted(offsets, start, "right")) - 1, int(np.searchsorted(offsets, stop, "left"))
    texts = [text for place in range(first, after) for text in pictures.captions[place]]
    return texts[start - int(offsets[first]) : stop - int(offsets[first])]


def read(folder: pathlib.Path, name: str) -> np.ndarray:
    """One of the arrays, where it lies; raises InputError naming the file when it is missing or damaged."""
    return rows.read(folder / f"{name}.npy")


def views(folder: pathlib.Path, wanted: int | None) -> list[str]:
    """The names of so many augmented views, or of all; raises InputError when there are fewer."""
    return _numbered(folder, "train-view", wanted)


def texts(folder: pathlib.Path, dropout: float) -> list[str]:
    """The names of the captions' features: with dropout those of its draws."""
    return _numbered(folder, "train-text-draw", None) if dropout else ["train-text"]


def _numbered(folder: pathlib.Path, kind: str, wanted: int | None) -> list[str]:
    names = [path.stem for path in folder.glob(f"{kind}-*.npy")]
    if len(names) < (wanted or 1):
        raise InputError(f"{folder}: has {len(names)} arrays {kind}-<k>.npy where {wanted or 'at least one'} is wanted")
    return sorted(names, key=lambda name: int(name.rpartition("-")[2]))[:wanted]
