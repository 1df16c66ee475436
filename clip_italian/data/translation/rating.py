"""Human rating of translations: writes a sheet of translated captions, and computes the mean and the raters' agreement.

For CLIP-Italian three people rated 100 translated captions from 1 to 5 (README, "Dataset").
"""

import csv
import heapq
import pathlib
from collections import Counter
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from clip_italian import files
from clip_italian.data.images.draws import uniforms
from clip_italian.data.translation import tables
from clip_italian.errors import InputError


class Agreement(NamedTuple):
    """Gwet's AC1 with ordinal weights (AC2), at most 1, with its standard error and confidence interval over items."""

    coefficient: float
    observed: float  # weighted share of pairs of ratings that agree
    chance: float  # its expectation for random ratings
    standard_error: float
    low: float
    high: float


def ordinal_weights(categories: int) -> Float[np.ndarray, "q q"]:
    """The weight of two categories' agreement: 1 for equal ones, 0 for the first and the last (Gwet 2014, section 3.5)."""
    apart = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories)))
    between = apart * (apart + 1) / 2  # pairs among the categories from one to the other
    return 1 - between / between.max()


def agreement(ratings: Int[np.ndarray, "items raters"], categories: int, confidence: float = 0.95) -> Agreement:
    """Gwet's AC1 with ordinal weights of ratings 1 to `categories`; 0 is a missing rating.

    Items without ratings are ignored; items with one rating only contribute to the categories' frequencies. Raises InputError if
    fewer than two items have two ratings.
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
    # Linearised by item: an item changes the observed agreement and, through the frequencies, the chance agreement.
    each = items / compared.sum() * np.where(compared, agreeing - chance, 0) / (1 - chance)
    chance_each = scale * (counts @ (1 - frequencies)) / raters
    each = each - 2 * (1 - coefficient) * (chance_each - chance) / (1 - chance)
    error = float(np.sqrt(((each - coefficient) ** 2).sum() / (items * (items - 1))))
    half = float(stats.t.ppf((1 + confidence) / 2, items - 1)) * error
    return Agreement(coefficient, observed, chance, error, coefficient - half, min(1.0, coefficient + half))


LOWEST, HIGHEST = 1, 5
SCALE = "1 meaning lost, 2 partly wrong, 3 right but clumsy, 4 good with a small flaw, 5 perfect"
COLUMNS = ("english", "translation")
SOURCE = "conceptual_captions"
PURPOSE = 61  # separates these random numbers from other uses of the same seed


def write(out: pathlib.Path, data: pathlib.Path, count: int, raters: int, seed: int, max_characters: int) -> int:
    """Writes a sheet of `count` translated captions of the profile with folder `data`; returns the number of captions.

    The captions are sampled by `seed`, without replacement, from the distinct English captions. Raises InputError if stage
    `translate` has not run, and if `out` exists, because it may have ratings.
    """
    if out.exists():
        raise InputError(f"{out}: exists already, perhaps with ratings; name another file, or delete it")
    table = tables.path(SOURCE)
    found = tables.pairs(data / "raw" / table, files.present(data / "translated" / table), max_characters)
    distinct = dict(found)
    draws = uniforms((seed, PURPOSE), np.arange(len(distinct)), 1)[:, 0]
    chosen = sorted(heapq.nsmallest(count, range(len(distinct)), key=lambda i: draws[i]))
    pairs = list(distinct.items())
    with files.replacing(out) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow([*COLUMNS, *(f"rater {number}: {SCALE}" for number in range(1, raters + 1))])
        sheet.writerows([*pairs[i], *[""] * raters] for i in chosen)
    return len(chosen)


def read(path: pathlib.Path) -> Int[np.ndarray, "items raters"]:
    """The ratings of a sheet, 0 for an empty cell; raises InputError naming the line of an invalid rating."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file)
    except (FileNotFoundError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a sheet of ratings ({error}); write one with `data rate`") from None
    if tuple(header[:2]) != COLUMNS or len(header) < 4:
        raise InputError(f"{path}: columns english, translation and at least two raters were expected; write one with `data rate`")
    return np.array([_ratings(path, number, line, len(header)) for number, line in enumerate(lines, start=2) if any(line)])


def _ratings(path: pathlib.Path, number: int, line: list[str], width: int) -> list[int]:
    cells = [cell.strip() for cell in line[2:]]
    wrong = next((cell for cell in cells if cell and cell not in map(str, range(LOWEST, HIGHEST + 1))), None)
    if wrong is not None or len(line) != width:
        problem = f"`{wrong}` is no rating from {LOWEST} to {HIGHEST}" if wrong is not None else f"{width} cells were expected"
        raise InputError(f"{path}, row {number}: {problem}; correct it, or leave the cell empty")
    return [int(cell or 0) for cell in cells]


def summary(path: pathlib.Path) -> str:
    """Returns the sheet's results as text: the mean, the count of each rating, and the raters' agreement."""
    ratings = read(path)
    given = ratings[ratings > 0]
    found = agreement(ratings, HIGHEST)
    counts = Counter(given.tolist())
    return "\n".join(
        (
            f"captions: {len(ratings)}, raters: {ratings.shape[1]}, ratings: {len(given)}, missing: {ratings.size - len(given)}",
            f"mean rating: {given.mean():.2f}",
            *(f"  {rating}: {counts[rating]} ({counts[rating] / len(given):.1%})" for rating in range(LOWEST, HIGHEST + 1)),
            f"Gwet's AC1 with ordinal weights: {found.coefficient:.4f} "
            f"(standard error {found.standard_error:.4f}, 95 % interval {found.low:.4f} to {found.high:.4f})",
            f"agreement: {found.observed:.4f} observed, {found.chance:.4f} by chance",
        )
    )
