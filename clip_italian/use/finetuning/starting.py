"""What fine-tuning starts from: a model that `load` takes, with its tokeniser, as training holds models."""

import pathlib
from typing import Any, NamedTuple

import jax
import numpy as np

from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import assembly
from clip_italian.models.assembly import Model
from clip_italian.use import layouts, loading, systems, texts
from clip_italian.use.model import Clip

LARGEST_DIFFERENCE = 1e-5  # of a number of the vectors of texts, as the model was loaded and as it is trained
SAMPLES = 16  # texts that are compared, beside
PROBES = ("Un gatto", "  Perch\N{LATIN SMALL LETTER E WITH ACUTE}  NO?")  # short ones with capitals, an accent and spaces


class Start(NamedTuple):
    """A model to train, and the digests of the files that it is from."""

    model: Model
    digests: dict[str, str]


def read(name_or_path: str, images: str | None, said: list[str]) -> Start:
    """The model that `load(name_or_path, images=images)` gives, its tokeniser checked on some of the texts that are `said`.

    Raises InputError where the model cannot be loaded, and where it reads texts in a way that its tokeniser's file does not tell.
    """
    clip = loading.load(name_or_path, images=images)
    folder = pathlib.Path(name_or_path) if pathlib.Path(name_or_path).is_dir() else _fetched(name_or_path)
    if layouts.kind(folder) == "ours":
        return Start(assembly.load(folder), loading.digests(clip))
    tokenizer: Any = getattr(texts.read(texts.place_of(folder)), "backend_tokenizer", None)
    model = Model(clip.settings, jax.tree.map(np.asarray, clip.params), tokenizer)
    if tokenizer is None or not _alike(clip, model, [*said[:SAMPLES], *PROBES]):
        raise InputError(
            f"{name_or_path}: reads texts in a way that a folder of this study's models cannot hold; fine-tune a model of the "
            "form of CLIP-Italian (ViT and BERT), or one of this study"
        )
    return Start(model, loading.digests(clip))


def _fetched(name: str) -> pathlib.Path:
    system = systems.SYSTEMS.get(name)
    return loading.located(name, system.repository.revision if system else None, None)[0]


def _alike(clip: Clip, model: Model, said: list[str]) -> bool:
    """Whether the model says the same of texts with the tokeniser that it will be saved with."""
    apart = np.abs(as_clip(model).encode_text(said) - clip.encode_text(said))
    return float(apart.max()) <= LARGEST_DIFFERENCE


def as_clip(model: Model) -> Clip:
    """A model in training, to encode with."""
    return Clip(model.settings, model.params, loading.as_trained(model.tokenizer, model.settings))


def longer(model: Model, said: list[str]) -> int:
    """How many of the texts are longer than the model reads."""
    encoded = tokens.encode(model.tokenizer, said, model.settings.text.positions + 1)
    return int((encoded.mask.sum(axis=1) > model.settings.text.positions).sum())
