"""Paired comparisons of label sets: each condition against good labels, for every model on the same images.

The conditions of the proposed arm are one family, corrected by Holm (analysis/plan.md); all other models' are exploratory and
carry q-values. A row:

    model, condition; difference (accuracy under the condition minus accuracy under good labels, fraction of 1), seeds, interval,
    item_interval, effect, p, components, p_holm or q, direction, and mcnemar as in comparisons.json; and in smaller rows,
    without a test,
    "optimistic"            with every class of an equal score behind the true one
    "touched", "untouched"  over the images whose class is touched, and over the others; null where there is none
    "relative"              as a share of the accuracy under good labels
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from clip_italian.evaluation import statistics
from clip_italian.evaluation.study.comparisons import corrected, mcnemar_of, sizes
from clip_italian.evaluation.study.settings import GOOD, EvaluationSettings

STREAM = 3100  # keeps these resamples apart from those of the evaluations

PART_KEYS = ("difference", "seeds", "interval", "item_interval")  # what a row says of its parts

Hits = dict[str, Float[np.ndarray, "pictures seeds"]]  # by model


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The hits of all models under one condition. Ties count as wrong in `hits` and as right in `optimistic`."""

    touched: Bool[np.ndarray, " pictures"]  # whether the image's class has another label than the good one, or shares its label
    hits: Hits
    optimistic: Hits


@dataclasses.dataclass(frozen=True)
class Ratio:
    """A quantity that is a sum over images divided by another sum over images, one column per seed."""

    above: Float[np.ndarray, "pictures seeds"]
    below: Float[np.ndarray, "pictures seeds"]


def ratios(outcome: Outcome, good: Outcome, model: str) -> dict[str, Ratio]:
    """All differences of one model between a condition and good labels; "" is the one that is tested."""
    difference, ones = outcome.hits[model] - good.hits[model], np.ones_like(good.hits[model])
    touched = outcome.touched[:, None] * ones
    result = {
        "": Ratio(difference, ones),
        "optimistic": Ratio(outcome.optimistic[model] - good.optimistic[model], ones),
        "touched": Ratio(difference * touched, touched),
        "untouched": Ratio(difference * (1 - touched), 1 - touched),
        "relative": Ratio(difference, good.hits[model]),
    }
    return {name: ratio for name, ratio in result.items() if name in ("", "relative") or ratio.below.any()}


def compare(outcomes: dict[str, Outcome], models: dict[str, list[int]], settings: EvaluationSettings) -> list[dict[str, Any]]:
    """A row for every model and condition but the good one, without the correction for multiplicity."""
    conditions = [name for name in outcomes if name != GOOD]
    pairs = [(model, condition) for model in models for condition in conditions]
    found = [ratios(outcomes[condition], outcomes[GOOD], model) for model, condition in pairs]
    samples = _samples([ratio for parts in found for ratio in parts.values()], settings)
    rows = []
    for (model, condition), parts in zip(pairs, found, strict=True):
        seeds = [str(seed) for seed in models[model]]
        found_sizes = {name: _sizes(ratio, next(samples), seeds, settings) for name, ratio in parts.items()}
        row: dict[str, Any] = {"model": model, "condition": condition, "touched": None, "untouched": None}
        row["mcnemar"] = {seed: mcnemar_of(column) for seed, column in zip(seeds, parts[""].above.T, strict=True)}
        row |= found_sizes.pop("")
        rows.append(row | {name: {key: one[key] for key in PART_KEYS} for name, one in found_sizes.items()})
    return rows


def _samples(every: list[Ratio], settings: EvaluationSettings) -> Any:
    """Yields the resamples of each ratio, one column per seed. All ratios use the same resamples of images."""
    sums = np.hstack([half for ratio in every for half in (ratio.above, ratio.below)])
    drawn, start = statistics.bootstrap(sums, np.ones(len(sums)), settings.resamples, (settings.seed, STREAM)), 0
    for ratio in every:
        width = ratio.above.shape[1]
        yield _divided(drawn[:, start : start + width], drawn[:, start + width : start + 2 * width])
        start += 2 * width


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The quotient; 0 where a resample has nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _sizes(ratio: Ratio, samples: np.ndarray, seeds: list[str], settings: EvaluationSettings) -> dict[str, Any]:
    return sizes(seeds, statistics.linearised(ratio.above, ratio.below), samples, settings)


def families(
    outcomes: dict[str, Outcome], models: dict[str, list[int]], settings: EvaluationSettings
) -> dict[str, list[dict[str, Any]]]:
    """The rows of the proposed arm with p_holm, and all others with q."""
    rows, proposed = compare(outcomes, models, settings), settings.primary_pairs[0][0]
    return {
        "primary": corrected([row for row in rows if row["model"] == proposed], "p_holm", statistics.holm, settings),
        "exploratory": corrected([row for row in rows if row["model"] != proposed], "q", statistics.benjamini_hochberg, settings),
    }
