"""Few-shot curves: the linear probe on a few training pictures a class, for several draws of them.

As CLIP_benchmark does it with `fewshot_k`: the weight decay is chosen on the whole validation split, and the final probe is
trained on the drawn pictures alone. It draws once; here one draw is one value of several, since with one picture a class much
depends on which. Draw i of 2 shots holds draw i of 1 shot, so that a curve's points differ by what was added.
"""

import numpy as np
import pydantic
from jaxtyping import Int

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation import linear_probe, summary
from clip_italian.evaluation.linear_probe import Outcome, ProbeSettings, Split
from clip_italian.evaluation.settings import EvaluationSettings

DRAWS = 3  # purpose: keeps these random numbers apart from the probe's


class FewShotSettings(Settings):
    """The points of a few-shot curve."""

    shots: list[pydantic.PositiveInt] = pydantic.Field(min_length=1)  # training pictures of each class; CLIP: 1, 2, 4, 8, 16
    draws: int = pydantic.Field(gt=0)  # of each
    seed: int  # of the draws


def drawn(labels: Int[np.ndarray, " n"], shots: int, seed: int, draw: int) -> Int[np.ndarray, " k"]:
    """The places of `shots` pictures of each class that occurs, in ascending order; a pure function of its arguments."""
    order = np.random.default_rng([seed, DRAWS, draw]).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    place_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[place_in_class < shots])


def curve(
    train: Split, valid: Split, test: Split, classes: int, probe: ProbeSettings, settings: FewShotSettings
) -> dict[int, dict[int, Outcome]]:
    """The outcome of every draw, by shots and draw.

    Raises InputError naming a class that has fewer training pictures than the most shots, and what `linear_probe.prepared` does.
    """
    train, valid, test = linear_probe.prepared(train, valid, test, classes)
    _check_shots(train, max(settings.shots))
    return {
        shots: {
            draw: linear_probe.outcome(
                _part(train, drawn(train.labels, shots, settings.seed, draw)), valid, test, classes, probe, valid_too=False
            )
            for draw in range(settings.draws)
        }
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
    outcomes: dict[int, dict[int, Outcome]],
    labels: Int[np.ndarray, " n"],
    classes: int,
    evaluation: EvaluationSettings,
    stream: int,
) -> dict[str, dict]:
    """The points of a curve by shots, as `summary.summarise` gives a model's, its seeds being the draws.

    `interval` is over draws and test pictures, `item_interval` over test pictures given the draws. Beside the metrics each
    draw has its `weight_decay` and `valid_acc@1`. `stream` numbers the test set among the users of the seed.
    """
    cells = {
        str(shots): {draw: [linear_probe.gains(one.rank, labels, classes)] for draw, one in draws.items()}
        for shots, draws in outcomes.items()
    }
    points = summary.summarise(cells, len(labels), evaluation, stream)
    for shots, draws in outcomes.items():
        for draw, one in draws.items():
            points[str(shots)]["seeds"][str(draw)] |= {"weight_decay": one.weight_decay, "valid_acc@1": one.valid_accuracy}
    return points
