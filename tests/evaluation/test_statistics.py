"""Intervals and tests: against other programs' values, and against what they promise on made-up data."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from clip_italian.evaluation import statistics
from clip_italian.evaluation.study.comparisons import effect, pair_seeds
from tests.helpers.golden_values import load

GOLDEN = load("statistics")
DIFFERENCES = (GOLDEN["first"] - GOLDEN["second"])[:, None]


def test_the_bootstrap_interval_agrees_with_scipys() -> None:
    samples = statistics.bootstrap(DIFFERENCES, np.ones(len(DIFFERENCES)), 10_000, (0,))
    low, high = statistics.interval(samples, 0.95)[:, 0]
    # Two Monte Carlo estimates of the same quantiles: their error is about 2 % of the interval's width.
    assert [low, high] == pytest.approx(GOLDEN["expected"]["ci95_percentile"], abs=1.5e-3)


def test_the_sign_flip_test_gives_the_least_p_where_no_permutation_is_as_extreme() -> None:
    (p,) = statistics.sign_flip(DIFFERENCES, 20_000, (0,))
    assert p == pytest.approx(GOLDEN["expected"]["p_signflip_20000"], rel=1e-12)


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    assert statistics.mcnemar(*GOLDEN["expected"]["mcnemar_b_c"]) == pytest.approx(GOLDEN["expected"]["p_mcnemar_exact"])
    assert statistics.mcnemar(0, 0) == 1.0


def test_holm_and_benjamini_hochberg_agree_with_the_worked_example_in_any_order() -> None:
    p = np.array(GOLDEN["multiplicity"]["p"])
    order = np.array([3, 0, 4, 1, 2])
    for correction, key in ((statistics.holm, "adjusted"), (statistics.benjamini_hochberg, "bh")):
        expected = np.array(GOLDEN["multiplicity"][key])
        assert correction(p) == pytest.approx(expected)
        assert correction(p[order]) == pytest.approx(expected[order])


def test_sign_flip_p_values_are_uniform_when_nothing_differs() -> None:
    differences = np.random.default_rng(3).normal(size=(60, 400))
    p = statistics.sign_flip(differences, 499, (4,))
    # Kolmogorov-Smirnov distance at the 0.1 % level for 400 values.
    assert np.abs(np.sort(p) - np.arange(1, 401) / 400).max() < 1.95 / np.sqrt(400)
    assert p.min() >= 1 / 500


def test_the_interval_over_pictures_covers_the_truth_as_often_as_it_says() -> None:
    rng, covered, trials = np.random.default_rng(5), 0, 150
    for trial in range(trials):
        picture = rng.normal(size=80)  # what the captions of a picture share
        sums = np.stack([3 * picture + rng.normal(size=(3, 80)).sum(axis=0)], axis=1)
        low, high = statistics.interval(statistics.bootstrap(sums, np.full(80, 3.0), 400, (trial,)), 0.95)[:, 0]
        covered += low <= 0 <= high
    assert 0.88 <= covered / trials <= 0.99


def test_ignoring_the_pictures_makes_the_interval_too_narrow() -> None:
    rng = np.random.default_rng(6)
    gains = np.repeat(rng.normal(size=100), 5)[:, None] + 0.3 * rng.normal(size=(500, 1))
    by_picture = statistics.per_image(gains, np.repeat(np.arange(100), 5), 100)
    widths = [
        np.ptp(statistics.interval(statistics.bootstrap(sums, counts, 500, (7,)), 0.95))
        for sums, counts in ((by_picture, np.full(100, 5.0)), (gains, np.ones(500)))
    ]
    assert widths[0] > 1.5 * widths[1]


# Shares of the variance of the mean: of replicates, images and what is left.
MIXES = {"replicates": (0.99, 0.005, 0.005), "mostly": (0.85, 0.1, 0.05), "all": (0.5, 0.3, 0.2), "images": (0.0, 0.8, 0.2)}
MIXES["residual"] = (0.0, 0.0, 1.0)
DRAWS, IMAGES = 10_000, 100
NOISE = 2.5 * np.sqrt(0.05 * 0.95 / DRAWS)  # of a share of that many draws that is 0.05: half a point
# What the interval reaches over all mixes with normal effects, in 200,000 draws (statistics.random_effects).
REACHED = {2: (0.939, 0.979), 3: (0.949, 0.972), 5: (0.949, 0.965)}


def drawn(mix: tuple[float, ...], replicates: int) -> np.ndarray:
    """Values [images, replicates, draws] of mean 0 and of known components."""
    rng = np.random.default_rng([replicates, *(int(1000 * share) for share in mix)])
    sizes = [(1, replicates, DRAWS), (IMAGES, 1, DRAWS), (IMAGES, replicates, DRAWS)]
    counts = (replicates, IMAGES, replicates * IMAGES)
    parts = [np.sqrt(share * n) * rng.normal(size=size) for share, n, size in zip(mix, counts, sizes, strict=True)]
    return parts[0] + parts[1] + parts[2]


@pytest.mark.parametrize("replicates", REACHED)
@pytest.mark.parametrize("mix", MIXES)
def test_intervals_over_replicates_and_images_cover_the_truth_and_tests_keep_their_size(mix: str, replicates: int) -> None:
    found = statistics.random_effects(drawn(MIXES[mix], replicates), 0.95)
    covered = (found.interval[0] <= 0) & (found.interval[1] >= 0)
    least, most = REACHED[replicates]
    assert least - NOISE <= covered.mean() <= most + NOISE
    assert ((found.p < 0.05) == ~covered).all()


def test_an_interval_over_draws_of_another_factor_covers_the_truth_too() -> None:
    rng, levels = np.random.default_rng(14), 3
    shifts = rng.normal(size=(2, levels, DRAWS))  # of seeds, and of draws of training images
    values = 0.3 * rng.normal(size=(IMAGES, levels, DRAWS)) + rng.normal(size=(IMAGES, 1, DRAWS))
    by_seed = values + shifts[0] + shifts[1].mean(axis=0)
    by_draw = values.mean(axis=1, keepdims=True) + shifts[1] + shifts[0].mean(axis=0)
    shares = []
    for crossed in ((), (by_draw,)):
        low, high = statistics.random_effects(by_seed, 0.95, *crossed).interval
        shares.append(((low <= 0) & (high >= 0)).mean())
    assert shares[0] < 0.93 and shares[1] + NOISE >= 0.95


@pytest.mark.parametrize("confidence", [0.5, 0.95, 1 - 1e-9])
def test_p_is_that_of_the_interval_that_touches_0(confidence: float) -> None:
    values = drawn(MIXES["all"], 3)[..., :20]
    low, _ = statistics.random_effects(values, confidence).interval
    assert statistics.random_effects(values - low, 0.95).p == pytest.approx(1 - confidence, rel=1e-6)


def test_components_of_variance_are_those_that_were_drawn() -> None:
    found = statistics.random_effects(drawn(MIXES["all"], 5), 0.95)
    variances = [(getattr(found, name) ** 2).mean() for name in ("replicate", "image", "residual")]
    assert variances == pytest.approx([0.5 * 5, 0.3 * IMAGES, 0.2 * 5 * IMAGES], rel=0.1)


def test_an_interval_that_leaves_out_the_replicates_misses_the_truth() -> None:
    values = drawn(MIXES["mostly"], 5)
    low, high = statistics.random_effects(values.mean(axis=1, keepdims=True), 0.95).interval
    assert ((low <= 0) & (high >= 0)).mean() < 0.8


def test_an_interval_over_captions_rather_than_pictures_misses_the_truth() -> None:
    rng, captions, draws = np.random.default_rng(11), 5, 400
    values = np.repeat(drawn((0.0, 0.99, 0.01), 3)[..., :draws], captions, axis=0)
    values = values + 0.2 * values.std() * rng.normal(size=values.shape)
    image = np.repeat(np.arange(IMAGES), captions)
    sums = statistics.per_image(values.reshape(len(values), -1), image, IMAGES).reshape(IMAGES, 3, draws)
    by_image = statistics.linearised(sums, np.full((IMAGES, 1, 1), float(captions)))
    covered = []
    for one in (by_image, values):
        low, high = statistics.random_effects(one, 0.95).interval
        covered.append(((low <= 0) & (high >= 0)).mean())
    assert covered[0] >= 0.92 and covered[1] < 0.8


def test_a_ratio_of_sums_is_linearised_about_its_value() -> None:
    rng = np.random.default_rng(12)
    counts = rng.integers(1, 6, size=300).astype(float)
    sums = counts[:, None] * rng.random((300, 2))
    values = statistics.linearised(sums, counts[:, None])
    assert values.mean(axis=0) == pytest.approx(sums.sum(axis=0) / counts.sum())
    resampled = statistics.bootstrap(sums, counts, 4000, (1,))
    assert values.std(axis=0, ddof=1) / np.sqrt(300) == pytest.approx(resampled.std(axis=0), rel=0.05)


def test_one_replicate_gives_the_t_interval_over_pictures() -> None:
    values = np.random.default_rng(13).normal(0.3, 1, size=(40, 1))
    found, (low, high) = statistics.random_effects(values, 0.95), statistics.t_interval(values[:, 0].tolist(), 0.95)
    assert found.interval == pytest.approx(np.array([low, high])) and found.replicate == 0
    assert found.p == pytest.approx(ttest_1samp(values[:, 0], 0).pvalue)


def test_one_image_gives_the_t_interval_over_replicates() -> None:
    values = np.random.default_rng(13).normal(0.3, 1, size=(1, 5))
    found, expected = statistics.random_effects(values, 0.95), statistics.t_interval(values[0].tolist(), 0.95)
    assert found.interval == pytest.approx(np.array(expected))


def test_models_that_are_all_at_the_floor_do_not_differ() -> None:
    found = statistics.random_effects(np.zeros((20, 3)), 0.95)
    assert (found.interval == 0).all() and found.p == 1


@pytest.mark.parametrize("replicates", range(1, 7))
def test_a_difference_that_is_the_same_everywhere_has_the_least_p(replicates: int) -> None:
    found = statistics.random_effects(np.ones((20, replicates)), 0.95)
    assert (found.interval == 1).all() and found.p == pytest.approx(statistics.LEAST_P)


def test_the_same_seed_gives_the_same_resamples_and_another_gives_others() -> None:
    first, again, other = (statistics.bootstrap(DIFFERENCES, np.ones(400), 700, (seed,)) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_an_effect_is_judged_by_its_whole_interval() -> None:
    cases = {(0.01, 0.02): "above", (-0.02, -0.01): "below", (-0.004, 0.003): "within", (-0.02, 0.02): "unclear"}
    assert {interval: effect(np.array(interval), 0.005) for interval in cases} == cases


def test_a_model_with_one_seed_is_compared_with_every_seed_of_the_other() -> None:
    assert pair_seeds([0, 1, 2], [0]) == [(0, 0), (1, 0), (2, 0)]
    assert pair_seeds([0, 1], [0, 1]) == [(0, 0), (1, 1)]
