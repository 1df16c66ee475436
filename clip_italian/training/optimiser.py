"""The optimisers of the study. The training loop applies the learning rate, so that arms share compiled programs."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from clip_italian.config import Settings


class OptimiserSettings(Settings):
    """An optimiser and its learning-rate schedule."""

    name: Literal["adamw", "adabelief_2021"]
    learning_rate: float  # peak
    beta1: float
    beta2: float
    weight_decay: float  # used by adamw only
    clip: float  # adaptive gradient clipping: the largest ratio of gradient to weight norm, per unit; 0 is off
    warmup_share: float  # share of the schedule with linear warm-up from 0
    run_share: float  # share of the schedule that is run: 1, except for the recipe of 2021, which was stopped by hand


def build(settings: OptimiserSettings) -> optax.GradientTransformation:
    """The optimiser without its learning rate: the loop multiplies the updates by minus the rate."""
    clip = [optax.adaptive_grad_clip(settings.clip, eps=1e-3)] if settings.clip else []
    if settings.name == "adamw":
        rest = [optax.scale_by_adam(settings.beta1, settings.beta2), optax.add_decayed_weights(settings.weight_decay)]
    else:
        rest = [scale_by_belief_2021(settings.beta1, settings.beta2)]
    return optax.chain(*clip, *rest)


def scale_by_belief_2021(beta1: float, beta2: float) -> optax.GradientTransformation:
    """AdaBelief as in optax 0.0.9 (July 2021): deviations are from the old mean, and the divisor is sqrt(v + 1e-16).

    optax has changed both since. From 0.1.0, 1e-16 accumulates in v. From 0.2.4, deviations are from the new mean, which makes
    updates 1.111 times larger at these betas. The recipe of 2021 therefore needs this version.
    """

    def init(params: optax.Params) -> optax.ScaleByBeliefState:
        mean, variance = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
        return optax.ScaleByBeliefState(jnp.zeros([], jnp.int32), mean, variance)

    def update(
        grads: optax.Updates, state: optax.ScaleByBeliefState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.ScaleByBeliefState]:
        del params
        count = state.count + 1
        nu = jax.tree.map(lambda v, g, m: beta2 * v + (1 - beta2) * (g - m) ** 2, state.nu, grads, state.mu)
        mu = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state.mu, grads)
        first, second = 1 - beta1**count, 1 - beta2**count
        updates = jax.tree.map(lambda m, v: m / first / jnp.sqrt(v / second + 1e-16), mu, nu)
        return updates, optax.ScaleByBeliefState(count, mu, nu)

    return optax.GradientTransformation(init, update)


def learning_rate(settings: OptimiserSettings, step: int, updates: int) -> np.float32:
    """The learning rate of an update: linear warm-up from 0, then cosine decay to 0; the first rate is 0, as in 2021.

    `updates` are run of a schedule of `updates / run_share`.
    """
    total = round(updates / settings.run_share)
    warmup = int(settings.warmup_share * total)
    if step < warmup:
        return np.float32(settings.learning_rate * step / warmup)
    share = (step - warmup) / max(total - warmup, 1)
    return np.float32(settings.learning_rate * 0.5 * (1 + np.cos(np.pi * min(share, 1.0))))
