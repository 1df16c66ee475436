"""Matmuls and their gradients, and what each platform is given to compute."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clip_italian.models.matmul import matmul

SIZES = ((2, 16, 24), (24, 32), (2, 16, 32))  # of what goes in, of the kernel, of what comes out


def value_and_gradients(x, kernel, grad):
    value, backward = jax.vjp(matmul, x, kernel)
    return value, *backward(grad)


def program(function, dtype, platform):
    shapes = [jax.ShapeDtypeStruct(size, dtype) for size in SIZES]
    return jax.jit(function).trace(*shapes).lower(lowering_platforms=(platform,))


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)], ids=["widening", "narrowing"])
@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16])
def test_value_and_gradients_are_those_of_jax(shape, dtype):
    rng = np.random.default_rng(0)
    x, kernel, grad = (jnp.asarray(rng.normal(size=size), dtype) for size in ((2, 3, shape[0]), shape, (2, 3, shape[1])))
    expected, plain = jax.vjp(lambda x, kernel: jnp.einsum("ntd,de->nte", x, kernel), x, kernel)
    tolerance = 1e-6 if dtype == np.float32 else 1e-2
    for one, other in zip(value_and_gradients(x, kernel, grad), (expected, *plain(grad)), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(np.asarray(one, np.float32), np.asarray(other, np.float32), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("platform", "summed"), [("cpu", "[0] x [0]"), ("tpu", "[0, 1] x [0, 1]"), ("cuda", "[0, 1] x [0, 1]")])
def test_the_gradient_of_a_kernel_is_a_matmul_of_two_matrices_on_cpus_alone(platform, summed):
    # Of matrices it is twice as fast there; a TPU needs a third more memory for it (LOG.md).
    text = program(lambda *arrays: value_and_gradients(*arrays)[2], np.float32, platform).as_text()
    assert text.count("dot_general") == 1 and f"contracting_dims = {summed}" in text


@pytest.mark.parametrize(("platform", "given"), [("cpu", "f32"), ("tpu", "bf16"), ("cuda", "bf16")])
def test_matmuls_of_bfloat16_give_float32_on_cpus_alone(platform, given):
    text = program(value_and_gradients, jnp.bfloat16, platform).as_text()
    assert re.findall(r"dot_general.*xbf16>, tensor<\w+xbf16>\) -> tensor<\w+x(\w+)>", text) == 3 * [given]


def test_a_cpu_widens_no_matmul_of_bfloat16():
    # What it widens takes twice as long (docs/performance.md).
    text = program(value_and_gradients, jnp.bfloat16, "cpu").compile().as_text()
    dots = re.findall(r"= f32\S+ dot\((\S+), (\S+)\)", text)
    kinds = {name: kind for name, kind in re.findall(r"(%\S+) = (\w+)\[", text)}
    assert len(dots) == 3 and {kinds[name] for pair in dots for name in pair} == {"bf16"}
