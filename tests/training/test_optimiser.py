"""The optimiser of 2021 against a second implementation in NumPy, and its schedule against 2021's numbers."""

import contextlib
import json

import jax
import numpy as np
import optax
import pytest

from clip_italian.training import optimiser
from tests.helpers import golden_values
from tests.helpers.small_models import optimiser as settings_of

GOLDEN = json.loads((golden_values.GOLDEN / "recipe2021.json").read_text())
STEPS = 40
SHAPES = {"kernel": (6, 4), "bias": (4,), "conv": (3, 2, 2, 5), "attention": (4, 3, 3), "scale": (1,)}
# Over which axes a unit's norm is taken (Brock et al. 2021, as optax has it): a column, a filter, or the whole.
AXES = {"kernel": 0, "bias": None, "conv": (0, 1, 2), "attention": 0, "scale": None}
ALL_STEPS = range(STEPS)


def start(dtype):
    rng = np.random.default_rng(0)
    values = {name: 0.05 * rng.standard_normal(shape) for name, shape in SHAPES.items()}
    return {name: value.astype(dtype) for name, value in (values | {"bias": np.zeros(4)}).items()}


def gradients(step, dtype):
    """From far above to far below what is clipped."""
    rng = np.random.default_rng([1, step])
    size = 10.0 ** rng.uniform(-5, 0)
    return {name: (size * rng.standard_normal(shape)).astype(dtype) for name, shape in SHAPES.items()}


def norm(value, axes):
    return np.sqrt(np.sum(value**2, axis=axes, keepdims=True))


def clipped(gradient, weight, axes, limit):
    most = limit * np.maximum(norm(weight, axes), 1e-3)
    size = norm(gradient, axes)
    return np.where(size < most, gradient, gradient * most / np.maximum(size, 1e-6))


def reference(settings, rates):
    """Weights after 40 steps, and each step's updates without the rate, in float64."""
    weights, updates = start(np.float64), []
    mean, error = ({name: np.zeros(shape) for name, shape in SHAPES.items()} for _ in range(2))
    for step, rate in enumerate(rates):
        row = {}
        for name, gradient in gradients(step, np.float64).items():
            g = clipped(gradient, weights[name], AXES[name], settings.clip)
            error[name] = settings.beta2 * error[name] + (1 - settings.beta2) * (g - mean[name]) ** 2
            mean[name] = settings.beta1 * mean[name] + (1 - settings.beta1) * g
            first = mean[name] / (1 - settings.beta1 ** (step + 1))
            second = error[name] / (1 - settings.beta2 ** (step + 1))
            row[name] = first / np.sqrt(second + 1e-16)
            weights[name] = weights[name] - rate * row[name]
        updates.append(row)
    return weights, updates


def ours(transform, rates, dtype):
    weights = start(dtype)
    state, updates, step_of = transform.init(weights), [], jax.jit(transform.update)
    for step, rate in enumerate(rates):
        update, state = step_of(gradients(step, dtype), state, weights)
        weights = {name: np.asarray(weights[name] - rate * update[name], dtype) for name in weights}
        updates.append(jax.device_get(update))
    return weights, updates


def recorded_inputs():
    """The weights and the gradients of each step for which the golden file holds what the optimisers of 2021 and today do."""
    rng = np.random.default_rng(0)
    weights = {
        "kernel": 0.05 * rng.standard_normal((6, 4)),
        "bias": np.zeros(4),
        "conv": 0.02 * rng.standard_normal((2, 2, 3, 5)),
        "qkv": 0.05 * rng.standard_normal((6, 6)),
        "scale": np.ones(1),
    }
    shapes = {name: value.shape for name, value in weights.items()}
    return weights, [{name: 0.02 * (0.5 + rng.standard_normal(shape)) for name, shape in shapes.items()} for _ in ALL_STEPS]


@pytest.mark.parametrize("version", ["0.0.9", "0.2.4+"])
def test_40_updates_are_those_that_optax_made_in_2021_and_makes_today(version):
    settings = settings_of()
    today = optax.chain(optax.adaptive_grad_clip(settings.clip, eps=1e-3), optax.scale_by_belief(0.9, 0.999))
    transform = optimiser.build(settings) if version == "0.0.9" else today
    weights, gradients_of_steps = recorded_inputs()
    with jax.enable_x64(True):
        state, step_of, sizes = transform.init(weights), jax.jit(transform.update), []
        for rate, gradient in zip(GOLDEN["rates"], gradients_of_steps, strict=True):
            update, state = step_of(gradient, state, weights)
            moved = {name: rate * np.asarray(update[name]) for name in weights}
            weights = {name: weights[name] - moved[name] for name in weights}
            sizes.append(np.sqrt(sum(np.sum(part**2) for part in moved.values())))
    for name, expected in GOLDEN[version]["final"].items():
        np.testing.assert_allclose(weights[name].ravel(), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(sizes, GOLDEN[version]["update_norm"], rtol=1e-9)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_the_optimiser_of_2021_agrees_with_a_second_implementation(dtype, tolerance):
    settings = settings_of(learning_rate=1e-2)
    rates = [float(optimiser.learning_rate(settings, step, STEPS)) for step in ALL_STEPS]
    with jax.enable_x64(True) if dtype is np.float64 else contextlib.nullcontext():
        weights, updates = ours(optimiser.build(settings), rates, dtype)
    expected_weights, expected_updates = reference(settings, rates)
    for name in SHAPES:
        np.testing.assert_allclose(weights[name], expected_weights[name], rtol=tolerance, atol=tolerance)
        for update, expected in zip(updates, expected_updates, strict=True):
            np.testing.assert_allclose(update[name], expected[name], rtol=tolerance, atol=tolerance)


def test_updates_of_2021_are_smaller_by_a_known_ratio_than_those_of_the_library_today():
    def norms(transform):
        with jax.enable_x64(True):
            _, updates = ours(transform, [0.0] * STEPS, np.float64)
        return np.array([np.sqrt(sum(np.sum(part**2) for part in update.values())) for update in updates])

    clip = optax.adaptive_grad_clip(0.01)
    today = norms(optax.chain(clip, optax.scale_by_belief(0.9, 0.999)))
    ratio = (today / norms(optax.chain(clip, optimiser.scale_by_belief_2021(0.9, 0.999))))[5:]
    # 1 / beta1 for gradients far above the epsilons.
    np.testing.assert_allclose(ratio, 1 / 0.9, rtol=1e-3)
    np.testing.assert_allclose(GOLDEN["belief_update_norm_ratio"], 1 / 0.9, rtol=1e-3)


def test_the_schedule_is_that_of_2021():
    settings = settings_of(learning_rate=GOLDEN["peak"], warmup_share=GOLDEN["warmup"] / GOLDEN["total"])
    rates = [optimiser.learning_rate(settings, step, GOLDEN["total"]) for step in ALL_STEPS]
    np.testing.assert_allclose(rates, GOLDEN["rates"], rtol=1e-6)


def test_a_schedule_of_which_a_share_is_run_is_the_beginning_of_the_whole():
    whole, part = settings_of(learning_rate=0.5), settings_of(learning_rate=0.5, run_share=0.52)
    rates = [optimiser.learning_rate(part, step, 26) for step in range(26)]
    assert rates == [optimiser.learning_rate(whole, step, 50) for step in range(26)]


def test_the_schedule_without_warm_up_starts_at_its_peak_and_ends_near_zero():
    settings = settings_of(learning_rate=0.5, warmup_share=0.0)
    rates = [optimiser.learning_rate(settings, step, 100) for step in range(100)]
    assert rates[0] == 0.5 and 0 < rates[-1] < 1e-3
    assert all(before > after for before, after in zip(rates, rates[1:], strict=False))


def test_adamw_is_the_librarys():
    settings = settings_of(name="adamw", clip=0.0, weight_decay=0.1)
    weights, _ = ours(optimiser.build(settings), [1e-2] * STEPS, np.float32)
    library = optax.adamw(1e-2, 0.9, 0.999, weight_decay=0.1)
    expected, _ = ours(optax.chain(library, optax.scale(-1)), [1.0] * STEPS, np.float32)
    for name in SHAPES:
        np.testing.assert_allclose(weights[name], expected[name], rtol=1e-5, atol=1e-7)


def test_a_gradient_of_zero_moves_nothing():
    transform = optimiser.build(settings_of())
    weights = start(np.float32)
    nothing = jax.tree.map(np.zeros_like, weights)
    updates, _ = jax.jit(transform.update)(nothing, transform.init(weights), weights)
    assert all((update == 0).all() for update in jax.device_get(updates).values())
