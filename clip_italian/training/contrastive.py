"""Contrastive training of a dual encoder: on pixels and tokens, or on features of frozen backbones."""
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.training.loss import contrastive_of_each, in_blocks, sigmoid_of_each

Batch = dict[str, Any]
COMMON_SCALE = 20.0  # of `valid_loss_at_20`: losses of arms with different scales compare only at one scale
RANKED_AT_ONCE = 1024  # texts among all pictures of a validation; bounds memory


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
        return jnp.mean(in_blocks(losses_of(params), image, text, block))

    return loss


def losses_of(params: Params) -> Callable[[Array, Array], Array]:
    """The loss of each pair of unit vectors: the sigmoid one where the model has a bias, which has no effect in the softmax."""
    scale = jnp.exp(params["logit_scale"])
    if "logit_bias" in params:
        return lambda image, text: sigmoid_of_each(image, text, scale, params["logit_bias"])
    return lambda image, text: contrastive_of_each(image, text, scale)


@functools.partial(jax.jit, static_argnames="block")
def validation_values(params: Params, image: Float[Array, "n c"], text: Float[Array, "n d"], block: int) -> dict[str, Array]:
    """Of each pair: the model's own loss and the softmax loss at scale 20 over blocks of `block` pairs, the cosine of the two,
    and the rank of the picture among all, when the text asks.

    A last part of a block is left out of the losses, as in 2021.
    """
    image, text = dual_encoder.project_image(params, image), dual_encoder.project_text(params, text)
    return {
        "loss": in_blocks(losses_of(params), image, text, block),
        "loss_at_20": in_blocks(lambda i, t: contrastive_of_each(i, t, COMMON_SCALE), image, text, block),
        "cosine": jnp.sum(image * text, axis=1),
        "rank": ranks(image, text),
        # The mean cosine of all pictures with all texts, without their matrix.
        "mean_cosine": image.mean(axis=0) @ text.mean(axis=0),
    }


def ranks(image: Float[Array, "n p"], text: Float[Array, "n p"]) -> Int[Array, " n"]:
    """The rank of each text's own picture among all of them; of equal scores none is ahead of the own one."""

    def rank(pair: tuple[Array, Array]) -> Array:
        one, own = pair
        scores = image @ one
        return 1 + (scores > scores[own]).sum()

    return jax.lax.map(rank, (text, jnp.arange(len(text))), batch_size=RANKED_AT_ONCE)


def validator(
    image_of: Callable[[Params], np.ndarray], text_of: Callable[[Params], np.ndarray], block: int, sources: Sequence[str] = ()
) -> Callable[[Params], dict[str, float]]:
    """A validation for `fit`: features by the given functions, then the means of `validation_values`.

    `sources` says where each pair is from; the loss of each source's pairs, among all others of their blocks, comes beside.
    """

    def validate(params: Params) -> dict[str, float]:
        image, text = image_of(params), text_of(params)
        if len(image) < block:
            raise InputError(f"{len(image)} validation pairs are fewer than the batch of {block}; lower `batch` in the profile")
        values = {name: np.asarray(value, np.float64) for name, value in validation_values(params, image, text, block).items()}
        return _means(values) | _by_source(values["loss"], sources)

    return validate


def _means(values: dict[str, np.ndarray]) -> dict[str, float]:
    rank, count = values["rank"], len(values["rank"])
    own = _mean(values["cosine"])
    return {
        "valid_loss": _mean(values["loss"]),
        "valid_loss_at_20": _mean(values["loss_at_20"]),
        "valid_mrr@10": _mean(np.where(rank <= 10, 1 / rank, 0)),
        "valid_cosine": own,
        "valid_cosine_of_others": (float(values["mean_cosine"]) * count - own) / max(count - 1, 1),
    }


def _by_source(losses: np.ndarray, sources: Sequence[str]) -> dict[str, float]:
    named = np.array(sources[: len(losses)])
    return {f"valid_loss_{source}": _mean(losses[named == source]) for source in sorted(set(named.tolist()))}


def _mean(values: np.ndarray) -> float:
    """In double precision, to the last bit whatever the order."""
    return math.fsum(values.tolist()) / len(values)
