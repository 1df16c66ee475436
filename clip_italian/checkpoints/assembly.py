"""Model folders (settings, weights, tokeniser), and the Italian model put together from two backbones."""

import functools
import pathlib
from typing import NamedTuple

import jax
from tokenizers import Tokenizer

from clip_italian import files
from clip_italian.checkpoints import weights
from clip_italian.config import Settings
from clip_italian.data import tokens
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings, MaskedLanguageModel
from clip_italian.models.dual_encoder import DualEncoderSettings, Params


class Model(NamedTuple):
    """A dual encoder ready to use."""

    settings: DualEncoderSettings
    params: Params
    tokenizer: Tokenizer


def save(folder: pathlib.Path, model: Model) -> None:
    """Writes a model's folder."""
    _save(folder, model.settings, model.params, model.tokenizer)


def save_bert(folder: pathlib.Path, settings: BertSettings, tower: Params, tokenizer: Tokenizer) -> None:
    """Writes the folder of a BERT without prediction head."""
    _save(folder, settings, tower, tokenizer)


def _save(folder: pathlib.Path, settings: Settings, params: Params, tokenizer: Tokenizer) -> None:
    weights.save(folder, params, settings)
    tokens.save(folder, tokenizer)
    files.write_manifest(folder)


def load(folder: pathlib.Path) -> Model:
    """Reads a model's folder; raises InputError naming the file at fault, also for a single bit that was flipped."""
    files.check_manifest(folder)
    settings = weights.load_settings(folder, DualEncoderSettings)
    like = dual_encoder.shapes(settings)
    return Model(settings, weights.load(folder, like), tokens.load(folder))


def load_bert(folder: pathlib.Path) -> tuple[BertSettings, Params, Tokenizer]:
    """Reads the folder of a BERT; raises InputError like `load`."""
    files.check_manifest(folder)
    settings = weights.load_settings(folder, BertSettings)
    like = jax.eval_shape(lambda: initial_bert(settings, jax.random.key(0)))["bert"]
    return settings, weights.load(folder, like), tokens.load(folder)


@functools.partial(jax.jit, static_argnums=0)
def initial_bert(settings: BertSettings, key: jax.Array) -> Params:
    """Fresh parameters of a masked language model."""
    ids = jax.numpy.zeros((1, 2), int)
    return MaskedLanguageModel(settings).init(key, ids, ids == 0, ids)["params"]


def italian(backbones: pathlib.Path, seed: int, scale: float, bias: float | None = None) -> Model:
    """The model every arm starts from: the English CLIP's image tower, the Italian BERT, a random text projection.

    The projection of images is the English CLIP's, as in the 2021 code (its README says both are random). `bias` is the first
    value of what the sigmoid loss adds to the scaled cosines; None: no such parameter.
    """
    model = with_bert(load(backbones / "english_clip"), *load_bert(backbones / "italian_bert"), seed, scale)
    if bias is None:
        return model
    settings = model.settings.model_copy(update={"logit_bias": True})
    return Model(settings, {**model.params, "logit_bias": jax.numpy.float32(bias)}, model.tokenizer)


def with_bert(clip: Model, text: BertSettings, tower: Params, tokenizer: Tokenizer, seed: int, scale: float) -> Model:
    """A model with the image side of `clip`, a BERT for its texts, and a random projection of these."""
    settings = clip.settings.model_copy(update={"text": text})
    params = {
        "vision_model": clip.params["vision_model"],
        "visual_projection": clip.params["visual_projection"],
        "text_model": tower,
        "text_projection": dual_encoder.projection(jax.random.key(seed), text.width, settings.projection),
        "logit_scale": dual_encoder.log_scale(scale),
    }
    return Model(settings, params, tokenizer)
