"""The contrastive losses of `loss` for a batch of any size, on any number of devices.

Value and gradients are those of the definitions, but no device ever holds more than some rows of the n x n similarity matrix: the
rows are walked through block by block, and the gradients are put together on the way. The softmax needs two walks, since no
column's sum is known before the last row: four products of n * n * p multiplications where the full matrix needs three. A matrix
that is small anyway is one block, of which nothing is computed twice.

Inside `jit`, under a mesh set by `jax.set_mesh` whose axis `data` has several devices, each device has its rows of `image` and
`text`, and every pair still has all others of the batch as negatives. Each device collects all texts (n * p numbers: 184 MB for
90,112 of 512 in float32) and holds a gradient as large, of which it keeps its rows of the sum over devices; apart from these two,
devices exchange a few vectors of n numbers. Only the order of sums differs from that on one device. ValueError says so where the
devices cannot share the n rows evenly.
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
# Of a block. Of processor time on two cores, at 4,096 and 8,192 pairs of 512 numbers, twice as many took as much and four times as
# many a fifth more; half as many took a tenth to a third more, as the gradient of the texts is read and written with every block.
ROWS = 512
# Numbers of a device's part of the matrix, 16 MiB: up to here it is one block, which saves one product of four. 1,024 pairs take a
# fifth less so than in four blocks; at 4,096 nothing was won, for four times the memory.
WHOLE = 1 << 22

Factors = tuple[Float[Array, ""], ...]  # of the cosines: what they are multiplied by, and what is then added, if anything
Gradients = tuple[Float[Array, "m p"], Float[Array, "m p"], Factors]
# Of each row or column: its largest logit, and the sum of the exponentials of what the logits are above it.
Sums = tuple[Float[Array, " _"], Float[Array, " _"]]
# Of a device's rows, all texts being collected by the named axes, in blocks of so many rows: the loss and its gradients.
Local = Callable[[Float[Array, "m p"], Float[Array, "m p"], Factors, tuple[str, ...], int], tuple[Float[Array, ""], Gradients]]


def contrastive(
    image: Float[Array, "n p"], text: Float[Array, "n p"], scale: Float[Array, ""] | float, rows: int | None = None
) -> Float[Array, ""]:
    """`loss.contrastive`, Radford et al. 2021, figure 3: mean of the cross-entropies of picking the partner, both ways.

    `image` and `text` are unit rows, row i of one belonging to row i of the other; all other rows are negatives, those of other
    devices too. `rows` of the matrix are in a block, the last of which may have fewer; without it, as many as are fastest.
    """
    return _value(_softmax, rows, image, text, (jnp.asarray(scale, image.dtype),))


def sigmoid(
    image: Float[Array, "n p"],
    text: Float[Array, "n p"],
    scale: Float[Array, ""] | float,
    bias: Float[Array, ""] | float,
    rows: int | None = None,
) -> Float[Array, ""]:
    """`loss.sigmoid`, Zhai et al. 2023, equation 1: whether they belong together, asked of every image with every text.

    `image`, `text` and `rows` as in `contrastive`. A sum over the n * n questions, divided by n.
    """
    return _value(_sigmoid, rows, image, text, (jnp.asarray(scale, image.dtype), jnp.asarray(bias, image.dtype)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _value(
    local: Local, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> Float[Array, ""]:
    return _on_devices(local, rows, image, text, factors)[0]


def _forward(
    local: Local, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> tuple[Float[Array, ""], Gradients]:
    return _on_devices(local, rows, image, text, factors)


def _backward(local: Local, rows: int | None, gradients: Gradients, cotangent: Float[Array, ""]) -> Gradients:
    return jax.tree.map(lambda gradient: cotangent * gradient, gradients)


_value.defvjp(_forward, _backward)


def _on_devices(
    local: Local, rows: int | None, image: Float[Array, "n p"], text: Float[Array, "n p"], factors: Factors
) -> tuple[Float[Array, ""], Gradients]:
    """Runs `local` where the rows are: on every device of the mesh's axis `data`, or on the only one."""
    devices = jax.sharding.get_abstract_mesh().shape.get(AXIS, 1)
    share = len(image) // devices
    rows = min(share, rows or (share if share * len(image) <= WHOLE else ROWS))
    if devices == 1:
        return local(image, text, factors, (), rows)
    on_rows, on_all = PartitionSpec(AXIS), PartitionSpec()
    # Nothing is differentiated through it, so that nobody has to know which values are the same on all devices.
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
    slopes = functools.partial(_softmax_slopes, texts, by_column)
    of_texts, of_scaled = _walk(slopes, jnp.zeros_like(texts), rows, first, scaled, *by_row)
    value, of_scale = (lax.psum(part.sum(), axes) for part in (losses, image * of_scaled))
    return value, (factors[0] * of_scaled, lax.psum_scatter(of_texts, axes, tiled=True), (of_scale,))


def _sums(
    texts: Float[Array, "n p"], columns: Sums, place: Int[Array, ""], block: Float[Array, "b p"]
) -> tuple[Sums, tuple[Sums, Float[Array, " b"]]]:
    """Adds a block to the sums of the columns; returns the sums of its rows, and the logits of its pairs."""
    logits = block @ texts.T
    most, highest = logits.max(axis=1), jnp.maximum(columns[0], logits.max(axis=0))
    by_row = most, jnp.exp(logits - most[:, None]).sum(axis=1)
    by_column = highest, columns[1] * jnp.exp(columns[0] - highest) + jnp.exp(logits - highest[None]).sum(axis=0)
    own = lax.dynamic_slice(logits, (0, place), (len(block), len(block)))
    return by_column, (by_row, jnp.diagonal(own))


def _softmax_slopes(
    texts: Float[Array, "n p"],
    columns: Sums,
    of_texts: Float[Array, "n p"],
    place: Int[Array, ""],
    block: Float[Array, "b p"],
    most: Float[Array, " b"],
    total: Float[Array, " b"],
) -> tuple[Float[Array, "n p"], Float[Array, "b p"]]:
    """Adds a block to the gradient of the texts; returns that of its own rows."""
    logits = block @ texts.T
    # Not the exponential of the logit less the logarithm of the sum: where a row is almost sure, its rounding would be the result.
    along_rows = jnp.exp(logits - most[:, None]) * (1 / total)[:, None]
    along_columns = jnp.exp(logits - columns[0][None]) * (1 / columns[1])[None]
    slopes = ((along_rows + along_columns) / 2 - _partners(logits, place)) / len(texts)
    return of_texts + slopes.T @ block, slopes @ texts


def _sigmoid(
    image: Float[Array, "m p"], text: Float[Array, "m p"], factors: Factors, axes: tuple[str, ...], rows: int
) -> tuple[Float[Array, ""], Gradients]:
    scale, bias = factors
    texts = lax.all_gather(text, axes, tiled=True)
    slopes = functools.partial(_sigmoid_slopes, texts, bias)
    of_texts, (of_scaled, surprise, slope) = _walk(
        slopes, jnp.zeros_like(texts), rows, lax.axis_index(axes) * len(image), scale * image
    )
    value, of_scale, of_bias = (lax.psum(part.sum(), axes) for part in (surprise, image * of_scaled, slope))
    return value, (scale * of_scaled, lax.psum_scatter(of_texts, axes, tiled=True), (of_scale, of_bias))


def _sigmoid_slopes(
    texts: Float[Array, "n p"],
    bias: Float[Array, ""],
    of_texts: Float[Array, "n p"],
    place: Int[Array, ""],
    block: Float[Array, "b p"],
) -> tuple[Float[Array, "n p"], tuple[Float[Array, "b p"], Float[Array, " b"], Float[Array, " b"]]]:
    """Adds a block to the gradient of the texts; returns that of its own rows, their losses, and their sums of slopes."""
    logits = block @ texts.T + bias
    wrong = jnp.where(_partners(logits, place), -1.0, 1.0).astype(logits.dtype) / len(texts)
    against = jnp.where(wrong < 0, -logits, logits)
    slopes = wrong * jax.nn.sigmoid(against)
    losses = jax.nn.softplus(against).sum(axis=1) / len(texts)
    return of_texts + slopes.T @ block, (slopes @ texts, losses, slopes.sum(axis=1))


def _partners(logits: Float[Array, "b n"], place: Int[Array, ""]) -> Bool[Array, "b n"]:
    """Where the pairs are in a block of which the first row is row `place` of the matrix."""
    row, column = (lax.broadcasted_iota(jnp.int32, logits.shape, axis) for axis in (0, 1))
    return column == row + place


def _walk(step: Callable[..., tuple[Any, Any]], carry: Any, rows: int, first: Int[Array, ""], *parts: Array) -> tuple[Any, Any]:
    """`lax.scan` of `step(carry, place, *block)` over `parts`, `rows` of each at a time and at the end what is left.

    `place` is the row of the matrix that the block begins with, `first` that of the first block. Returns the last carry and
    the outputs of all rows.
    """
    before = (len(parts[0]) - 1) // rows  # the last block, whole or not, stands outside the loop: a single one needs none
    split = before * rows
    blocks = [part[:split].reshape(before, rows, *part.shape[1:]) for part in parts]
    places = first + rows * jnp.arange(before)
    carry, walked = lax.scan(lambda carry, block: step(carry, *block), carry, (places, *blocks))
    carry, last = step(carry, first + split, *(part[split:] for part in parts))
    joined = jax.tree.map(lambda many, one: jnp.concatenate([many.reshape(split, *one.shape[1:]), one]), walked, last)
    return carry, joined
