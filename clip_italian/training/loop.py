"""The one training loop: backbones, frozen phase, full fine-tuning and distillation all run through `fit`."""

import contextlib
import dataclasses
import functools
import math
import pathlib
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax.experimental import multihost_utils
from tqdm import tqdm

from clip_italian import devices, files
from clip_italian.data.batches import ahead
from clip_italian.devices import Layout
from clip_italian.errors import InputError
from clip_italian.training import checkpoints, freezing, optimiser
from clip_italian.training.freezing import Flat
from clip_italian.training.optimiser import OptimiserSettings
from clip_italian.training.throughput import Meter

Params = dict[str, Any]
Batch = Any  # a pytree of arrays
Loss = Callable[[Params, Batch], jax.Array]
Curve = list[dict[str, float]]
TERMINATED = 128 + signal.SIGTERM
IN_FLIGHT = 2  # updates that may be queued on the devices; each keeps its batch in memory


class Task(NamedTuple):
    """The model, loss and data of a training run.

    `batch_of(step)` is a pure function of the step, as is all randomness. Each process returns its own rows of the batch
    (`devices.own`). `validate` returns at least `valid_loss`.
    """

    params: Params
    loss: Loss
    batch_of: Callable[[int], Batch]
    validate: Callable[[Params], dict[str, float]]
    frozen: Collection[str] = ()  # names of the parts that are not trained
    ids_of: Callable[[int], list[str]] | None = None  # ids of a batch's examples, saved if the loss is not finite
    flops_of: Callable[[Batch], float] | None = None  # FLOPs of the update on a batch


class Plan(NamedTuple):
    """The optimiser and the length of a training run."""

    optimiser: OptimiserSettings
    updates: int
    evaluate_every: int
    sharded: bool = False  # whether parameters are sharded over the devices; the optimiser's state always is


@functools.partial(jax.jit, static_argnames=("loss", "transform", "layout"), donate_argnums=(0, 2))
def train_step(
    trainable: Flat, frozen: Flat, state: Any, batch: Batch, rate: jax.Array, loss: Loss, transform: Any, layout: Layout
) -> tuple[Flat, Any, jax.Array, jax.Array]:
    """Updates the trainable parameters once; returns them, the optimiser's state, the loss and the gradient norm."""
    value, grads = jax.value_and_grad(lambda part: loss(layout.gathered(freezing.join(frozen, part)), batch))(trainable)
    constrain = jax.lax.with_sharding_constraint
    grads = constrain(grads, layout.state(grads))  # sharded like the state: each device updates its own part
    updates, state = transform.update(grads, state, trainable)
    trainable = jax.tree.map(lambda weight, update: weight - rate * update, trainable, updates)
    trainable, state = constrain((trainable, state), (layout.parameters(trainable), layout.state(state)))
    return trainable, state, value, optax.tree.norm(grads)


@dataclasses.dataclass
class _Run:
    """The state of a run."""

    trainable: Flat  # on the devices, like `frozen` and `state`
    frozen: Flat
    state: Any  # of the optimiser
    best: Flat  # in host memory: the trainable parameters of least validation loss
    step: int = 0
    curve: Curve = dataclasses.field(default_factory=list)
    recent: list[tuple[Any, Any]] = dataclasses.field(default_factory=list)  # losses and gradient norms since the last row
    compiled: set[Any] = dataclasses.field(default_factory=set)  # batch shapes for which the step is compiled

    @property
    def params(self) -> Params:
        return freezing.join(self.frozen, self.trainable)


def fit(task: Task, plan: Plan, folder: pathlib.Path, report: Callable[[str], None] = print) -> tuple[Params, Curve]:
    """Trains on all devices of all processes; returns the parameters of least validation loss, and the learning curve.

    If a run is killed and called again with the same `folder` and number of devices, it ends with the same bits. SIGTERM saves
    a checkpoint and exits with 143. A loss that is not finite raises InputError and writes the batch to `folder`.
    """
    layout = devices.layout(plan.sharded)
    with jax.set_mesh(layout.mesh), checkpoints.Writer(folder) as writer, _stop_requests() as stop_requested:
        run, meter = _resume_or_start(task, plan, layout, folder, report), Meter(folder)
        bar = tqdm(total=plan.updates, initial=run.step, disable=None if devices.is_first() else True, leave=False)
        meter.begin()
        for batch in meter.waiting(ahead(task.batch_of, run.step, plan.updates)):
            rate = _update(run, task, plan, layout, batch)
            meter.step(_examples(batch), task.flops_of(batch) if task.flops_of else 0.0)
            bar.update()
            due = run.step % plan.evaluate_every == 0 or run.step == plan.updates
            terminated = stop_requested(run.step)
            if not (due or terminated):
                continue
            _settle(run, task, folder)
            throughput = meter.end(run.step)
            if due:
                _evaluate(run, task, float(rate))
                _report(report, run, plan, throughput)
            values = {"curve": list(run.curve), "recent": list(run.recent), "plan": _described(plan)}
            writer.save(run.step, (run.trainable, run.state, run.best), values)
            if terminated:
                break
            meter.begin()
        bar.close()
    devices.wait_for_all("trained")
    if run.step < plan.updates:
        sys.exit(TERMINATED)
    return {**{part: {} for part in task.params}, **freezing.join(freezing.split(task.params, ())[0], run.best)}, run.curve


def _examples(batch: Batch) -> int:
    """The number of examples in a batch over all processes, from this process's rows of it."""
    return max(len(leaf) for leaf in jax.tree.leaves(batch) if np.ndim(leaf)) * jax.process_count()


def _resume_or_start(task: Task, plan: Plan, layout: Layout, folder: pathlib.Path, report: Callable[[str], None]) -> _Run:
    """The run from its newest checkpoint, or a new one if there is none."""
    found = checkpoints.newest(folder)
    if found is None:
        run = _initial(task, plan, layout)
        run.curve.append({"step": 0, **task.validate(run.params)})
        return run
    values = checkpoints.read_values(found)
    if values["plan"] != _described(plan):
        raise InputError(f"{found}: was saved with other settings, {values['plan']}; delete the folder to start anew")
    step = values["step"]
    run = _initial(task, plan, layout)
    trainable, state, best = checkpoints.read_arrays(found, (run.trainable, run.state, run.best))
    run.trainable, run.state = devices.put(trainable, layout.parameters(trainable)), devices.put(state, layout.state(state))
    run.best, run.step = best, step
    run.curve, run.recent = values["curve"], [(value, norm) for value, norm in values["recent"]]
    if devices.is_first():
        report(f"resumed after update {step}")
    return run


def _initial(task: Task, plan: Plan, layout: Layout) -> _Run:
    """A run before its first update, with parameters and optimiser state on the devices."""
    trainable, frozen = freezing.split(task.params, task.frozen)
    best = devices.fetch(trainable)
    trainable, frozen = (devices.put(part, layout.parameters(part)) for part in (trainable, frozen))
    initial = _transform(plan.optimiser).init
    state = jax.jit(initial, out_shardings=layout.state(jax.eval_shape(initial, trainable)))(trainable)
    return _Run(trainable, frozen, state, best)


def _update(run: _Run, task: Task, plan: Plan, layout: Layout, batch: Batch) -> np.float32:
    """Runs one update; returns its learning rate."""
    transform = _transform(plan.optimiser)
    rate = optimiser.learning_rate(plan.optimiser, run.step, plan.updates)
    arguments = run.trainable, run.frozen, run.state, devices.put_batch(batch, layout), rate, task.loss, transform, layout
    shapes = tuple(np.shape(leaf) for leaf in jax.tree.leaves(batch))
    if shapes not in run.compiled:
        devices.once(train_step.lower(*arguments))
        run.compiled.add(shapes)
    run.trainable, run.state, value, norm = train_step(*arguments)
    run.recent.append((value, norm))
    run.step += 1
    if len(run.recent) > IN_FLIGHT:
        jax.block_until_ready(run.recent[-1 - IN_FLIGHT])
    return rate


def _settle(run: _Run, task: Task, folder: pathlib.Path) -> None:
    """Waits for the updates so far; raises InputError if a loss or gradient is not finite."""
    run.recent = [(float(value), float(norm)) for value, norm in run.recent]
    if not np.isfinite(run.recent).all():
        raise _diverged(folder, run.step - len(run.recent), run.recent, task)


def _evaluate(run: _Run, task: Task, rate: float) -> None:
    """Validates, adds a row to the curve, and keeps the parameters if their validation loss is the least so far."""
    norm = float(_norm(run.trainable))
    row = {"step": run.step, "learning_rate": rate, "parameter_norm": norm, **_means(run.recent), **task.validate(run.params)}
    if not np.isfinite(list(row.values())).all():
        raise InputError(f"a validation metric is not finite after update {run.step}; lower the learning rate or correct the data")
    if row["valid_loss"] <= min(point["valid_loss"] for point in run.curve):
        run.best = devices.fetch(run.trainable)
    run.curve, run.recent = [*run.curve, row], []


_norm = jax.jit(optax.tree.norm)


def _means(recent: list[tuple[float, float]]) -> dict[str, float]:
    losses, norms = zip(*recent, strict=True)
    return {"train_loss": math.fsum(losses) / len(losses), "gradient_norm": math.fsum(norms) / len(norms)}


def _report(report: Callable[[str], None], run: _Run, plan: Plan, throughput: dict[str, float]) -> None:
    """Reports the last row of the curve and the throughput, in one line."""
    if devices.is_first():
        shown = [f"{name} {value:.4g}" for name, value in run.curve[-1].items() if name != "step"]
        speed = f"{throughput['pairs_per_second']:.0f} pairs/s, {throughput['stalled_share']:.0%} of the time waiting for data"
        report(f"{run.step}/{plan.updates} {' '.join(shown)} ({speed})")


def _described(plan: Plan) -> dict[str, Any]:
    """The settings that must equal those of a checkpoint to resume from it; the sharding may change."""
    return {"optimiser": plan.optimiser.model_dump(), "updates": plan.updates, "evaluate_every": plan.evaluate_every}


@contextlib.contextmanager
def _stop_requests() -> Iterator[Callable[[int], bool]]:
    """Yields a function that says whether to stop after an update because SIGTERM has arrived.

    If any of several processes gets SIGTERM, all stop after the same update. In a thread other than the main one, where Python
    cannot handle signals, the function returns False.
    """
    if jax.process_count() > 1:
        yield multihost_utils.reached_preemption_sync_point
        return
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda step: False
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        yield lambda step: bool(received)
    finally:
        signal.signal(signal.SIGTERM, before)


def _diverged(folder: pathlib.Path, first: int, recent: list[tuple[float, float]], task: Task) -> InputError:
    """Writes the first batch whose loss or gradient was not finite; returns the error that names its file."""
    step = first + int(np.argmin(np.isfinite(recent).all(axis=1)))
    path = folder / f"diverged-{step}{f'-{jax.process_index()}' if jax.process_count() > 1 else ''}.npz"
    leaves = jax.tree_util.tree_flatten_with_path(task.batch_of(step))[0]
    arrays = {jax.tree_util.keystr(name): np.asarray(leaf) for name, leaf in leaves}
    if task.ids_of:
        arrays["examples"] = np.array(task.ids_of(step))
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return InputError(
        f"loss or gradient is not finite at update {step + 1}; the batch is in {path}; lower the learning rate or correct the data"
    )


@functools.cache
def _transform(settings: OptimiserSettings) -> optax.GradientTransformation:
    """The same object for the same settings, so that the compiled step is reused."""
    return optimiser.build(settings)
