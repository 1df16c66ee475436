"""Reads and writes model folders, and assembles the initial model of the arms from two backbones."""

import pathlib

import jax
from tokenizers import Tokenizer

from clip_italian import files
from clip_italian.checkpoints import formats, importer, weights
from clip_italian.checkpoints.importer import Source
from clip_italian.checkpoints.model import Model
from clip_italian.checkpoints.safetensors_file import SafetensorsFile
from clip_italian.config import Settings
from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder, text_towers
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.text_tower import TextTower


def save(folder: pathlib.Path, model: Model) -> None:
    """Writes the folder of a model: settings, weights, tokeniser, and a manifest."""
    save_parts(folder, model.settings, model.params, model.tokenizer)


def save_parts(folder: pathlib.Path, settings: Settings, params: Params, tokenizer: Tokenizer) -> None:
    """Writes the folder of a model or of a text tower alone."""
    weights.save(folder, params, settings)
    tokens.save(folder, tokenizer)
    files.write_manifest(folder)


def load(folder: pathlib.Path) -> Model:
    """The model in a folder; raises InputError naming the file that differs from the manifest, even by one bit."""
    files.check_manifest(folder)
    settings = weights.load_settings(folder, DualEncoderSettings)
    like = dual_encoder.shapes(settings)
    return Model(settings, read_params(folder, like), tokens.load(folder))


def load_text_tower(folder: pathlib.Path) -> tuple[TextTower, Params, Tokenizer]:
    """The settings, parameters and tokeniser of a text tower in a folder; raises InputError like `load`."""
    files.check_manifest(folder)
    path = folder / weights.SETTINGS
    settings = text_towers.parsed(files.read_json(path), str(path))
    return settings, read_params(folder, settings.shapes()), tokens.load(folder)


def read_params(folder: pathlib.Path, like: Params) -> Params:
    """The arrays of `model.safetensors` in the structure of `like`; raises InputError naming the file and the wrong tensor."""
    path = folder / weights.WEIGHTS
    if not path.exists():
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it")
    source = Source(SafetensorsFile(path), formats.NAMES_OF_OURS, None, weights.PARTS)
    params: Params = jax.device_get(importer.assemble([source], like))
    return params


def italian(backbones: pathlib.Path, seed: int, scale: float, bias: float | None = None) -> Model:
    """The initial model of every arm: the English CLIP's image tower, the Italian BERT, a random text projection.

    The image projection is the English CLIP's, as in the code of 2021; its README says that both are random. `bias` is the initial
    bias of the sigmoid loss; None: no such parameter.
    """
    model = with_text_tower(load(backbones / "english_clip"), *load_text_tower(backbones / "italian_bert"), seed, scale)
    if bias is None:
        return model
    settings = model.settings.model_copy(update={"logit_bias": True})
    return Model(settings, {**model.params, "logit_bias": jax.numpy.float32(bias)}, model.tokenizer)


def with_text_tower(clip: Model, text: TextTower, tower: Params, tokenizer: Tokenizer, seed: int, scale: float) -> Model:
    """A model with the image tower and projection of `clip`, and another text tower with a random projection."""
    settings = clip.settings.model_copy(update={"text": text})
    params = {
        "vision_model": clip.params["vision_model"],
        "visual_projection": clip.params["visual_projection"],
        "text_model": tower,
        "text_projection": dual_encoder.projection(jax.random.key(seed), text.width, settings.projection),
        "logit_scale": dual_encoder.log_scale(scale),
    }
    return Model(settings, params, tokenizer)
