"""Pooled features of frozen backbones, computed once: what the frozen phase trains on.

A folder holds `train-clean.npy`, `train-view-<k>.npy` and `valid.npy` (a row a picture), `train-text.npy` (a row a
caption), `train-offsets.npy` (where each picture's captions begin) and `valid-text.npy` (first captions); `train-sources.npy`
and `valid-sources.npy` say where each picture is from.
"""
import pathlib

import numpy as np

from clip_italian import files
from clip_italian.data import examples, resizing, shards
from clip_italian.errors import InputError
from clip_italian.models.assembly import Model
from clip_italian.models.encoder import Encoder


def write(folder: pathlib.Path, model: Model, data: pathlib.Path, block: int, side: int) -> None:
    """Computes the features of the shards below `data` with the model's two towers."""
    encoder = Encoder(model.settings, block)
    length = model.settings.text.positions
    train, valid = (examples.load(data / name, model.tokenizer, length) for name in ("train", "valid"))
    arrays = {
        "train-clean": encoder.images(model.params, resizing.squares(train.stored.all_pixels(), side)),
        "valid": encoder.images(model.params, resizing.squares(valid.stored.all_pixels(), side)),
        "train-text": encoder.texts(model.params, train.tokens),
        "valid-text": encoder.texts(model.params, valid.first_captions()),
        "train-offsets": train.offsets,
        "train-sources": np.array(train.sources),
        "valid-sources": np.array(valid.sources),
    }
    for path in sorted((data / "views").iterdir()):
        arrays[f"train-view-{path.name}"] = encoder.images(model.params, shards.open_shards(path).all_pixels())
    for name, array in arrays.items():
        with files.replacing(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, array)


def read(folder: pathlib.Path, name: str) -> np.ndarray:
    """One of the arrays; raises InputError naming the file when it is missing or damaged."""
    path = folder / f"{name}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: missing or damaged ({error}); delete it and run `dvc repro`") from None


def views(folder: pathlib.Path) -> list[str]:
    """The names of the augmented views that are there."""
    return sorted(path.stem for path in folder.glob("train-view-*.npy"))
