"""Linear probe: how well one linear layer on frozen image features tells the classes apart.

The protocol is that of CLIP_benchmark's published probes (LAION-AI/CLIP_benchmark 48de38c, clip_benchmark/metrics/linear_probe.py;
Cherti et al. 2023): features of length 1, softmax regression by AdamW from PyTorch's initial values, a cosine from the full
learning rate to 0 without warm-up, the weight decay searched on a validation split, the final probe trained on training and
validation images together. CLIP itself used L-BFGS and an L2 penalty on the loss (Radford et al. 2021, appendix A.3, whence
the search); its numbers and these are not to be compared.

Where this differs: the arithmetic is float32, theirs half precision on a GPU; ties are counted against the true class
(evaluation/ranks.py); a decay is not trained twice in one search. Their published numbers are the best over learning rates
{0.1, 0.01, 0.001} and epochs {10, 20, 40} on the test set itself; here both are settings, and the test set chooses nothing.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pydantic
from jaxtyping import Array, Float, Int

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation import classification, metrics
from clip_italian.evaluation.ranks import Relevant, ranks
from clip_italian.evaluation.study.summary import DIGITS, Gains

INITIAL, ORDER = 1, 2  # purposes: keep the streams of random numbers apart
ADAM = optax.scale_by_adam(0.9, 0.999, 1e-8)  # torch.optim.AdamW's defaults, which CLIP_benchmark keeps


class ProbeSettings(Settings):
    """How a probe is trained and its weight decay chosen. CLIP_benchmark's values are in brackets."""

    learning_rate: float = pydantic.Field(gt=0)  # at the start [0.1, 0.01 or 0.001]
    epochs: int = pydantic.Field(gt=0)  # [10, 20 or 40]
    batch: int = pydantic.Field(gt=0)  # [256]; the last one of an epoch may be smaller
    lowest: float  # least weight decay, as a power of ten [-6]
    highest: float  # greatest weight decay, as a power of ten [2]
    first: int = pydantic.Field(ge=2)  # weight decays tried first, equally far apart in powers of ten [7]
    halvings: int = pydantic.Field(ge=0)  # how often that distance is halved around the best so far [4]
    seed: int  # of the initial values and of the order of the images
    block: int = pydantic.Field(gt=0)  # images scored at once; bounds memory, changes no number


@dataclasses.dataclass(frozen=True)
class Split:
    """Features of some images and their classes; `name` is what errors call it, such as its file."""

    name: str
    features: Float[np.ndarray, "n d"]
    labels: Int[np.ndarray, " m"]  # m = n, which `prepared` makes sure of


class Probe(NamedTuple):
    """The linear layer: logits = features @ kernel + bias. Several that are trained at once are the first axis."""

    kernel: Float[Array | np.ndarray, "*probes d classes"]
    bias: Float[Array | np.ndarray, "*probes classes"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result of a probe: the ranks of the true classes for each test set, and the choice of its weight decay."""

    ranks: list[Int[np.ndarray, " n"]]
    weight_decay: float
    valid_accuracy: float  # of the probe with that decay, trained on training images alone


def prepared(splits: Sequence[Split], classes: int) -> list[Split]:
    """The splits with features of length 1; the first is the training split.

    Raises InputError naming the split that is empty, of another width, whose features are zero or not finite, or whose labels
    are not classes, and a class without training images, which could only be guessed wrong.
    """
    train, *others = splits
    for split in others:
        if (ours := split.features.shape[1]) != (width := train.features.shape[1]):
            raise InputError(f"{split.name}: features of width {ours} where {train.name} has {width}; embed both with one model")
    ready = [_normalised(split, classes) for split in splits]
    if (absent := np.flatnonzero(np.bincount(ready[0].labels, minlength=classes) == 0)).size:
        raise InputError(f"{train.name}: class {absent[0]} has no example; add some, or leave the class out of the labels")
    return ready


def _normalised(split: Split, classes: int) -> Split:
    lengths = np.linalg.norm(split.features.astype(np.float64), axis=1, keepdims=True)
    if not len(split.labels):
        raise InputError(f"{split.name}: no pictures; embed the split again")
    if len(split.labels) != len(split.features):
        raise InputError(f"{split.name}: {len(split.features)} features for {len(split.labels)} labels; embed the split again")
    if (bad := np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))).size:
        raise InputError(f"{split.name}: row {bad[0]} of the features is zero or not finite; embed the split again")
    if (bad := np.flatnonzero((split.labels < 0) | (split.labels >= classes))).size:
        raise InputError(f"{split.name}: label {split.labels[bad[0]]} of row {bad[0]} is not among {classes} classes; correct it")
    return Split(split.name, (split.features / lengths).astype(np.float32), split.labels.astype(np.int32))


def fit(split: Split, classes: int, weight_decays: Sequence[float], settings: ProbeSettings) -> list[Probe]:
    """Trains a probe for each weight decay on normalised features, all at once; a pure function of its arguments.

    They see the same images in the same order, so that one matrix product scores a batch for all of them.
    """
    features, labels = jnp.asarray(split.features), jnp.asarray(split.labels)
    decays = jnp.asarray(weight_decays, jnp.float32)
    start = initial(features.shape[1], classes, settings.seed)
    probes = jax.tree.map(lambda one: jnp.tile(one, (len(decays),) + (1,) * one.ndim), start)
    states = jax.vmap(ADAM.init)(probes)
    for epoch in range(settings.epochs):
        batches = batches_of(len(labels), settings.batch, settings.seed, epoch)
        steps = epoch * len(batches) + np.arange(len(batches))
        rates = settings.learning_rate * 0.5 * (1 + np.cos(np.pi * steps / (settings.epochs * len(batches))))
        probes, states = _train_epoch(probes, states, features, labels, batches, rates.astype(np.float32), decays)
    return [Probe(*parts) for parts in zip(*map(np.asarray, probes), strict=True)]


def initial(width: int, classes: int, seed: int) -> Probe:
    """A linear layer as PyTorch makes it: uniform within 1/sqrt(width) of 0 (torch.nn.Linear.reset_parameters)."""
    rng, bound = np.random.default_rng([seed, INITIAL]), 1 / np.sqrt(width)
    kernel, bias = rng.uniform(-bound, bound, (width, classes)), rng.uniform(-bound, bound, classes)
    return Probe(jnp.asarray(kernel, jnp.float32), jnp.asarray(bias, jnp.float32))


def batches_of(count: int, batch: int, seed: int, epoch: int) -> Int[np.ndarray, "batches batch"]:
    """The places of an epoch's images, a row a batch; -1 fills up the last row."""
    order = np.random.default_rng([seed, ORDER, epoch]).permutation(count).astype(np.int32)
    batch = min(batch, count)
    return np.pad(order, (0, -count % batch), constant_values=-1).reshape(-1, batch)


@jax.jit
def _train_epoch(
    probes: Probe,
    states: optax.ScaleByAdamState,
    features: Float[Array, "n d"],
    labels: Int[Array, " n"],
    batches: Int[Array, "batches batch"],
    rates: Float[Array, " batches"],
    decays: Float[Array, " probes"],
) -> tuple[Probe, optax.ScaleByAdamState]:
    def step(carry: tuple[Probe, optax.ScaleByAdamState], batch: tuple[Array, Array]) -> tuple:
        (probes, states), (places, rate) = carry, batch
        gradients = jax.vmap(jax.grad(_loss), (0, None, None, None))(probes, features[places], labels[places], places >= 0)
        updates, states = jax.vmap(ADAM.update)(gradients, states)
        # The decay is decoupled from the gradient and reaches the bias too, as in torch.optim.AdamW.
        decay = jax.vmap(lambda probe, update, decay: jax.tree.map(lambda p, u: p - rate * (u + decay * p), probe, update))
        return (decay(probes, updates, decays), states), None

    return jax.lax.scan(step, (probes, states), (batches, rates))[0]


def _loss(probe: Probe, features: Array, labels: Array, real: Array) -> Array:
    """Mean cross-entropy of the images that are real, not filling."""
    logits = jnp.matmul(features, probe.kernel, precision="highest") + probe.bias[None]
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.sum(jnp.where(real, losses, 0.0)) / jnp.sum(real)


def class_ranks(probe: Probe, split: Split, block: int) -> Int[np.ndarray, " n"]:
    """The place of each image's true class among the logits; 1 is best. Of a probe that diverged it is the last.

    A weight decay above 2 / learning_rate makes the weights grow at every step, soon beyond what float32 holds. No logit is
    larger than the sum of a class's weights, since no number of a feature of length 1 is above 1.
    """
    queries = np.concatenate([split.features, np.ones((len(split.labels), 1), np.float32)], axis=1)
    gallery = np.concatenate([probe.kernel, probe.bias[None]]).T
    if not np.isfinite(np.abs(gallery).sum(axis=1)).all():
        return np.full(len(split.labels), len(gallery), np.int32)
    return ranks(queries, gallery, Relevant.single(split.labels), block).pessimistic


def weight_decays(settings: ProbeSettings) -> Float[np.ndarray, " n"]:
    """All weight decays that the search can come to, in ascending order."""
    return np.logspace(settings.lowest, settings.highest, (settings.first - 1) * 2**settings.halvings + 1)


def search(scores: Callable[[list[int]], list[float]], first: int, halvings: int) -> int:
    """The place with the best score among (first - 1) * 2**halvings + 1, most of which are never tried.

    `first` of them, equally far apart, then the neighbours of the best at half the distance, and so on down to the next
    ones; `scores` is asked for the new ones of each round together. Of equal scores the lowest place wins, as in CLIP_benchmark.
    """
    spacing = 2**halvings
    last = (first - 1) * spacing
    known = _asked(scores, list(range(0, last + 1, spacing)))
    while True:
        best = max(sorted(known), key=known.__getitem__)
        if not (spacing := spacing // 2):
            return best
        known |= _asked(scores, [place for place in (best - spacing, best + spacing) if 0 <= place <= last])


def _asked(scores: Callable[[list[int]], list[float]], places: list[int]) -> dict[int, float]:
    return dict(zip(places, scores(places), strict=True))


@dataclasses.dataclass(frozen=True)
class Choice:
    """The best weight decay, the probe of the training images that has it, and its accuracy on the validation images."""

    weight_decay: float
    probe: Probe
    valid_accuracy: float


def chosen(train: Split, valid: Split, classes: int, settings: ProbeSettings) -> Choice:
    """Searches the weight decay with which a probe of the training images is best on the validation images."""
    decays, tried = weight_decays(settings), dict[int, Choice]()

    def accuracies(places: list[int]) -> list[float]:
        probes = fit(train, classes, decays[places].tolist(), settings)
        found = [metrics.accuracy_at(class_ranks(probe, valid, settings.block), 1) for probe in probes]
        tried.update(zip(places, map(Choice, decays[places].tolist(), probes, found), strict=True))
        return found

    return tried[search(accuracies, settings.first, settings.halvings)]


def outcome(train: Split, valid: Split, tests: Sequence[Split], classes: int, settings: ProbeSettings, valid_too: bool) -> Outcome:
    """Chooses on `valid`, and tests the probe (`valid_too`: trained again, on both); the splits are `prepared`."""
    choice = chosen(train, valid, classes, settings)
    final = fit(joined(train, valid), classes, [choice.weight_decay], settings)[0] if valid_too else choice.probe
    ranks = [class_ranks(final, test, settings.block) for test in tests]
    return Outcome(ranks, choice.weight_decay, choice.valid_accuracy)


def joined(train: Split, valid: Split) -> Split:
    """The images of both."""
    features = np.concatenate([train.features, valid.features])
    return Split(f"{train.name} and {valid.name}", features, np.concatenate([train.labels, valid.labels]))


def metric_names(classes: int) -> tuple[str, ...]:
    """The metrics of a probe; five places are not counted among five classes."""
    return (*(f"acc@{k}" for k in (1, 5) if k < classes), "mean_per_class_recall")


def gains(rank: Int[np.ndarray, " n"], labels: Int[np.ndarray, " n"], classes: int) -> Gains:
    """Returns each test image's value of every metric in `metric_names`."""
    *accuracies, _ = names = metric_names(classes)
    columns = [*(metrics.gains(rank, name) for name in accuracies), classification.recall_gains(labels, rank == 1)]
    return Gains(np.arange(len(labels)), names, np.stack(columns, axis=1))


def choice(outcome: Outcome) -> dict[str, float]:
    """Returns the chosen weight decay and its validation accuracy, for the results files."""
    return {"weight_decay": outcome.weight_decay, "valid_acc@1": round(outcome.valid_accuracy, DIGITS)}
