"""Intervals and tests: against other programs' values, and against what they promise on made-up data."""

import numpy as np
import pytest

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


def test_resampling_seeds_too_widens_the_interval_exactly_when_seeds_differ() -> None:
    samples = np.random.default_rng(8).normal(0, 0.01, size=(4000, 1, 1))
    equal = np.repeat(samples, 3, axis=1)
    apart = equal + np.array([-0.1, 0.0, 0.1])[:, None]
    width = [np.ptp(statistics.interval(statistics.over_seeds(one, (9,)), 0.95)) for one in (equal, apart)]
    assert width[0] == pytest.approx(np.ptp(statistics.interval(samples[:, 0], 0.95)))
    assert width[1] > 2 * width[0]


def test_the_same_seed_gives_the_same_resamples_and_another_gives_others() -> None:
    first, again, other = (statistics.bootstrap(DIFFERENCES, np.ones(400), 700, (seed,)) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_an_effect_is_judged_by_its_whole_interval() -> None:
    cases = {(0.01, 0.02): "above", (-0.02, -0.01): "below", (-0.004, 0.003): "within", (-0.02, 0.02): "unclear"}
    assert {interval: effect(np.array(interval), 0.005) for interval in cases} == cases


def test_a_model_with_one_seed_is_compared_with_every_seed_of_the_other() -> None:
    assert pair_seeds([0, 1, 2], [0]) == [(0, 0), (1, 0), (2, 0)]
    assert pair_seeds([0, 1], [0, 1]) == [(0, 0), (1, 1)]
