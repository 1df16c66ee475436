"""Matrix products in the form that XLA's compiler for CPUs has a fast program of, value and gradients.

Found by measuring (docs/performance.md, LOG.md). Which products of bfloat16 it computes as such is in openxla/xla,
xla/backends/cpu/ynn_support.cc, IsDotSupportedByYnn; all others it widens to float32, which takes twice as long on a processor with
instructions for them.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_vjp
def product(x: Float[Array, "... d"], kernel: Float[Array, "d e"]) -> Float[Array, "... e"]:
    """The matrix product, in the dtype of both."""
    return _summed(x, kernel, x.ndim - 1, 0)


def _product_and_inputs(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return product(x, kernel), (x, kernel)


def _gradients(inputs: tuple[Array, Array], of_y: Float[Array, "... e"]) -> tuple[Array, Array]:
    x, kernel = inputs
    of_kernel = jax.lax.platform_dependent(x, of_y, cpu=_over_one_axis, default=_over_all_axes)
    return _summed(of_y, kernel, x.ndim - 1, 1), of_kernel


product.defvjp(_product_and_inputs, _gradients)


def _over_one_axis(x: Float[Array, "... d"], of_y: Float[Array, "... e"]) -> Float[Array, "d e"]:
    # XLA:CPU copies what is summed over several axes into an order in which the product is half as fast.
    x, of_y = x.reshape(-1, x.shape[-1]), of_y.reshape(-1, of_y.shape[-1])
    if x.dtype == jnp.float32:
        return _over_all_axes(x, of_y)
    # Its products of bfloat16 sum over rows of the first matrix, so that is turned. To the compiler a turned matrix still has its
    # old order, and one that was reshaped has not; the barrier keeps it from undoing both.
    turned = jax.lax.optimization_barrier(x.T.reshape(*x.T.shape, 1)).reshape(x.T.shape)
    return _summed(turned, of_y, 1, 0)


def _over_all_axes(x: Float[Array, "... d"], of_y: Float[Array, "... e"]) -> Float[Array, "d e"]:
    # As XLA's compiler for TPUs has it in least memory: with two matrices a step took a third more (LOG.md).
    return jax.lax.dot_general(x, of_y, ((tuple(range(x.ndim - 1)),) * 2, ((), ())))


def _summed(x: Array, y: Array, axis: int, of_y: int) -> Array:
    """The products of numbers of `x` and `y` summed over one axis of each."""
    plain = functools.partial(jax.lax.dot_general, dimension_numbers=(((axis,), (of_y,)), ((), ())))
    if x.dtype == jnp.float32:
        return plain(x, y)
    return jax.lax.platform_dependent(x, y, cpu=functools.partial(_rounded, plain), default=plain)


def _rounded(plain: functools.partial[Array], x: Array, y: Array) -> Array:
    # XLA:CPU has products of bfloat16 that give float32, and none that give bfloat16.
    return plain(x, y, preferred_element_type=jnp.float32).astype(x.dtype)
