"""Contrastive training of a dual encoder: on pixels and tokens, or on features of frozen backbones."""
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.training.loss import contrastive, in_blocks, sigmoid

Batch = dict[str, Any]
COMMON_SCALE = 20.0  # of `valid_loss_at_20`: losses of arms with different scales compare only at one scale


@functools.cache
def loss_on_pixels(settings: DualEncoderSettings, block: int) -> Callable[[Params, Batch], Array]:
    """The loss of a batch with `pixels`, `ids` and `mask`, whose pairs have negatives among `block` pairs.

    One function per architecture, so that it compiles once.
    """
    on_features = loss_on_features(block)

    def loss(params: Params, batch: Batch) -> Array:
        image = dual_encoder.image_features(settings, params, batch["pixels"])
        text = dual_encoder.text_features(settings, params, batch["ids"], batch["mask"])
        return on_features(params, {"image": image, "text": text})

    return loss


@functools.cache
def loss_on_features(block: int) -> Callable[[Params, Batch], Array]:
    """The loss of a batch with the pooled features `image` and `text`, whose pairs have negatives among `block` pairs."""

    def loss(params: Params, batch: Batch) -> Array:
        image = dual_encoder.project_image(params, batch["image"])
        text = dual_encoder.project_text(params, batch["text"])
        return in_blocks(pair_loss(params), image, text, block)

    return loss


def pair_loss(params: Params) -> Callable[[Array, Array], Array]:
    """The loss of unit vectors of pairs: the sigmoid one where the model has a bias, which has no effect in the softmax."""
    scale = jnp.exp(params["logit_scale"])
    if "logit_bias" in params:
        return lambda image, text: sigmoid(image, text, scale, params["logit_bias"])
    return lambda image, text: contrastive(image, text, scale)


@functools.partial(jax.jit, static_argnames="block")
def validation_metrics(
    params: Params, image: Float[Array, "n c"], text: Float[Array, "n d"], block: int
) -> dict[str, Array]:
    """The model's own loss over blocks of `block` pairs, the softmax loss at scale 20, and text-to-image MRR@10 among all.

    A last part of a block is left out of the losses, as in 2021.
    """
    image, text = dual_encoder.project_image(params, image), dual_encoder.project_text(params, text)
    scores = text @ image.T
    ranks = 1 + (scores > jnp.diagonal(scores)[:, None]).sum(axis=1)
    reciprocal = jnp.where(ranks <= 10, 1 / ranks, 0).mean()
    own = in_blocks(pair_loss(params), image, text, block)
    common = in_blocks(lambda i, t: contrastive(i, t, COMMON_SCALE), image, text, block)
    return {"valid_loss": own, "valid_loss_at_20": common, "valid_mrr@10": reciprocal}


def validator(
    image_of: Callable[[Params], np.ndarray], text_of: Callable[[Params], np.ndarray], block: int
) -> Callable[[Params], dict[str, float]]:
    """A validation for `fit`: features by the given functions, then `validation_metrics`."""

    def validate(params: Params) -> dict[str, float]:
        image, text = image_of(params), text_of(params)
        if len(image) < block:
            raise InputError(f"{len(image)} validation pairs are fewer than the batch of {block}; lower `batch` in the profile")
        values = validation_metrics(params, image, text, block)
        return {name: float(value) for name, value in values.items()}

    return validate
