"""Intervals and tests over test items and replicates, all from sums per image.

A replicate is a training seed with the backbones that were trained with it. Every replicate of a model is tested on the same
images, so replicates and images are crossed, and both are random: `random_effects` covers both. The bootstrap and the sign-flip
test are over images alone, given the trained models. Captions of one image are not independent: the image is the unit (an interval
over captions would be about 1.5 times too narrow).
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int

BLOCK = 500  # resamples drawn at once; bounds memory, changes no number
LEAST_P = 1e-100  # a smaller p is told as this: scipy's quantiles of t with 3 degrees of freedom are wrong below 1e-162

Columns = Float[np.ndarray, " *c"] | float  # one value a column, or the only one


def per_image(
    gains: Float[np.ndarray, "queries c"], image: Int[np.ndarray, " queries"], images: int
) -> Float[np.ndarray, "images c"]:
    """Sums the gains of each image's queries."""
    return np.stack([np.bincount(image, column, minlength=images) for column in gains.T], axis=1)


def _weights(rng: np.random.Generator, resamples: int, size: int) -> Iterator[Float[np.ndarray, "b size"]]:
    """How often each of `size` images is drawn in each resample, block by block."""
    for start in range(0, resamples, BLOCK):
        count = min(BLOCK, resamples - start)
        drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size).astype(np.float64)


def bootstrap(
    sums: Float[np.ndarray, "images c"], counts: Float[np.ndarray, " images"], resamples: int, seed: tuple[int, ...]
) -> Float[np.ndarray, "resamples c"]:
    """The statistic sum/count of each column under resampling of whole images; all columns see the same resamples."""
    rng = np.random.default_rng(seed)
    both = np.column_stack([sums, counts])
    products = (weights @ both for weights in _weights(rng, resamples, len(sums)))
    # A resample may miss every image that has a query only when there are very few of them.
    return np.concatenate([product[:, :-1] / np.maximum(product[:, -1:], 1.0) for product in products])


@dataclasses.dataclass(frozen=True)
class Effects:
    """A mean under two-way random effects; every field has one value a column. The components are standard deviations."""

    estimate: Float[np.ndarray, " *c"]
    interval: Float[np.ndarray, "2 *c"]
    p: Float[np.ndarray, " *c"]  # two-sided, of the mean 0
    replicate: Float[np.ndarray, " *c"]
    image: Float[np.ndarray, " *c"]
    residual: Float[np.ndarray, " *c"]


def linearised(
    above: Float[np.ndarray, "images replicates *c"], below: Float[np.ndarray, "images #replicates *#c"]
) -> Float[np.ndarray, "images replicates *c"]:
    """Returns values whose mean over images is the ratio of sums above/below, and whose variance is that of the ratio.

    To first order (Cochran 1977, chapter 6): ratio + (above - ratio * below) / mean(below). Where `below` is 0 everywhere, so is
    the ratio.
    """
    mean = below.mean(axis=0)
    safe = np.where(mean > 0, mean, 1.0)
    ratio = above.mean(axis=0) / safe * (mean > 0)
    return ratio + (above - ratio * below) / safe * (mean > 0)


def random_effects(
    values: Float[np.ndarray, "images replicates *c"], confidence: float, *crossed: Float[np.ndarray, "images levels *c"]
) -> Effects:
    """The mean over replicates and images with its interval and p, under value = mean + replicate + image + residual.

    With mean squares A of R replicates, B of I images and C of the residual, the variance of the mean has two parts: A/(R I) of
    the replicates, with R - 1 degrees of freedom, and max(B - C, 0)/(R I) of the images, with I - 1. The interval is
    mean +- t' * SE with the approximate t of Cochran & Cox (1957): t' is the mean of the t quantiles of the parts' degrees of
    freedom, weighted by the parts. p is two-sided: 1 minus the confidence of the interval that touches 0. So p < 0.05 where the
    95 % interval leaves out 0. A single replicate or image makes no part.

    Coverage of 95 % intervals, normal effects (200,000 draws of 500 images for each of 126 mixes of the variances): 94.9 to 97.2 %
    with three replicates and 94.9 to 96.5 % with five, the most where both parts are about alike; 93.9 to 97.9 % with two. A test
    at 0.36 %, the first of 14 by Holm, rejects a true mean of 0 in at most 0.39 % of the draws with five, 0.6 % with three and
    1.2 % with two.

    `crossed` are the same values averaged over the replicates, at the levels of another factor that is crossed with both, such as
    draws of training images; each adds a part as the replicates do. What replicates and levels have between them then counts
    twice, which makes the interval wider, never narrower.
    """
    images, estimate = len(values), values.mean(axis=(0, 1))
    tables = [(one.shape[1], *_mean_squares(one)) for one in (values, *crossed)]
    replicates, by_replicate, by_image, residual = tables[0]
    parts = [(by_level / (levels * images), levels - 1) for levels, by_level, _, _ in tables]
    counted = sum(rest / levels for levels, _, _, rest in tables)  # the residuals are in the levels' parts already
    parts.append((np.maximum(by_image / replicates - counted, 0) / images, images - 1))
    components = np.maximum(by_replicate - residual, 0) / images, np.maximum(by_image - residual, 0) / replicates, residual
    half = _half_width(parts, 1 - confidence)
    fields = (estimate, np.stack([estimate - half, estimate + half]), _p(parts, np.abs(estimate)), *np.sqrt(components))
    return Effects(*(np.asarray(one, np.float64) for one in fields))


def _mean_squares(values: Float[np.ndarray, "images levels *c"]) -> tuple[Columns, ...]:
    """The mean squares of levels, of images and of the residual in a two-way analysis of variance; 0 of a single one."""
    (images, levels), by_level, by_image = values.shape[:2], values.mean(axis=0), values.mean(axis=1)
    residual = values - by_level - by_image[:, None] + by_image.mean(axis=0)
    of_levels, of_images = max(levels - 1, 1), max(images - 1, 1)
    return (
        images * levels * by_level.var(axis=0) / of_levels,
        levels * images * by_image.var(axis=0) / of_images,
        (residual**2).sum(axis=(0, 1)) / (of_levels * of_images),
    )


def _half_width(parts: list[tuple[Columns, int]], p: Columns) -> Columns:
    """Half the width of the interval of confidence 1 - p, from the parts of the variance with their degrees of freedom."""
    from scipy.special import stdtrit  # takes a while to import, which only evaluation needs

    variance = sum(part for part, _ in parts)
    weighted = sum(part * -stdtrit(max(df, 1), p / 2) for part, df in parts)
    return weighted / np.sqrt(np.where(variance > 0, variance, 1.0))


def _p(parts: list[tuple[Columns, int]], distance: Columns) -> Columns:
    """The p whose interval has half the width `distance`, from LEAST_P to 1, by bisection of log p."""
    low, high = np.full_like(distance, np.log(LEAST_P)), np.zeros_like(distance)
    for _ in range(60):
        middle = (low + high) / 2
        wide = _half_width(parts, np.exp(middle)) >= distance
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return np.exp(high)


def interval(samples: Float[np.ndarray, "resamples *c"], confidence: float) -> Float[np.ndarray, "2 *c"]:
    """The percentile interval, low and high."""
    tail = (1 - confidence) / 2
    return np.quantile(samples, [tail, 1 - tail], axis=0)


def sign_flip(differences: Float[np.ndarray, "images c"], permutations: int, seed: tuple[int, ...]) -> Float[np.ndarray, " c"]:
    """Two-sided p of mean difference 0, each image's difference keeping or changing its sign at random.

    p = (b + 1)/(permutations + 1), never 0. Fisher's randomisation test; Smucker, Allan & Carterette (CIKM 2007)
    compare it with the other tests of retrieval.
    """
    rng = np.random.default_rng(seed)
    observed = np.abs(differences.sum(axis=0))
    at_least = np.zeros(differences.shape[1])
    for start in range(0, permutations, BLOCK):
        signs = rng.integers(2, size=(min(BLOCK, permutations - start), len(differences))) * 2.0 - 1.0
        # Sums in another order differ in their last bits: a permutation as extreme as the data must count as such.
        at_least += (np.abs(signs @ differences) >= observed * (1 - 1e-12)).sum(axis=0)
    return (at_least + 1) / (permutations + 1)


def equivalence(samples: Float[np.ndarray, "resamples c"], margin: float) -> Float[np.ndarray, " c"]:
    """p of a difference of `margin` or more either way, from bootstrap samples of the difference: the larger of two one-sided p.

    The two one-sided tests of Schuirmann (1987), each by the share of resamples at or beyond its margin, (b + 1)/(resamples + 1).
    So p <= alpha where the percentile interval of confidence 1 - 2 alpha lies within the margins (interval inclusion).
    """
    beyond = np.maximum((samples >= margin).sum(axis=0), (samples <= -margin).sum(axis=0))
    return (beyond + 1) / (len(samples) + 1)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test: p that the items only one of two systems gets right split so unevenly."""
    from scipy.stats import binomtest  # takes most of a second to import, which only the tests need

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def holm(p: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Adjusted p of Holm (1979): controls the chance of any false rejection in the family."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """q-values of Benjamini & Hochberg (1995): the share of false ones expected among the tests rejected up to here."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(p)


def t_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """The interval of a mean by Student's t over independent values, such as paired differences of seeds; infinite for one."""
    from scipy.stats import t  # takes most of a second to import

    if len(values) < 2:
        return -np.inf, np.inf
    reach = t.ppf((1 + confidence) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - reach), float(np.mean(values) + reach)
