"""From the gains of single queries to what the results files say of a test set."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from clip_italian.evaluation import statistics
from clip_italian.evaluation.study.settings import EvaluationSettings

DIGITS = 6  # of every number in the results files: 1e-6 is below any difference that could be told apart


@dataclasses.dataclass(frozen=True)
class Gains:
    """Gains of the queries of one direction, one column a metric."""

    image: Int[np.ndarray, " queries"]  # the image a query belongs to: the unit of resampling
    names: tuple[str, ...]
    values: Float[np.ndarray, "queries c"]


Cell = list[Gains]  # one model, one seed, one test set: a part for each direction


def summarise(
    cells: dict[str, dict[int, Cell]],
    images: int,
    settings: EvaluationSettings,
    stream: int,
    limits: tuple[float, float] = (0.0, 1.0),
) -> dict[str, dict[str, Any]]:
    """Returns for each model: `seeds` (values by seed), `mean`, `sd`, `interval`, `item_interval`, each by metric.

    `interval` is over replicates and images (statistics.random_effects), clipped to `limits`, what a mean can be;
    `item_interval` over images alone, given the trained models. Every model meets the same resamples. `stream` numbers the test set
    among the users of the seed.
    """
    result: dict[str, dict[str, Any]] = {
        model: {"seeds": {str(seed): {} for seed in seeds}, "mean": {}, "sd": {}, "interval": {}, "item_interval": {}}
        for model, seeds in cells.items()
    }
    parts = len(next(iter(next(iter(cells.values())).values())))
    for part in range(parts):
        _summarise_part(
            {model: [cell[part] for cell in seeds.values()] for model, seeds in cells.items()},
            images,
            settings,
            stream,
            limits,
            result,
        )
    return result


def _summarise_part(
    gains: dict[str, list[Gains]],
    images: int,
    settings: EvaluationSettings,
    stream: int,
    limits: tuple[float, float],
    result: dict[str, Any],
) -> None:
    every = [one for seeds in gains.values() for one in seeds]
    image, names = every[0].image, every[0].names
    counts = np.bincount(image, minlength=images).astype(np.float64)
    sums = np.hstack([statistics.per_image(one.values, image, images) for one in every])
    samples = statistics.bootstrap(sums, counts, settings.resamples, (settings.seed, stream))
    values, start = statistics.linearised(sums, counts[:, None]), 0
    for model, seeds in gains.items():
        stop = start + len(seeds) * len(names)
        own = samples[:, start:stop].reshape(len(samples), len(seeds), len(names))
        _fill(result[model], names, values[:, start:stop].reshape(images, len(seeds), len(names)), own, settings, limits)
        start = stop


def _fill(
    entry: dict[str, Any],
    names: tuple[str, ...],
    values: Float[np.ndarray, "images seeds c"],
    samples: Float[np.ndarray, "resamples seeds c"],
    settings: EvaluationSettings,
    limits: tuple[float, float],
) -> None:
    both = np.clip(statistics.random_effects(values, settings.confidence).interval, *limits)
    items = statistics.interval(samples.mean(axis=1), settings.confidence)
    by_seed = values.mean(axis=0)
    for seed, row in zip(entry["seeds"], by_seed, strict=True):
        entry["seeds"][seed] |= named(names, row)
    entry["mean"] |= named(names, by_seed.mean(axis=0))
    if len(by_seed) > 1:
        entry["sd"] |= named(names, by_seed.std(axis=0, ddof=1))
    entry["interval"] |= named(names, both.T)
    entry["item_interval"] |= named(names, items.T)


def named(names: tuple[str, ...], values: np.ndarray) -> dict[str, Any]:
    """The values by name, rounded as the results files have them."""
    return dict(zip(names, np.round(values, DIGITS).tolist(), strict=True))


def with_extras(result: dict[str, dict[str, Any]], extras: dict[str, dict[int, dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Adds values that have no interval (median ranks, shares of ties) to `seeds` and `mean`."""
    for model, seeds in extras.items():
        for seed, values in seeds.items():
            result[model]["seeds"][str(seed)] |= named(tuple(values), np.array([*values.values()]))
        columns = np.array([[*values.values()] for values in seeds.values()])
        result[model]["mean"] |= named(tuple(next(iter(seeds.values()))), columns.mean(axis=0))
    return result
