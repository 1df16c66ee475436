"""The contrastive losses of `loss`, tile by tile, for a batch of any size on any number of devices.

Value and gradients equal those of the definitions. No device holds more than a tile: some rows of the n x n matrix of logits.
One pass over the tiles computes the sums of each row and column; a second pass computes the gradients, since the sum of a
column is known only after the last row. That costs four matrix products where the full matrix needs three. A small matrix is a
single tile, and nothing is computed twice.

Inside `jit`, under a mesh set by `jax.set_mesh` whose axis `data` has several devices, each device has its rows of `image` and
`text`, and every pair still has all others of the batch as negatives. Each device gathers all texts (n * p numbers: 184 MB for
90,112 rows of 512 in float32) and holds a gradient of that size, of which it keeps its rows after the sum over devices. Beside
these two, devices exchange a few vectors of n numbers. Only the order of sums differs from that on one device. Raises
ValueError if n is not a multiple of the number of devices.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec
from jaxtyping import Array, Bool, Float, Int

AXIS = "data"
# Rows of a tile. On two cores, at 4,096 and 8,192 pairs of 512 numbers, 1,024 rows took the same time and 2,048 a fifth more;
# 256 rows took a tenth to a third more, since every tile reads and writes the gradient of the texts.
ROWS = 512
# Up to so many logits, 16 MiB, a device's part of the matrix is one tile, which saves one product of four. 1,024 pairs take a fifth
# less time than in four tiles; at 4,096 nothing was gained, for four times the memory.
WHOLE = 1 << 22

Factors = tuple[Float[Array, ""], ...]  # scale, and bias if there is one
Gradients = tuple[Float[Array, "m p"], Float[Array, "m p"], Factors]
# For each row or column: the largest logit, and the sum of exp(logit - largest).
Sums = tuple[Float[Array, " _"], Float[Array, " _"]]
# (image, text, factors, mesh axes, rows of a tile) of one device -> the loss and its gradients.
LocalLoss = Callable[[Float[Array, "m p"], Float[Array, "m p"], Factors, tuple[str, ...], int], tuple[Float[Array, ""], Gradients]]


def contrastive(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, rows: int | None = None
) -> Float[Array, ""]:
    """`loss.contrastive`: mean of the cross-entropies of image to text and text to image (Radford et al. 2021, figure 3).

    `image` and `text` are unit rows, row i of each a pair; all other rows are negatives, those of other devices too. A tile has
    `rows` rows of the matrix, the last may have fewer; None takes the fastest number.
    """
    return _value(_softmax, rows, image, text, (jnp.asarray(scale, image.dtype),))


def sigmoid(
    image: Float[Array, "n p"],
    text: Float[Array, "n p"],
    scale: Float[Array, ""] | float,
    bias: Float[Array, ""] | float,
    rows: int | None = None,
) -> Float[Array, ""]:
    """`loss.sigmoid`: sum of the n * n binary cross-entropies, divided by n (Zhai et al. 2023, equation 1).

    `image`, `text` and `rows` as in `contrastive`.
    """
    return _value(_sigmoid, rows, image, text, (jnp.asarray(scale, image.dtype), jnp.asarray(bias, image.dtype)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _value(
    local: LocalLoss, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> Float[Array, ""]:
    return _on_devices(local, rows, image, text, factors)[0]


def _forward(
    local: LocalLoss, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> tuple[Float[Array, ""], Gradients]:
    return _on_devices(local, rows, image, text, factors)


def _backward(local: LocalLoss, rows: int | None, gradients: Gradients, cotangent: Float[Array, ""]) -> Gradients:
    return jax.tree.map(lambda gradient: cotangent * gradient, gradients)


_value.defvjp(_forward, _backward)


def _on_devices(
    local: LocalLoss, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> tuple[Float[Array, ""], Gradients]:
    """Runs `local` on every device of the mesh's axis `data`, each with its own rows, or on the only device."""
    devices = jax.sharding.get_abstract_mesh().shape.get(AXIS, 1)
    share = len(image) // devices
    rows = min(share, rows or (share if share * len(image) <= WHOLE else ROWS))
    if devices == 1:
        return local(image, text, factors, (), rows)
    on_rows, on_all = PartitionSpec(AXIS), PartitionSpec()
    # check_vma=False: nothing is differentiated through the map, so JAX need not know which values are equal on all devices.
    spread = jax.shard_map(
        lambda image, text, factors: local(image, text, factors, (AXIS,), rows),
        in_specs=(on_rows, on_rows, on_all),
        out_specs=(on_all, (on_rows, on_rows, on_all)),
        axis_names={AXIS},
        check_vma=False,
    )
    return spread(image, text, factors)


def _softmax(
    image: Float[Array, "m p"], text: Float[Array, "m p"], factors: Factors, axes: tuple[str, ...], rows: int
) -> tuple[Float[Array, ""], Gradients]:
    scaled, first = factors[0] * image, lax.axis_index(axes) * len(image)
    texts = lax.all_gather(text, axes, tiled=True)
    nothing = jnp.full(len(texts), -jnp.inf, scaled.dtype), jnp.zeros(len(texts), scaled.dtype)
    columns, (by_row, right) = _walk(functools.partial(_sums, texts), nothing, rows, first, scaled)
    highest = lax.pmax(columns[0], axes)
    by_column = highest, lax.psum(columns[1] * jnp.exp(columns[0] - highest), axes)
    own = (lax.dynamic_slice(part, (first,), right.shape) for part in by_column)
    losses = sum(most - right + jnp.log(total) for most, total in (by_row, own)) / (2 * len(texts))
    grads = functools.partial(_softmax_grads, texts, by_column)
    of_texts, of_scaled = _walk(grads, jnp.zeros_like(texts), rows, first, scaled, *by_row)
    value, of_scale = (lax.psum(part.sum(), axes) for part in (losses, image * of_scaled))
    return value, (factors[0] * of_scaled, lax.psum_scatter(of_texts, axes, tiled=True), (of_scale,))


def _sums(
    texts: Float[Array, "n p"], columns: Sums, row: Int[Array, ""], block: Float[Array, "b p"]
) -> tuple[Sums, tuple[Sums, Float[Array, " b"]]]:
    """Adds a tile to the sums of the columns; returns the sums of its rows, and the logits of its pairs."""
    logits = block @ texts.T
    most, highest = logits.max(axis=1), jnp.maximum(columns[0], logits.max(axis=0))
    by_row = most, jnp.exp(logits - most[:, None]).sum(axis=1)
    by_column = highest, columns[1] * jnp.exp(columns[0] - highest) + jnp.exp(logits - highest[None]).sum(axis=0)
    own = lax.dynamic_slice(logits, (0, row), (len(block), len(block)))
    return by_column, (by_row, jnp.diagonal(own))


def _softmax_grads(
    texts: Float[Array, "n p"],
    columns: Sums,
    of_texts: Float[Array, "n p"],
    row: Int[Array, ""],
    block: Float[Array, "b p"],
    most: Float[Array, " b"],
    total: Float[Array, " b"],
) -> tuple[Float[Array, "n p"], Float[Array, "b p"]]:
    """Adds a tile to the gradient of the texts; returns this and the gradient of the tile's rows."""
    logits = block @ texts.T
    # Not exp(logit - log(sum)): if one logit dominates a row, the rounding of the logarithm would be as large as the result.
    along_rows = jnp.exp(logits - most[:, None]) * (1 / total)[:, None]
    along_columns = jnp.exp(logits - columns[0][None]) * (1 / columns[1])[None]
    grad_logits = ((along_rows + along_columns) / 2 - _positives(logits, row)) / len(texts)
    return of_texts + grad_logits.T @ block, grad_logits @ texts


def _sigmoid(
    image: Float[Array, "m p"], text: Float[Array, "m p"], factors: Factors, axes: tuple[str, ...], rows: int
) -> tuple[Float[Array, ""], Gradients]:
    scale, bias = factors
    texts = lax.all_gather(text, axes, tiled=True)
    grads = functools.partial(_sigmoid_grads, texts, bias)
    of_texts, (of_scaled, losses, grad_bias) = _walk(
        grads, jnp.zeros_like(texts), rows, lax.axis_index(axes) * len(image), scale * image
    )
    value, of_scale, of_bias = (lax.psum(part.sum(), axes) for part in (losses, image * of_scaled, grad_bias))
    return value, (scale * of_scaled, lax.psum_scatter(of_texts, axes, tiled=True), (of_scale, of_bias))


def _sigmoid_grads(
    texts: Float[Array, "n p"],
    bias: Float[Array, ""],
    of_texts: Float[Array, "n p"],
    row: Int[Array, ""],
    block: Float[Array, "b p"],
) -> tuple[Float[Array, "n p"], tuple[Float[Array, "b p"], Float[Array, " b"], Float[Array, " b"]]]:
    """Adds a tile to the gradient of the texts; returns this, and the gradients, losses and bias gradients of the tile's rows."""
    logits = block @ texts.T + bias
    wrong = jnp.where(_positives(logits, row), -1.0, 1.0).astype(logits.dtype) / len(texts)
    against = jnp.where(wrong < 0, -logits, logits)
    grad_logits = wrong * jax.nn.sigmoid(against)
    losses = jax.nn.softplus(against).sum(axis=1) / len(texts)
    return of_texts + grad_logits.T @ block, (grad_logits @ texts, losses, grad_logits.sum(axis=1))


def _positives(logits: Float[Array, "b n"], row: Int[Array, ""]) -> Bool[Array, "b n"]:
    """True at the logits of pairs, in a tile whose first row is row `row` of the matrix."""
    within, column = (lax.broadcasted_iota(jnp.int32, logits.shape, axis) for axis in (0, 1))
    return column == row + within


def _walk(step: Callable[..., tuple[Any, Any]], carry: Any, rows: int, first: Int[Array, ""], *parts: Array) -> tuple[Any, Any]:
    """`lax.scan` of `step(carry, row, *tile)` over `parts`, `rows` rows at a time; the last tile has what is left.

    `row` is the first row of the tile in the matrix, `first` that of the first tile. Returns the last carry and the outputs of all
    rows.
    """
    before = (len(parts[0]) - 1) // rows  # the last tile stands outside the loop, so that a single tile needs none
    split = before * rows
    tiles = [part[:split].reshape(before, rows, *part.shape[1:]) for part in parts]
    starts = first + rows * jnp.arange(before)
    carry, walked = lax.scan(lambda carry, tile: step(carry, *tile), carry, (starts, *tiles))
    carry, last = step(carry, first + split, *(part[split:] for part in parts))
    joined = jax.tree.map(lambda many, one: jnp.concatenate([many.reshape(split, *one.shape[1:]), one]), walked, last)
    return carry, joined
