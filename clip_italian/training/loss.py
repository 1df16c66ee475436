"""The contrastive loss (Radford et al. 2021, figure 3)."""
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def in_blocks(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, block: int
) -> Float[Array, ""]:
    """Mean of `contrastive` over blocks of `block` pairs, whose negatives are the other pairs of the block alone.

    In 2021 a block was what one of the TPU's devices held. A last part of a block is left out.
    """
    whole = len(image) // block * block
    blocks = image[:whole].reshape(-1, block, image.shape[1]), text[:whole].reshape(-1, block, text.shape[1])
    return jnp.mean(jax.vmap(lambda i, t: contrastive(i, t, scale))(*blocks))


def contrastive(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float
) -> Float[Array, ""]:
    """Mean of the two cross-entropies of picking the partner: of each image among the texts, and the reverse.

    `image` and `text` are unit rows, row i of one belonging to row i of the other; all other rows are negatives.
    """
    logits = scale * image @ text.T
    right = jnp.diagonal(logits)
    both = jax.nn.logsumexp(logits, axis=0) + jax.nn.logsumexp(logits, axis=1)
    return jnp.mean(both / 2 - right)
