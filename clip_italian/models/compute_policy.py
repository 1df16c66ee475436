"""Precision, recomputation and dropout of a model, none of which changes a parameter's name, shape or dtype."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class ComputePolicy(NamedTuple):
    """A tower's compute policy; hashable, so a static argument of `jax.jit`."""

    # Of activations. Parameters are float32 and are rounded for each matmul, so their gradients are float32. Sums of embeddings,
    # statistics of layer norms, softmax, activation functions, biases and pooling are float32 too.
    dtype: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False  # whether the backward pass recomputes each block instead of keeping its activations
    text_dropout: float = 0.0  # dropout rate of a BERT tower; 2021: 0.1


PLAIN = ComputePolicy()
Keys = Array  # one random key a text


def text_keys(key: Array, texts: Int[Array, "n"]) -> Keys:
    """A key for each text, derived from the text's number, so that its dropout does not depend on other texts."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, texts)


def fold_in(keys: Keys, number: int) -> Keys:
    """The texts' keys for block `number` of a tower, or for dropout `number` of a block."""
    return jax.vmap(jax.random.fold_in, (0, None))(keys, number)


def kept(keys: Keys, rate: float, rows: int, columns: int) -> Bool[Array, "n {rows} {columns}"]:
    """A dropout mask for each text, true for kept values. Each row has its own key, so padding does not change the mask."""
    each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(keys, jnp.arange(rows))
    return jax.vmap(jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, (columns,))))(each)


def dropout(x: Float[Array, "n ... t d"], rate: float, keys: Keys | None, number: int) -> Float[Array, "n ... t d"]:
    """Dropout (Srivastava et al. 2014): a share `rate` of the values becomes zero, the others are divided by 1 - rate.

    Each text has its own mask, shared by the axes between the first and the last two, which are the heads of attention, as in
    Hugging Face's FlaxBert. Without keys nothing is dropped.
    """
    if keys is None:
        return x
    mask = kept(fold_in(keys, number), rate, *x.shape[-2:])
    mask = jnp.expand_dims(mask, tuple(range(1, x.ndim - 2)))
    return jnp.where(mask, x / (1 - rate), jnp.zeros((), x.dtype))
