"""What benchmarks/train_step.py trains: models, batches, and the operations of a step."""

import pathlib
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import frozen_phase
from clip_italian import config, files
from clip_italian.checkpoints import weights
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder, flops
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.vit import ViTSettings
from clip_italian.training.backbones import BackboneSettings
from clip_italian.training.objective import Batch
from clip_italian.training.settings import TrainingSettings
from clip_italian.use.export import hugging_face

PROFILE, ARM = "mini", "full"  # whose optimiser ours has
MEDIAN, SPREAD, SHORTEST = 12, 0.4, 3  # of the texts, in tokens; the spread is the deviation of the logarithm
BATCH = "batch.npz"  # in the folder, for the peers
BOTH = ("flax", "torch")
B32 = DualEncoderSettings(
    image=ViTSettings(image_size=224, stem=(), patch=32, pooling="class", width=768, depth=12, heads=12, mlp_dim=3072),
    text=BertSettings(vocabulary=31102, max_length=512, pooling="pooler", width=768, depth=12, heads=12, mlp_dim=3072),
    projection=512,
)


class Size(NamedTuple):
    """A model and its batch."""

    model: DualEncoderSettings
    batch: int  # pairs
    longest: int  # text, in tokens
    lengths: tuple[int, ...]  # what ours pads texts to; the peers to the first alone
    peers: tuple[str, ...]  # that are beside it: transformers has no form of some models
    dtypes: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")  # of ours


def size(name: str) -> Size:
    """`bench-64`, `b32`, `gpu` or `mini`."""
    if name == "bench-64":
        return Size(frozen_phase.PLAIN, batch=256, longest=32, lengths=(32,), peers=BOTH)
    if name == "b32":
        return Size(B32, batch=16, longest=16, lengths=(96, 32, 16), peers=BOTH)
    if name == "gpu":
        return Size(B32, batch=1024, longest=16, lengths=(96, 32), peers=("torch",), dtypes=("bfloat16",))
    own, training = frozen_phase.profiles_own(config.section(BackboneSettings, "backbones", PROFILE)), arm()
    return Size(own, training.batch, training.max_tokens, lengths=(training.max_tokens,), peers=())


def arm() -> TrainingSettings:
    """The whole recipe of the study."""
    return config.arm(TrainingSettings, ARM, PROFILE)


def params(of: Size) -> Params:
    """The same random weights in every process."""
    return dual_encoder.initial(of.model, jax.random.key(0), arm().scale)


def pairs(of: Size) -> Batch:
    """Random pictures and texts, padded to the first of the lengths."""
    rng, side, length = np.random.default_rng(0), of.model.image.image_size, of.lengths[0]
    pixels = rng.integers(0, 256, (of.batch, side, side, 3), dtype=np.uint8)
    lengths = np.clip(rng.lognormal(np.log(MEDIAN), SPREAD, of.batch).round(), SHORTEST, of.longest)
    mask = np.arange(length)[None] < lengths[:, None]
    ids = np.where(mask, rng.integers(5, of.model.text.vocabulary, mask.shape), 0).astype(np.int32)
    return {"pixels": pixels, **Tokens(ids, mask)._asdict()}


def write(of: Size, folder: pathlib.Path) -> None:
    """The model as transformers reads it, versions 4 and 5, and the batch, its pixels in the units of the tower."""
    assert isinstance(of.model.text, BertSettings)
    vision, text = hugging_face.vision_config(of.model.image), of.model.text.exported().config
    towers = {"vision_config": vision, "text_config": text, "projection_dim": of.model.projection}
    files.write_json(folder / weights.SETTINGS, {"model_type": "vision-text-dual-encoder"} | towers)
    state = weights.to_state(params(of))
    # Version 5 reads both; version 4 would leave the tower random.
    twice = {name: f"vision_model.{name}" if name.startswith("vision_model.") else name for name in state}
    hugging_face.write_weights(folder / weights.WEIGHTS, {twice[name]: value for name, value in state.items()})
    batch = pairs(of)
    pixels = dual_encoder.normalise_pixels(of.model.image, jnp.asarray(batch.pop("pixels")))
    np.savez(folder / BATCH, allow_pickle=False, pixels=np.asarray(pixels).transpose(0, 3, 1, 2), **batch)


def operations(of: Size, length: int) -> float:
    """Of a pair in one step by the model's own arithmetic."""
    return flops.training(flops.pair(of.model, length, of.batch))
