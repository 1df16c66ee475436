"""The contrastive losses of a batch of any size, on any number of devices, against their definitions."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType

from clip_italian.training import loss, tiled_loss
from tests.helpers.contrastive_pairs import BIAS, SCALES, apart, pairs, with_gradients

ROOT = pathlib.Path(tiled_loss.__file__).parents[2]
FACTORS = {"contrastive": (20.0,), "sigmoid": (20.0, BIAS)}
LOSSES = sorted(FACTORS)
SAME = 1e-6  # relative to the largest element of the value or of a gradient


def compiled(function, count, width=512, factors=1):
    """The program of value and gradients at a size, which is not run."""
    rows, factor = jax.ShapeDtypeStruct((count, width), jnp.float32), jax.ShapeDtypeStruct((), jnp.float32)
    inputs = rows, rows, *[factor] * factors
    return jax.jit(jax.value_and_grad(function, tuple(range(len(inputs))))).lower(*inputs).compile()


def temporary(name, count, module=tiled_loss):
    return compiled(getattr(module, name), count, factors=len(FACTORS[name])).memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("count, rows", [(1, 4), (5, 1), (128, 32), (257, 64), (257, None)])
@pytest.mark.parametrize("name", LOSSES)
def test_blocks_of_any_size_have_the_value_and_the_gradients_of_the_full_matrix(name, count, rows, scale):
    inputs = *pairs(count), scale, *FACTORS[name][1:]
    ours, full = with_gradients(getattr(tiled_loss, name), inputs, rows=rows), with_gradients(getattr(loss, name), inputs)
    if (name, count) == ("contrastive", 1):  # nothing to choose from: all are 0
        assert all(not np.asarray(part).any() for part in jax.tree.leaves((ours, full)))
    else:
        assert apart(ours, full) <= SAME


def in_double_precision(image, text, scale):
    """Value and gradients of the softmax loss by the textbook."""
    image, text = np.asarray(image, np.float64), np.asarray(text, np.float64)
    logits = scale * image @ text.T
    above = [np.exp(logits - logits.max(axis=axis, keepdims=True)) for axis in (0, 1)]
    chosen = [part / part.sum(axis=axis, keepdims=True) for axis, part in enumerate(above)]
    slopes = (sum(chosen) / 2 - np.eye(len(image))) / len(image)
    value = -np.mean([np.log(np.diagonal(part)) for part in chosen])
    return value, (scale * slopes @ text, scale * slopes.T @ image, np.sum(slopes * logits) / scale)


@pytest.mark.parametrize("rows", [None, 48])
@pytest.mark.parametrize("count, near, scale", [(200, 1.2, 100.0), (2000, 0.3, 20.0)])
def test_the_value_and_the_gradients_are_as_near_the_truth_as_the_full_matrix_is(count, near, scale, rows):
    inputs = *pairs(count, near, twice=False), scale
    truth = in_double_precision(*inputs)
    ours, full = with_gradients(tiled_loss.contrastive, inputs, rows=rows), with_gradients(loss.contrastive, inputs)
    assert (truth[0] < 1e-3) == (near > 1)  # where towers are almost sure, all depends on the little that is left
    assert apart(ours, truth) <= max(SAME, 1.5 * apart(full, truth))


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_computed_from_the_loss_scales_its_gradients(name):
    def squared(module, *inputs, **options):
        return 3 * getattr(module, name)(*inputs, **options) ** 2

    inputs = *pairs(40), *FACTORS[name]
    ours = with_gradients(functools.partial(squared, tiled_loss), inputs, rows=16)
    assert apart(ours, with_gradients(functools.partial(squared, loss), inputs)) <= SAME


@pytest.mark.parametrize("name", LOSSES)
def test_blocks_of_pairs_with_their_own_negatives_may_be_walked_too(name):
    def mean(module, image, text, **options):
        blocks = (rows.reshape(-1, 20, rows.shape[1]) for rows in (image, text))
        return jnp.mean(jax.vmap(lambda i, t: getattr(module, name)(i, t, *FACTORS[name], **options))(*blocks))

    ours = with_gradients(functools.partial(mean, tiled_loss), pairs(60), rows=8)
    assert apart(ours, with_gradients(functools.partial(mean, loss), pairs(60))) <= SAME


@pytest.mark.parametrize("name", LOSSES)
def test_a_number_that_is_not_finite_shows_in_the_loss(name):
    image, text = pairs(40)
    value, _ = with_gradients(getattr(tiled_loss, name), (image.at[33, 0].set(jnp.nan), text, *FACTORS[name]), rows=16)
    assert not np.isfinite(value)


def test_logits_beyond_the_range_of_exponentials_are_no_matter():
    image, text = jnp.eye(6), jnp.roll(jnp.eye(6), 1, axis=0)
    value, (of_image, *_) = with_gradients(tiled_loss.contrastive, (image, text, 1000.0), rows=4)
    assert value == pytest.approx(1000) and np.isfinite(of_image).all()


# --- What it costs ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", LOSSES)
def test_a_large_batch_takes_a_tenth_of_the_memory_of_the_full_matrix(name):
    assert 10 * temporary(name, 16_384) < temporary(name, 16_384, loss)


@pytest.mark.parametrize("name", LOSSES)
def test_twice_as_large_a_batch_takes_less_than_one_gibibyte(name):
    assert temporary(name, 32_768) < 2**30


@pytest.mark.parametrize("name", LOSSES)
def test_a_small_batch_multiplies_no_more_than_the_full_matrix_does(name):
    flops = [
        compiled(getattr(module, name), 1024, factors=len(FACTORS[name])).cost_analysis()["flops"] for module in (tiled_loss, loss)
    ]
    product = 2 * 1024**2 * 512
    assert 3 * product <= flops[0] < 3.2 * product and flops[0] < 1.02 * flops[1]


@pytest.mark.parametrize("name", LOSSES)
def test_the_value_alone_takes_one_product(name):
    inputs = *[jax.ShapeDtypeStruct((1024, 512), jnp.float32)] * 2, *FACTORS[name]
    flops = jax.jit(getattr(tiled_loss, name)).lower(*inputs).compile().cost_analysis()["flops"]
    assert flops < 1.2 * 2 * 1024**2 * 512


# --- Several devices --------------------------------------------------------------------------------------------------
def test_one_device_exchanges_nothing():
    alone = compiled(tiled_loss.contrastive, 64).as_text()
    with jax.set_mesh(jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))):
        under_mesh = compiled(tiled_loss.contrastive, 64).as_text()
    for text in (alone, under_mesh):
        assert not any(word in text for word in ("all-gather", "all-reduce", "reduce-scatter"))


@pytest.fixture(scope="module")
def eight_devices():
    """What `tests.helpers.many_devices` says, in a process of its own: the number of devices is fixed when jax starts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.many_devices"], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_eight_devices_have_the_value_and_the_gradients_of_one(eight_devices):
    assert len(eight_devices["differences"]) == 12
    assert {case: value for case, value in eight_devices["differences"].items() if not value <= SAME} == {}


def test_a_batch_of_ninety_thousand_fits_eight_devices_and_leaves_each_the_gradients_of_its_rows(eight_devices):
    program = eight_devices["global"]
    assert program["on rows"] == [False, True, True, False]  # value, image, text, scale
    assert program["collectives"] == ["all-gather", "all-reduce", "reduce-scatter"]
    assert program["temporary"] < 2**30  # of each device, whose part of the full matrix would be 4 GB


def test_a_batch_that_the_devices_cannot_share_is_refused(eight_devices):
    assert "divisible" in eight_devices["refusal"]
