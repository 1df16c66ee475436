"""How a model is computed: precision, recomputation and dropout, none of which changes a parameter's name, shape or dtype."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class ComputePolicy(NamedTuple):
    """A tower's compute policy; hashable, so a static argument of `jax.jit`."""

    # Of activations. Parameters stay float32 and are rounded where a matmul reads them, so their gradients are float32. Sums of
    # embeddings, statistics of layer norms, softmax, activation functions, biases and pooling are float32 too.
    dtype: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False  # compute each block again in the backward pass, instead of keeping its activations
    text_dropout: float = 0.0  # share of values dropped in a BERT tower; 2021: 0.1


PLAIN = ComputePolicy()
Keys = Array  # one random key a text


def text_keys(key: Array, texts: Int[Array, "n"]) -> Keys:
    """A key for each text, from the key and the text's number: no other text changes what is dropped from it."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, texts)


def place_keys(keys: Keys, place: int) -> Keys:
    """The texts' keys for one of a tower's blocks, or for one of the places in it where values are dropped."""
    return jax.vmap(jax.random.fold_in, (0, None))(keys, place)


def kept(keys: Keys, rate: float, rows: int, columns: int) -> Bool[Array, "n {rows} {columns}"]:
    """A mask for each text, true where a value is kept.

    Each row has its own key, so that a text's mask does not depend on its padding.
    """
    each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(keys, jnp.arange(rows))
    return jax.vmap(jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, (columns,))))(each)


def dropout(x: Float[Array, "n ... t d"], rate: float, keys: Keys | None, place: int) -> Float[Array, "n ... t d"]:
    """Dropout (Srivastava et al. 2014): a share `rate` of the values becomes zero, the others are divided by 1 - rate.

    Each text has its own mask. Axes between the first and the last two share it: the heads of attention, as in Hugging Face's
    FlaxBert. Without keys nothing is dropped.
    """
    if keys is None:
        return x
    mask = kept(place_keys(keys, place), rate, *x.shape[-2:])
    mask = jnp.expand_dims(mask, tuple(range(1, x.ndim - 2)))
    return jnp.where(mask, x / (1 - rate), jnp.zeros((), x.dtype))
