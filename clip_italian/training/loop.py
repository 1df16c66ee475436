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
from clip_italian.training.throughput import Pace

Params = dict[str, Any]
Batch = Any  # a pytree of arrays
Loss = Callable[[Params, Batch], jax.Array]
Curve = list[dict[str, float]]
TERMINATED = 128 + signal.SIGTERM
IN_FLIGHT = 2  # updates that wait for the devices, at most: each holds its batch


class Task(NamedTuple):
    """What is learnt.

    `batch_of(step)` and all randomness are pure functions of the step; of a batch a process makes its own rows (`mesh.own`).
    `validate` returns at least `valid_loss`.
    """

    params: Params
    loss: Loss
    batch_of: Callable[[int], Batch]
    validate: Callable[[Params], dict[str, float]]
    frozen: Collection[str] = ()  # names of the parts that are not trained
    ids_of: Callable[[int], list[str]] | None = None  # of the batch's examples, to name them where the loss is not finite
    flops_of: Callable[[Batch], float] | None = None  # of the update with a batch


class Plan(NamedTuple):
    """How it is learnt."""

    optimiser: OptimiserSettings
    updates: int
    evaluate_every: int
    sharded: bool = False  # whether parameters are cut along the mesh; the optimiser's state always is


@functools.partial(jax.jit, static_argnames=("loss", "transform", "layout"), donate_argnums=(0, 2))
def train_step(
    trainable: Flat, frozen: Flat, state: Any, batch: Batch, rate: jax.Array, loss: Loss, transform: Any, layout: Layout
) -> tuple[Flat, Any, jax.Array, jax.Array]:
    """One update of the trainable parameters; returns them, the optimiser's state, the loss and the gradient's norm."""
    value, grads = jax.value_and_grad(lambda part: loss(layout.gathered(freezing.join(frozen, part)), batch))(trainable)
    constrain = jax.lax.with_sharding_constraint
    grads = constrain(grads, layout.state(grads))  # each device updates its part, as the state lies
    updates, state = transform.update(grads, state, trainable)
    trainable = jax.tree.map(lambda weight, update: weight - rate * update, trainable, updates)
    trainable, state = constrain((trainable, state), (layout.parameters(trainable), layout.state(state)))
    return trainable, state, value, optax.tree.norm(grads)


@dataclasses.dataclass
class _Run:
    """All that changes while a run goes on."""

    trainable: Flat  # on the devices, as `state`
    fixed: Flat
    state: Any
    best: Flat  # in memory: the trainable parameters of least validation loss
    step: int = 0
    curve: Curve = dataclasses.field(default_factory=list)
    recent: list[tuple[Any, Any]] = dataclasses.field(default_factory=list)  # losses and gradients' norms since the last row
    compiled: set[Any] = dataclasses.field(default_factory=set)  # shapes of the batches that there is a program for

    @property
    def params(self) -> Params:
        return freezing.join(self.fixed, self.trainable)


def fit(task: Task, plan: Plan, folder: pathlib.Path, report: Callable[[str], None] = print) -> tuple[Params, Curve]:
    """Trains on all devices of all processes, and returns the parameters of least validation loss with the curve.

    A run that is killed and started again with the same `folder` ends with the same bits, where it has as many devices as
    before. SIGTERM saves and exits with 143. A loss that is not finite stops the run and writes the batch to `folder`.
    """
    layout = devices.layout(plan.sharded)
    with jax.set_mesh(layout.mesh), checkpoints.Writer(folder) as writer, _asked_to_stop() as asked:
        run, pace = _begun(task, plan, layout, folder, report), Pace(folder)
        bar = tqdm(total=plan.updates, initial=run.step, disable=None if devices.is_first() else True, leave=False)
        pace.begin()
        for batch in pace.waiting(ahead(task.batch_of, run.step, plan.updates)):
            rate = _update(run, task, plan, layout, batch)
            pace.step(_examples(batch), task.flops_of(batch) if task.flops_of else 0.0)
            bar.update()
            due = run.step % plan.evaluate_every == 0 or run.step == plan.updates
            terminated = asked(run.step)
            if not (due or terminated):
                continue
            _settle(run, task, folder)
            speed = pace.end(run.step)
            if due:
                _evaluate(run, task, float(rate))
                _say(report, run, plan, speed)
            writer.save(run.step, (run.trainable, run.state, run.best), _values(run, plan))
            if terminated:
                break
            pace.begin()
        bar.close()
    devices.wait_for_all("trained")
    if run.step < plan.updates:
        sys.exit(TERMINATED)
    return {**{part: {} for part in task.params}, **freezing.join(_host(task.params), run.best)}, run.curve


def _host(params: Params) -> Flat:
    return freezing.split(params, ())[0]


def _examples(batch: Batch) -> int:
    """How many examples all processes together have in a batch of which this is the own part."""
    return max(len(leaf) for leaf in jax.tree.leaves(batch) if np.ndim(leaf)) * jax.process_count()


def _begun(task: Task, plan: Plan, layout: Layout, folder: pathlib.Path, report: Callable[[str], None]) -> _Run:
    """The run as its newest checkpoint has it, or at its start."""
    found = checkpoints.newest(folder)
    if found is None:
        run = _placed(task, plan, layout)
        run.curve.append({"step": 0, **task.validate(run.params)})
        return run
    values = checkpoints.read_values(found)
    if values["plan"] != _described(plan):
        raise InputError(f"{found}: was saved with other settings, {values['plan']}; delete the folder to start anew")
    step = values["step"]
    run = _placed(task, plan, layout)
    trainable, state, best = checkpoints.read_arrays(found, (run.trainable, run.state, run.best))
    run.trainable, run.state = devices.put(trainable, layout.parameters(trainable)), devices.put(state, layout.state(state))
    run.best, run.step = best, step
    run.curve, run.recent = values["curve"], [(value, norm) for value, norm in values["recent"]]
    if devices.is_first():
        report(f"resumed after update {step}")
    return run


def _placed(task: Task, plan: Plan, layout: Layout) -> _Run:
    """The initial parameters on the devices, with a fresh optimiser."""
    trainable, fixed = freezing.split(task.params, task.frozen)
    best = devices.fetch(trainable)
    trainable, fixed = (devices.put(part, layout.parameters(part)) for part in (trainable, fixed))
    return _Run(trainable, fixed, _fresh(_transform(plan.optimiser), trainable, layout), best)


def _fresh(transform: Any, trainable: Flat, layout: Layout) -> Any:
    """The optimiser's state before the first update, in its place."""
    shardings = layout.state(jax.eval_shape(transform.init, trainable))
    return jax.jit(transform.init, out_shardings=shardings)(trainable)


def _update(run: _Run, task: Task, plan: Plan, layout: Layout, batch: Batch) -> np.float32:
    """One update; returns its learning rate."""
    transform = _transform(plan.optimiser)
    rate = optimiser.learning_rate(plan.optimiser, run.step, plan.updates)
    arguments = run.trainable, run.fixed, run.state, devices.put_batch(batch, layout), rate, task.loss, transform, layout
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
    """Waits for the updates so far; raises InputError where a loss or gradient is not finite."""
    run.recent = [(float(value), float(norm)) for value, norm in run.recent]
    if not np.isfinite(run.recent).all():
        raise _diverged(folder, run.step - len(run.recent), run.recent, task)


def _evaluate(run: _Run, task: Task, rate: float) -> None:
    """Adds a row to the curve and keeps the parameters if none had a smaller validation loss."""
    norm = float(_norm(run.trainable))
    row = {"step": run.step, "learning_rate": rate, "parameter_norm": norm, **_means(run.recent), **task.validate(run.params)}
    if not np.isfinite(list(row.values())).all():
        raise InputError(f"the validation is not finite after update {run.step}; lower the learning rate or mend the data")
    if row["valid_loss"] <= min(point["valid_loss"] for point in run.curve):
        run.best = devices.fetch(run.trainable)
    run.curve, run.recent = [*run.curve, row], []


_norm = jax.jit(optax.tree.norm)


def _means(recent: list[tuple[float, float]]) -> dict[str, float]:
    losses, norms = zip(*recent, strict=True)
    return {"train_loss": math.fsum(losses) / len(losses), "gradient_norm": math.fsum(norms) / len(norms)}


def _say(report: Callable[[str], None], run: _Run, plan: Plan, speed: dict[str, float]) -> None:
    """A line of the last row and of how fast it goes."""
    if devices.is_first():
        shown = [f"{name} {value:.4g}" for name, value in run.curve[-1].items() if name != "step"]
        pace = f"{speed['pairs_per_second']:.0f} pairs/s, {speed['stalled_share']:.0%} of the time without a batch"
        report(f"{run.step}/{plan.updates} {' '.join(shown)} ({pace})")


def _values(run: _Run, plan: Plan) -> dict[str, Any]:
    return {"curve": list(run.curve), "recent": list(run.recent), "plan": _described(plan)}


def _described(plan: Plan) -> dict[str, Any]:
    """What a checkpoint must have been saved with to be gone on from; where arrays lie may change."""
    return {"optimiser": plan.optimiser.model_dump(), "updates": plan.updates, "evaluate_every": plan.evaluate_every}


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[Callable[[int], bool]]:
    """Whether the run is to stop after an update: the process got SIGTERM; of several, any did, and all agreed when to stop.

    Only the main thread may listen.
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
    """Keeps the batch at which loss or gradient stopped being finite, and returns the error that says so."""
    step = first + int(np.argmin(np.isfinite(recent).all(axis=1)))
    path = folder / f"diverged-{step}{f'-{jax.process_index()}' if jax.process_count() > 1 else ''}.npz"
    leaves = jax.tree_util.tree_flatten_with_path(task.batch_of(step))[0]
    arrays = {jax.tree_util.keystr(name): np.asarray(leaf) for name, leaf in leaves}
    if task.ids_of:
        arrays["examples"] = np.array(task.ids_of(step))
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return InputError(
        f"loss or gradient is not finite at update {step + 1}; the batch is in {path}; lower the learning rate or mend the data"
    )


@functools.cache
def _transform(settings: OptimiserSettings) -> optax.GradientTransformation:
    """One transformation per setting, so that the compiled step is found again."""
    return optimiser.build(settings)
