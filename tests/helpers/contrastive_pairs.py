"""Pairs of vectors for the contrastive losses, and how far two results are apart."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers.golden_values import unit

WIDTH = 32
SCALES, BIAS = (20.0, 100.0), -10.0


def pairs(count, near=0.3, twice=True):
    """Unit rows, the partners `near` each other, among them a pair and an image that come `twice`."""
    rng = np.random.default_rng(count)
    image = unit(rng.normal(size=(count, WIDTH)))
    text = unit(near * image + unit(rng.normal(size=(count, WIDTH))))
    if twice and count > 4:
        image[1], text[1] = image[0], text[0]
        image[-1] = image[2]
    return jnp.asarray(image, jnp.float32), jnp.asarray(text, jnp.float32)


def with_gradients(loss, inputs, **options):
    """Value and gradients of all inputs."""
    inputs = [jnp.asarray(one, jnp.float32) for one in inputs]
    return jax.jit(jax.value_and_grad(functools.partial(loss, **options), tuple(range(len(inputs)))))(*inputs)


def apart(one, other):
    """The largest difference of an element, relative to the largest element of its array."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max() / np.abs(np.asarray(b)).max()) for a, b in pairs)
