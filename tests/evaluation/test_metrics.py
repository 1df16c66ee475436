"""Metrics on ranks."""

import numpy as np
import pytest

from clip_italian.evaluation import metrics

RANKS = np.array([1, 2, 3, 11, 100])


def test_mrr_at_one_equals_recall_at_one() -> None:
    ranks = np.random.default_rng(0).integers(1, 5, size=200)
    assert metrics.mrr_at(ranks, 1) == metrics.recall_at(ranks, 1)


def test_mrr_counts_nothing_beyond_the_cutoff() -> None:
    assert metrics.mrr_at(RANKS, 2) == pytest.approx((1 + 1 / 2) / 5)
    assert metrics.mrr_at(RANKS, 11) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 11) / 5)


def test_metrics_never_fall_as_the_cutoff_grows() -> None:
    ranks = np.random.default_rng(1).integers(1, 300, size=500)
    for metric in (metrics.mrr_at, metrics.recall_at, metrics.accuracy_at):
        values = [metric(ranks, k) for k in (1, 5, 10, 100)]
        assert values == sorted(values)


def test_perfect_ranks_earn_one_under_every_metric() -> None:
    for name in ("mrr@1", "mrr@10", "recall@5", "acc@100"):
        assert metrics.gains(np.ones(3, int), name).tolist() == [1, 1, 1]


def test_gains_average_to_the_metric_of_that_name() -> None:
    assert metrics.gains(RANKS, "mrr@5").mean() == metrics.mrr_at(RANKS, 5)
    assert metrics.gains(RANKS, "recall@5").mean() == metrics.recall_at(RANKS, 5)
    assert metrics.gains(RANKS, "acc@10").mean() == metrics.accuracy_at(RANKS, 10)


def test_the_median_rank_is_the_middle_one() -> None:
    assert metrics.median_rank(RANKS) == 3
    assert metrics.median_rank(np.array([1, 2, 4, 9])) == 3
