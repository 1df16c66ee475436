"""How far raters agree: Gwet's AC1 with ordinal weights, which its author calls AC2.

Gwet 2008, "Computing inter-rater reliability and its variance in the presence of high agreement"; Gwet 2014, Handbook of
Inter-Rater Reliability, 4th edition, chapters 2, 3 and 5, for weights, missing ratings and the variance.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from clip_italian.errors import InputError


class Agreement(NamedTuple):
    """A coefficient of agreement, 1 at most, with its standard error and interval over items."""

    coefficient: float
    observed: float  # weighted share of pairs of ratings that agree
    chance: float  # the same, expected of ratings by chance
    standard_error: float
    low: float
    high: float


def ordinal_weights(categories: int) -> Float[np.ndarray, "q q"]:
    """How far two categories agree: 1 if they are one, 0 for the first and the last (Gwet 2014, section 3.5)."""
    apart = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories)))
    between = apart * (apart + 1) / 2  # pairs among the categories from one to the other
    return 1 - between / between.max()


def agreement(ratings: Int[np.ndarray, "items raters"], categories: int, confidence: float = 0.95) -> Agreement:
    """Gwet's AC1 with ordinal weights of ratings 1 to `categories`; 0 stands for a missing one.

    Items that nobody rated count for nothing; those that one rater rated count towards the categories' frequencies alone.
    Raises InputError when fewer than two items have two ratings.
    """
    counts = np.stack([(ratings == category).sum(axis=1) for category in range(1, categories + 1)], axis=1).astype(float)
    counts = counts[counts.sum(axis=1) > 0]
    raters = counts.sum(axis=1)
    compared = raters >= 2
    if compared.sum() < 2:
        raise InputError("ratings: two items at least need two ratings each; fill in more of the sheet")
    items, weights = len(counts), ordinal_weights(categories)
    agreeing = (counts * (counts @ weights - 1)).sum(axis=1) / np.maximum(raters * (raters - 1), 1)
    frequencies = (counts / raters[:, None]).mean(axis=0)
    scale = weights.sum() / (categories * (categories - 1))
    observed = float(agreeing[compared].mean())
    chance = float(scale * (frequencies * (1 - frequencies)).sum())
    coefficient = (observed - chance) / (1 - chance)
    # Linearised by item: an item moves the observed agreement, and with the frequencies the chance agreement.
    each = items / compared.sum() * np.where(compared, agreeing - chance, 0) / (1 - chance)
    chance_each = scale * (counts @ (1 - frequencies)) / raters
    each = each - 2 * (1 - coefficient) * (chance_each - chance) / (1 - chance)
    error = float(np.sqrt(((each - coefficient) ** 2).sum() / (items * (items - 1))))
    half = float(stats.t.ppf((1 + confidence) / 2, items - 1)) * error
    return Agreement(coefficient, observed, chance, error, coefficient - half, min(1.0, coefficient + half))
