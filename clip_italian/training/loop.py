"""The one training loop: backbones, frozen phase, full fine-tuning and distillation all run through `fit`."""
import contextlib
import functools
import math
import pathlib
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

import jax
import numpy as np
import optax

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.training import checkpoints, freezing, optimiser
from clip_italian.training.optimiser import OptimiserSettings

Params = dict[str, Any]
Batch = Any  # a pytree of arrays
Loss = Callable[[Params, Batch], jax.Array]
Curve = list[dict[str, float]]
TERMINATED = 128 + signal.SIGTERM


@functools.partial(jax.jit, static_argnames=("loss", "transform"), donate_argnums=(0, 2))
def train_step(
    trainable: Params, frozen: Params, state: Any, batch: Batch, rate: jax.Array, loss: Loss, transform: Any
) -> tuple[Params, Any, jax.Array, jax.Array]:
    """One update of the trainable parts; returns them, the optimiser's state, the loss and the gradient's norm."""
    value, grads = jax.value_and_grad(lambda part: loss({**frozen, **part}, batch))(trainable)
    updates, state = transform.update(grads, state, trainable)
    trainable = jax.tree.map(lambda weight, update: weight - rate * update, trainable, updates)
    return trainable, state, value, optax.tree.norm(grads)


def fit(
    params: Params,
    loss: Loss,
    batch_of: Callable[[int], Batch],
    validate: Callable[[Params], dict[str, float]],
    settings: OptimiserSettings,
    updates: int,
    evaluate_every: int,
    frozen: Collection[str],
    folder: pathlib.Path,
    report: Callable[[str], None] = print,
) -> tuple[Params, Curve]:
    """Trains for `updates` updates and returns the parameters of least validation loss, with the curve.

    `batch_of(step)` and all randomness are pure functions of the step, so a run that is killed and started again with
    the same `folder` ends with the same bits. SIGTERM saves and exits with 143. A loss that is not finite stops the run
    and writes the batch to `folder`. `validate` returns at least `valid_loss`.
    """
    transform = _transform(settings)
    trainable, fixed = freezing.split(params, frozen)
    # The step gives its inputs' memory away, so it works on a copy of what the caller holds.
    trainable = jax.tree.map(jax.numpy.array, trainable)
    best, state = jax.device_get(trainable), jax.jit(transform.init)(trainable)
    resumed = checkpoints.newest(folder, (trainable, state, best))
    if resumed:
        (trainable, state, best), values = resumed
        start, curve, recent = values["step"], values["curve"], values["recent"]
        report(f"resumed after update {start}")
    else:
        start, curve, recent = 0, [{"step": 0, **validate(params)}], []
    with _asked_to_stop() as terminated:
        for step in range(start, updates):
            rate, batch = optimiser.learning_rate(settings, step, updates), batch_of(step)
            trainable, state, value, norm = train_step(trainable, fixed, state, batch, rate, loss, transform)
            recent.append((value, norm))
            done = step + 1
            due = done % evaluate_every == 0 or done == updates
            if not (due or terminated):
                continue
            recent = [(float(value), float(norm)) for value, norm in recent]
            if not np.isfinite(recent).all():
                raise _diverged(folder, done - len(recent), recent, batch_of)
            if due:
                row = {"step": done, "learning_rate": float(rate), **_means(recent), **validate({**fixed, **trainable})}
                if not np.isfinite(list(row.values())).all():
                    raise InputError(f"the validation is not finite after update {done}; lower the learning rate or mend the data")
                if row["valid_loss"] <= min(point["valid_loss"] for point in curve):
                    best = jax.device_get(trainable)
                curve, recent = [*curve, row], []
                report(f"{done}/{updates} " + " ".join(f"{name} {row[name]:.4g}" for name in row if name != "step"))
            checkpoints.save(folder, done, (trainable, state, best), {"curve": curve, "recent": recent})
            if terminated:
                sys.exit(TERMINATED)
    return {**fixed, **best}, curve


def _means(recent: list[tuple[float, float]]) -> dict[str, float]:
    losses, norms = zip(*recent, strict=True)
    return {"train_loss": math.fsum(losses) / len(losses), "gradient_norm": math.fsum(norms) / len(norms)}


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """A list that becomes non-empty when the process is asked to stop; only the main thread may listen."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _diverged(
    folder: pathlib.Path, first: int, recent: list[tuple[float, float]], batch_of: Callable[[int], Batch]
) -> InputError:
    """Keeps the batch at which loss or gradient stopped being finite, and returns the error that says so."""
    step = first + int(np.argmin(np.isfinite(recent).all(axis=1)))
    path = folder / f"diverged-{step}.npz"
    leaves = jax.tree_util.tree_flatten_with_path(batch_of(step))[0]
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **{jax.tree_util.keystr(name): np.asarray(leaf) for name, leaf in leaves})
    return InputError(
        f"loss or gradient is not finite at update {step + 1}; the batch is in {path}; lower the learning rate or mend the data"
    )


@functools.cache
def _transform(settings: OptimiserSettings) -> optax.GradientTransformation:
    """One transformation per setting, so that the compiled step is found again."""
    return optimiser.build(settings)
