"""Intervals and tests over test items and seeds, all from sums per image.

Two variances are kept apart: that of the test images and that of the training seeds. Captions of one image are not
independent, so images are what is resampled (a caption-wise interval would be about 1.5 times too narrow).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int

BLOCK = 500  # resamples drawn at once; bounds memory, changes no number


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


def over_seeds(samples: Float[np.ndarray, "resamples seeds *c"], seed: tuple[int, ...]) -> Float[np.ndarray, "resamples *c"]:
    """The mean over seeds with the seeds resampled too: the hierarchical bootstrap, seed then image.

    The seeds were tested on the same images, so one resample of images serves all seeds (a crossed design,
    not a nested one). With few seeds this still understates their variance, by (seeds - 1)/seeds; one seed
    contributes none.
    """
    resamples, seeds = samples.shape[:2]
    drawn = np.random.default_rng(seed).multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
    return np.einsum("rs,rs...->r...", drawn, samples)


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
