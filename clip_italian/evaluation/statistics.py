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
NOTHING = 1e-24  # mean squares below this are rounding


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
    df: Float[np.ndarray, " *c"]
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

    With mean squares A of replicates (R of them), B of images (I) and C of the residual, the variance of the mean is
    (max(A - C, 0) + max(B, C)) / (R I): sigma_A^2/R + sigma_B^2/I + sigma_C^2/(R I), negative components set to 0. The interval is
    mean +- t(df) * SE with Satterthwaite's (1946) degrees of freedom, as in the analysis of several readers and cases
    (Obuchowski & Rockette 1995; Hillis 2007); p is of the same t. With one replicate only images vary, df = I - 1; with one
    image only replicates.

    Coverage of 95 % intervals, normal effects (200,000 draws of 500 images, 15 mixes of the three variances): 94.1 to 97.2 % with
    five replicates; 92.2 to 97.1 % with three, the least where replicates make some 85 % of the variance, the most where they and
    images make none; with two as low as 88 %.

    `crossed` are the same values averaged over the replicates, at the levels of another factor that is crossed with both, such as
    draws of training images; its component is added in the same way. What replicates and levels have between them then counts
    twice, which makes the interval wider, never narrower.
    """
    from scipy.stats import t  # takes most of a second to import, which only evaluation needs

    images, by_image = len(values), values.mean(axis=1)
    estimate = by_image.mean(axis=0)
    variance = _mean_square(by_image, axis=0) / images
    parts = [(variance, images - 1)]
    first = np.zeros((3, *estimate.shape))  # components of the replicates' own factor
    first[1] = variance * images
    for number, one in enumerate((values, *crossed)):
        levels = one.shape[1]
        if levels == 1:
            continue
        by_level = one.mean(axis=0)
        residual = one - by_level - by_image[:, None] + estimate
        level, image = images * _mean_square(by_level, axis=0), levels * _mean_square(by_image, axis=0)
        rest = (residual**2).sum(axis=(0, 1)) / ((levels - 1) * max(images - 1, 1))
        rest = np.where(rest > NOTHING, rest, 0.0)
        above, size = level > rest, levels * images
        variance = variance + above * (level - rest) / size
        parts += [(above * level / size, levels - 1)]
        coefficient = -above.astype(float)
        if not number:
            first = np.stack([np.maximum(level - rest, 0) / images, np.maximum(image - rest, 0) / levels, rest])
            below = image < rest  # the image's component is 0: the residual's mean square stands for both
            variance = variance + below * (rest - image) / size
            parts[0] = (parts[0][0] * ~below, images - 1)
            coefficient = coefficient + below
        parts += [(coefficient * rest / size, (levels - 1) * max(images - 1, 1))]
    squares = np.sum([part**2 / max(df, 1) for part, df in parts], axis=0)
    df = np.where(variance > 0, variance**2 / np.where(squares > 0, squares, 1.0), max(images - 1, 1))
    error = np.sqrt(variance)
    half = t.ppf((1 + confidence) / 2, df) * error
    size = np.abs(estimate) / np.where(error > 0, error, 1.0)
    p = np.where(error > 0, 2 * t.sf(size, df), np.abs(estimate) <= NOTHING)
    fields = (estimate, np.stack([estimate - half, estimate + half]), p, df, *np.sqrt(first))
    return Effects(*(np.asarray(one, np.float64) for one in fields))


def _mean_square(values: Float[np.ndarray, "n *c"], axis: int) -> Float[np.ndarray, " *c"]:
    """The variance with n - 1, 0 of one value; what rounding alone makes is 0 too."""
    if len(values) < 2:
        return np.zeros(values.shape[1:])
    found = values.var(axis=axis, ddof=1)
    return np.where(found > NOTHING, found, 0.0)


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
