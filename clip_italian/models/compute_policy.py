"""How a model is computed, beside what it is: none of it changes a parameter's name, shape or dtype."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class ComputePolicy(NamedTuple):
    """Settings of a tower's computation; hashable, so a static argument of `jax.jit`."""

    # Of activations. Parameters stay float32 and are rounded where a matrix product reads them, so their gradients are float32;
    # sums of tables, statistics of layer norms, softmax, activation functions, biases and pooling are float32 in between.
    dtype: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False  # compute each block again in the backward pass, instead of keeping what it computed
    text_dropout: float = 0.0  # share of values dropped in a BERT tower; 2021: 0.1


PLAIN = ComputePolicy()
Keys = Array  # one random key a text


def text_keys(key: Array, texts: Int[Array, "n"]) -> Keys:
    """The keys of the texts of these numbers: what is dropped from a text depends on the key and its number alone."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, texts)


def place_keys(keys: Keys, place: int) -> Keys:
    """Of one of the places of a tower at which values are dropped, or of one of its blocks."""
    return jax.vmap(jax.random.fold_in, (0, None))(keys, place)


def kept(keys: Keys, rate: float, rows: int, columns: int) -> Bool[Array, "n {rows} {columns}"]:
    """Which values of a matrix for each text are not dropped.

    Each row has a key of its own, so that a text's mask does not depend on how far the text is padded.
    """
    each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(keys, jnp.arange(rows))
    return jax.vmap(jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, (columns,))))(each)


def dropout(x: Float[Array, "n ... t d"], rate: float, keys: Keys | None, place: int) -> Float[Array, "n ... t d"]:
    """Sets a share `rate` of the values to zero and divides the others by what is left (Srivastava et al. 2014).

    Axes between the first and the last two share one mask: the heads of attention, as in Hugging Face's FlaxBert, where all
    texts of a batch share it too. Here each text has its own. Without keys nothing is dropped.
    """
    if keys is None:
        return x
    mask = kept(place_keys(keys, place), rate, *x.shape[-2:])
    mask = jnp.expand_dims(mask, tuple(range(1, x.ndim - 2)))
    return jnp.where(mask, x / (1 - rate), jnp.zeros((), x.dtype))
