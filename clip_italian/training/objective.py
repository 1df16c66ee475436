"""Contrastive training of a dual encoder: on pixels and tokens, or on features of frozen backbones."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clip_italian import devices
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.training.loss import contrastive_per_pair, loss_per_pair, mean_loss, with_local_negatives

Batch = dict[str, Any]
COMMON_SCALE = 20.0  # of `valid_loss_at_20`: losses of arms with different scales can only be compared at the same scale
RANKED_AT_ONCE = 1024  # texts compared with all images at a time; bounds memory


@functools.cache
def loss_on_pixels(
    settings: DualEncoderSettings, negatives: int, policy: ComputePolicy = PLAIN, micro_batches: int = 1
) -> Callable[[Params, Batch], Array]:
    """The loss of a batch with `pixels`, `ids` and `mask`; each pair has its negatives among `negatives` pairs.

    With text dropout the batch also has `seed` and `step`, which seed it. The towers compute one micro-batch at a time, and again
    in the backward pass; the loss is that of the whole batch (Gao et al. 2021, "Scaling deep contrastive learning batch size under
    memory limited setup"). Equal arguments return the same function, so that it compiles once.
    """
    on_features = loss_on_features(negatives)

    def features(params: Params, rows: Batch, key: Array | None) -> Batch:
        image = dual_encoder.image_features(settings, params, rows["pixels"], policy)
        text = dual_encoder.text_features(settings, params, rows["ids"], rows["mask"], policy, key, rows["number"])
        return {"image": image, "text": text}

    def loss(params: Params, batch: Batch) -> Array:
        key = jax.random.fold_in(jax.random.key(batch["seed"]), batch["step"]) if policy.text_dropout else None
        rows = {name: batch[name] for name in ("pixels", "ids", "mask")} | {"number": jnp.arange(len(batch["ids"]))}
        return on_features(params, in_parts(lambda part: features(params, part, key), rows, micro_batches))

    return loss


def in_parts(function: Callable[[Batch], Batch], rows: Batch, parts: int) -> Batch:
    """`function(rows)`, computed for one of `parts` equal parts at a time, and again in the backward pass.

    Each part has the same number of rows on every device, so that no rows move between devices.
    """
    if parts == 1:
        return function(rows)
    count = jax.sharding.get_abstract_mesh().shape.get(devices.AXIS, 1)
    split = jax.tree.map(lambda x: _swapped(x.reshape(count, parts, -1, *x.shape[1:])), rows)
    flat = jax.tree.map(lambda x: x.reshape(parts, -1, *x.shape[3:]), split)
    done = jax.lax.map(jax.checkpoint(function), flat)
    return jax.tree.map(lambda x: _swapped(x.reshape(parts, count, -1, *x.shape[2:])).reshape(-1, *x.shape[2:]), done)


def _swapped(x: Array) -> Array:
    return jnp.swapaxes(x, 0, 1)


@functools.cache
def loss_on_features(negatives: int) -> Callable[[Params, Batch], Array]:
    """The loss of a batch of pooled features `image` and `text`; each pair has its negatives among `negatives` pairs."""

    def loss(params: Params, batch: Batch) -> Array:
        image = dual_encoder.project_image(params, batch["image"])
        text = dual_encoder.project_text(params, batch["text"])
        return mean_loss(params, image, text, negatives)

    return loss


@functools.partial(jax.jit, static_argnames="block")
def validation_values(params: Params, image: Float[Array, "n c"], text: Float[Array, "n d"], block: int) -> dict[str, Array]:
    """For each pair: the model's loss, the softmax loss at scale 20, the cosine, and the rank of the image for the text.

    Losses have their negatives in blocks of `block` pairs; pairs after the last whole block have none, as in 2021. Ranks are
    among all images. `mean_cosine` is over all images and texts.
    """
    image, text = dual_encoder.project_image(params, image), dual_encoder.project_text(params, text)
    return {
        "loss": with_local_negatives(loss_per_pair(params), image, text, block),
        "loss_at_20": with_local_negatives(lambda i, t: contrastive_per_pair(i, t, COMMON_SCALE), image, text, block),
        "cosine": jnp.sum(image * text, axis=1),
        "rank": ranks(image, text),
        # Needs no matrix of all cosines.
        "mean_cosine": image.mean(axis=0) @ text.mean(axis=0),
    }


def ranks(image: Float[Array, "n p"], text: Float[Array, "n p"]) -> Int[Array, " n"]:
    """The rank of each text's own image among all images, from 1; ties count in the model's favour."""

    def rank(pair: tuple[Array, Array]) -> Array:
        one, own = pair
        scores = image @ one
        return 1 + (scores > scores[own]).sum()

    return jax.lax.map(rank, (text, jnp.arange(len(text))), batch_size=RANKED_AT_ONCE)


def validator(
    image_of: Callable[[Params], np.ndarray], text_of: Callable[[Params], np.ndarray], block: int, sources: Sequence[str] = ()
) -> Callable[[Params], dict[str, float]]:
    """A validation function for `fit`: the means of `validation_values` on the features that the given functions return.

    `sources` has each pair's source. The loss is also averaged for each source, with negatives from all sources.
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
    """The mean in double precision, rounded once, so that the order of the values does not matter."""
    return math.fsum(values.tolist()) / len(values)
