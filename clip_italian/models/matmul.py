"""Matrix multiplication, value and gradients, in the forms that XLA computes fast on CPUs.

The forms were found by measuring (docs/performance.md, LOG.md). openxla/xla, xla/backends/cpu/ynn_support.cc, IsDotSupportedByYnn
lists the matmuls that run in bfloat16; all others are widened to float32, which takes twice as long on a processor with bfloat16
instructions.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_vjp
def matmul(x: Float[Array, "... d"], kernel: Float[Array, "d e"]) -> Float[Array, "... e"]:
    """x @ kernel, in the dtype of both."""
    return _contract(x, kernel, x.ndim - 1, 0)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return matmul(x, kernel), (x, kernel)


def _backward(inputs: tuple[Array, Array], grad: Float[Array, "... e"]) -> tuple[Array, Array]:
    x, kernel = inputs
    kernel_grad = jax.lax.platform_dependent(x, grad, cpu=_kernel_grad_on_cpu, default=_kernel_grad)
    return _contract(grad, kernel, x.ndim - 1, 1), kernel_grad


matmul.defvjp(_forward, _backward)


def _kernel_grad_on_cpu(x: Float[Array, "... d"], grad: Float[Array, "... e"]) -> Float[Array, "d e"]:
    # A sum over several axes makes XLA:CPU copy both into an order in which the matmul is half as fast.
    x, grad = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
    if x.dtype == jnp.float32:
        return _kernel_grad(x, grad)
    # A bfloat16 matmul is fast only over the first operand's columns, so it is transposed. The compiler would undo a plain
    # transpose. It does not see through a reshape, and the barrier keeps it from undoing both.
    transposed = jax.lax.optimization_barrier(x.T.reshape(*x.T.shape, 1)).reshape(x.T.shape)
    return _contract(transposed, grad, 1, 0)


def _kernel_grad(x: Float[Array, "... d"], grad: Float[Array, "... e"]) -> Float[Array, "d e"]:
    # Over all leading axes at once: reshaped to two matrices, a step on TPUs took a third more memory (LOG.md).
    return jax.lax.dot_general(x, grad, ((tuple(range(x.ndim - 1)),) * 2, ((), ())))


def _contract(x: Array, y: Array, x_axis: int, y_axis: int) -> Array:
    """The sum of products over one axis of each."""
    dot = functools.partial(jax.lax.dot_general, dimension_numbers=(((x_axis,), (y_axis,)), ((), ())))
    if x.dtype == jnp.float32:
        return dot(x, y)
    return jax.lax.platform_dependent(x, y, cpu=functools.partial(_rounded, dot), default=dot)


def _rounded(dot: functools.partial[Array], x: Array, y: Array) -> Array:
    # XLA:CPU has matmuls of bfloat16 that give float32, and none that give bfloat16.
    return dot(x, y, preferred_element_type=jnp.float32).astype(x.dtype)
