"""The contrastive losses: CLIP's softmax loss and SigLIP's sigmoid loss.

`image` and `text` are projected features with unit rows. Row i of one and row i of the other are a pair; all other rows are
negatives. The functions here define the losses on the whole n x n matrix of logits. `mean_loss` computes the same values tile
by tile.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from clip_italian.training import tiled_loss

LossPerPair = Callable[[Float[Array, "n p"], Float[Array, "n p"]], Float[Array, " n"]]


def mean_loss(params: dict[str, Any], image: Float[Array, "n p"], text: Float[Array, "n p"], negatives: int) -> Float[Array, ""]:
    """Mean loss of a batch whose pairs have their negatives among `negatives` pairs: all n, or a block of the batch.

    The loss is the sigmoid loss if the model has a `logit_bias`, else the softmax loss, in which a bias has no effect.
    """
    if negatives < len(image):
        return jnp.mean(with_local_negatives(loss_per_pair(params), image, text, negatives))
    scale = jnp.exp(params["logit_scale"])
    if "logit_bias" in params:
        return tiled_loss.sigmoid(image, text, scale, params["logit_bias"])
    return tiled_loss.contrastive(image, text, scale)


def loss_per_pair(params: dict[str, Any]) -> LossPerPair:
    """The loss of each pair under the model's scale, and its bias if it has one."""
    scale = jnp.exp(params["logit_scale"])
    if "logit_bias" in params:
        return lambda image, text: sigmoid_per_pair(image, text, scale, params["logit_bias"])
    return lambda image, text: contrastive_per_pair(image, text, scale)


def with_local_negatives(
    loss: LossPerPair, image: Float[Array, "n p"], text: Float[Array, "n p"], block: int
) -> Float[Array, " m"]:
    """The loss of each pair with the other pairs of its block of `block` pairs as negatives.

    In 2021 a block was the share of one TPU core. Pairs after the last whole block are dropped: m = n // block * block.
    """
    whole = len(image) // block * block
    blocks = image[:whole].reshape(-1, block, image.shape[1]), text[:whole].reshape(-1, block, text.shape[1])
    return jax.vmap(loss)(*blocks).reshape(whole)


def contrastive(image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float) -> Float[Array, ""]:
    """Mean of the cross-entropies of image to text and text to image (Radford et al. 2021, figure 3)."""
    return jnp.mean(contrastive_per_pair(image, text, scale))


def contrastive_per_pair(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float
) -> Float[Array, " n"]:
    """The terms of `contrastive`, a pair each."""
    logits = scale * image @ text.T
    own = jnp.diagonal(logits)
    both = jax.nn.logsumexp(logits, axis=0) + jax.nn.logsumexp(logits, axis=1)
    return both / 2 - own


def sigmoid(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, bias: Float[Array, ""] | float
) -> Float[Array, ""]:
    """Sum of the n * n binary cross-entropies "do this image and this text match?", divided by n (Zhai et al. 2023, equation 1)."""
    return jnp.mean(sigmoid_per_pair(image, text, scale, bias))


def sigmoid_per_pair(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, bias: Float[Array, ""] | float
) -> Float[Array, " n"]:
    """The terms of `sigmoid`: for each image, the sum over the n texts."""
    logits = scale * image @ text.T + bias
    signs = 2 * jnp.eye(len(image)) - 1
    return -jnp.sum(jax.nn.log_sigmoid(signs * logits), axis=1)
