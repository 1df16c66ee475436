"""Few-shot curves: the linear probe on a few training images a class, for several draws of them.

As CLIP_benchmark does it with `fewshot_k`: the weight decay is chosen on the whole validation split, and the final probe is
trained on the drawn images alone. It draws once; here one draw is one value of several, since with one image a class much
depends on which. Draw i of 2 shots holds draw i of 1 shot, so that a curve's points differ by what was added. Epochs are equal for
all shots, as there: few images are also few updates.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pydantic
from jaxtyping import Float, Int

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation import statistics
from clip_italian.evaluation.study import linear_probe, summary
from clip_italian.evaluation.study.linear_probe import Outcome, ProbeSettings, Split
from clip_italian.evaluation.study.settings import EvaluationSettings

DRAWS = 3  # purpose: keeps these random numbers apart from the probe's


class FewShotSettings(Settings):
    """The points of a few-shot curve."""

    shots: list[pydantic.PositiveInt] = pydantic.Field(min_length=1)  # training images of each class; CLIP: 1, 2, 4, 8, 16
    draws: int = pydantic.Field(gt=0)  # of each
    seed: int  # of the draws


def drawn(labels: Int[np.ndarray, " n"], shots: int, seed: int, draw: int) -> Int[np.ndarray, " k"]:
    """The places of `shots` images of each class that occurs, in ascending order; a pure function of its arguments."""
    order = np.random.default_rng([seed, DRAWS, draw]).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    place_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[place_in_class < shots])


Curve = dict[int, list[Outcome]]  # by shots, one outcome a draw


def curve(
    train: Split, valid: Split, tests: Sequence[Split], classes: int, probe: ProbeSettings, settings: FewShotSettings
) -> Curve:
    """The outcome of every draw by shots; the splits are `linear_probe.prepared`.

    Raises InputError naming a class that has fewer training images than the most shots.
    """
    _check_shots(train, max(settings.shots))
    return {
        shots: [
            linear_probe.outcome(
                _part(train, drawn(train.labels, shots, settings.seed, draw)), valid, tests, classes, probe, valid_too=False
            )
            for draw in range(settings.draws)
        ]
        for shots in settings.shots
    }


def _check_shots(train: Split, shots: int) -> None:
    counts = np.bincount(train.labels)
    if (scarce := np.flatnonzero(counts < shots)).size:
        raise InputError(
            f"{train.name}: class {scarce[0]} has {counts[scarce[0]]} examples where {shots} shots are asked for; lower `shots`"
        )


def _part(split: Split, places: Int[np.ndarray, " k"]) -> Split:
    return Split(split.name, split.features[places], split.labels[places])


def summarise(
    curves: dict[str, dict[int, Curve]],
    test: int,
    labels: Int[np.ndarray, " n"],
    classes: int,
    evaluation: EvaluationSettings,
    stream: int,
) -> dict[str, dict[str, Any]]:
    """The points of every model's curve by shots, for one test set: number `test` of the outcomes.

    A point has `seeds` (each draw of each seed: its metrics, `weight_decay` and `valid_acc@1`), their `mean`, `interval` over
    seeds, draws and test images, and `item_interval` over test images alone. Draw i shows every seed of every model the same
    images, so seeds, draws and test images are crossed (statistics.random_effects). `stream` numbers the test set among the users
    of the seed.
    """
    blocks = {model: _gains([*seeds.values()], test, labels, classes) for model, seeds in curves.items()}
    flat = [block.reshape(len(labels), -1) for block in blocks.values()]
    samples = statistics.bootstrap(np.hstack(flat), np.ones(len(labels)), evaluation.resamples, (evaluation.seed, stream))
    edges = np.cumsum([columns.shape[1] for columns in flat])[:-1]
    result: dict[str, dict[str, Any]] = {}
    for (model, block), own in zip(blocks.items(), np.split(samples, edges, axis=1), strict=True):
        own = own.reshape(len(own), *block.shape[1:])
        shots = next(iter(curves[model].values()))
        result[model] = {
            str(count): _point(
                {number: curve[count] for number, curve in curves[model].items()},
                linear_probe.metric_names(classes),
                block[..., place, :, :],
                own[..., place, :, :],
                evaluation,
            )
            for place, count in enumerate(shots)
        }
    return result


def _gains(
    curves: list[Curve], test: int, labels: Int[np.ndarray, " n"], classes: int
) -> Float[np.ndarray, "n seeds shots draws c"]:
    gains = [
        [[linear_probe.gains(one.ranks[test], labels, classes).values for one in draws] for draws in curve.values()]
        for curve in curves
    ]
    return np.moveaxis(np.array(gains), 3, 0)


def _point(
    outcomes: dict[int, list[Outcome]],
    names: tuple[str, ...],
    values: Float[np.ndarray, "n seeds draws c"],
    samples: Float[np.ndarray, "resamples seeds draws c"],
    evaluation: EvaluationSettings,
) -> dict[str, Any]:
    over_all = statistics.random_effects(values.mean(axis=2), evaluation.confidence, values.mean(axis=1))
    both, values = np.clip(over_all.interval, 0.0, 1.0), values.mean(axis=0)
    items = statistics.interval(samples.mean(axis=(1, 2)), evaluation.confidence)
    seeds = {
        str(number): {str(draw): summary.named(names, row) | linear_probe.choice(one) for draw, (row, one) in enumerate(pairs)}
        for number, pairs in zip(outcomes, map(zip, values, outcomes.values()), strict=True)
    }
    return {
        "seeds": seeds,
        "mean": summary.named(names, values.mean(axis=(0, 1))),
        "interval": summary.named(names, both.T),
        "item_interval": summary.named(names, items.T),
    }
