"""The contrastive losses: CLIP's softmax and SigLIP's sigmoid."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def in_blocks(
    losses: Callable[[Array, Array], Array], image: Float[Array, "n p"], text: Float[Array, "n p"], block: int
) -> Float[Array, " m"]:
    """The loss of each pair, whose negatives are the other pairs of its block of `block` pairs alone.

    In 2021 a block was what one of the TPU's devices held. A last part of a block is left out.
    """
    whole = len(image) // block * block
    blocks = image[:whole].reshape(-1, block, image.shape[1]), text[:whole].reshape(-1, block, text.shape[1])
    return jax.vmap(losses)(*blocks).reshape(whole)


def contrastive(image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float) -> Float[Array, ""]:
    """Mean of the two cross-entropies of picking the partner: of each image among the texts, and the reverse.

    Radford et al. 2021, figure 3.

    `image` and `text` are unit rows, row i of one belonging to row i of the other; all other rows are negatives.
    """
    return jnp.mean(contrastive_of_each(image, text, scale))


def contrastive_of_each(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float
) -> Float[Array, " n"]:
    """What each pair adds to the mean that is `contrastive`."""
    logits = scale * image @ text.T
    right = jnp.diagonal(logits)
    both = jax.nn.logsumexp(logits, axis=0) + jax.nn.logsumexp(logits, axis=1)
    return both / 2 - right


def sigmoid(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, bias: Float[Array, ""] | float
) -> Float[Array, ""]:
    """Every image with every text is a question of its own: do they belong together? Zhai et al. 2023, equation 1.

    `image` and `text` are unit rows, row i of one belonging to row i of the other. A sum over the n * n questions, divided by n.
    """
    return jnp.mean(sigmoid_of_each(image, text, scale, bias))


def sigmoid_of_each(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, bias: Float[Array, ""] | float
) -> Float[Array, " n"]:
    """The sum over each image's n questions: what it adds to the mean that is `sigmoid`."""
    logits = scale * image @ text.T + bias
    signs = 2 * jnp.eye(len(image)) - 1
    return -jnp.sum(jax.nn.log_sigmoid(signs * logits), axis=1)
