"""What holds for every input of ranks and metrics, searched for by hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_italian.evaluation import classification, metrics
from clip_italian.evaluation.ranks import Relevant, ranks

QUERIES, GALLERY, WIDTH = 6, 9, 4  # of one size, so that the kernel compiles once
searched = settings(max_examples=60, deadline=None, derandomize=True)  # the same examples in every run
SEEDS = st.integers(0, 2**32 - 1)
RELEVANCE = st.lists(st.integers(0, 3), min_size=1, max_size=30).map(np.array)
RANKS = st.lists(st.integers(1, 500), min_size=1, max_size=40).map(np.array)
K = st.integers(1, 40)


def case(seed: int) -> tuple[np.ndarray, np.ndarray, Relevant]:
    """Whole numbers, whose products are exact: scores are equal where they should be, and often are."""
    rng = np.random.default_rng(seed)
    queries, gallery = (rng.integers(-2, 3, (n, WIDTH)).astype(np.float32) for n in (QUERIES, GALLERY))
    rows = [rng.choice(GALLERY, rng.integers(1, 4), replace=False) for _ in range(QUERIES)]
    return queries, gallery, Relevant(np.cumsum([0, *map(len, rows)]), np.concatenate(rows))


@searched
@given(SEEDS)
def test_ranks_lie_between_one_and_the_gallery_s_size_and_so_do_their_bounds(seed):
    queries, gallery, relevant = case(seed)
    low, stated, high = ranks(queries, gallery, relevant, QUERIES)
    irrelevant = GALLERY - np.diff(relevant.indptr)
    assert (high >= 1).all() and (high <= stated).all() and (stated <= low).all() and (low <= irrelevant + 1).all()


@searched
@given(SEEDS, SEEDS)
def test_ranks_do_not_depend_on_the_order_of_the_gallery_nor_on_that_of_the_queries(seed, order):
    queries, gallery, relevant = case(seed)
    rng = np.random.default_rng(order)
    items, asked = rng.permutation(GALLERY), rng.permutation(QUERIES)
    moved = relevant.of(asked)
    moved = Relevant(moved.indptr, np.argsort(items)[moved.indices])
    ranked, again = ranks(queries, gallery, relevant, QUERIES), ranks(queries[asked], gallery[items], moved, QUERIES)
    assert (again.pessimistic == ranked.pessimistic[asked]).all() and (again.optimistic == ranked.optimistic[asked]).all()


@searched
@given(SEEDS, st.lists(st.integers(-6, 6), min_size=QUERIES, max_size=QUERIES))
def test_ranks_do_not_change_when_queries_are_scaled_each_by_its_own_factor(seed, exponents):
    queries, gallery, relevant = case(seed)
    scaled = queries * np.float32(2) ** np.array(exponents, np.float32)[:, None]
    for one, other in zip(ranks(queries, gallery, relevant, 6), ranks(scaled, gallery, relevant, 6), strict=True):
        assert (one == other).all()


@searched
@given(SEEDS)
def test_the_rule_of_the_lower_index_is_that_of_a_stable_sort(seed):
    queries, gallery, relevant = case(seed)
    order = np.argsort(-(queries @ gallery.T), axis=1, kind="stable")
    hit = np.take_along_axis(relevant.mask(0, QUERIES, GALLERY), order, axis=1)
    wrong_before = np.cumsum(~hit, axis=1)[np.arange(QUERIES), hit.argmax(axis=1)]
    assert (ranks(queries, gallery, relevant, QUERIES).lower_index == wrong_before + 1).all()


@searched
@given(RANKS, K, K)
def test_metrics_of_ranks_are_shares_that_never_fall_as_the_cutoff_grows(found, one, other):
    low, high = sorted((one, other))
    for metric in (metrics.mrr_at, metrics.recall_at, metrics.accuracy_at):
        assert 0 <= metric(found, low) <= metric(found, high) <= 1
    assert metrics.mrr_at(found, high) <= metrics.recall_at(found, high)


@searched
@given(RELEVANCE, K)
def test_metrics_of_a_list_are_shares_and_its_best_order_earns_the_most(relevance, k):
    best = -np.sort(-relevance)
    several = (metrics.precision_at, metrics.hit_at, metrics.ndcg_at)
    for metric in several:
        assert 0 <= metric(relevance, k) <= metric(best, k) <= 1 + 1e-12
    for metric in (metrics.average_precision, metrics.reciprocal_rank, metrics.r_precision):
        assert 0 <= metric(relevance) <= metric(best) <= 1
    for method in (0, 1):
        assert metrics.dcg_at(relevance, k, method) <= metrics.dcg_at(best, k, method) + 1e-9


@searched
@given(RELEVANCE, st.integers(1, 9), K)
def test_ndcg_does_not_depend_on_the_scale_of_relevance_and_dcg_is_proportional_to_it(relevance, factor, k):
    one, other = metrics.ndcg_at(relevance, k), metrics.ndcg_at(relevance * factor, k)
    assert other == pytest.approx(one, abs=1e-12)
    whole = metrics.dcg_at(relevance, k)
    assert metrics.dcg_at(relevance * factor, k) == pytest.approx(factor * whole)


@searched
@given(SEEDS, SEEDS)
def test_mean_average_precision_does_not_depend_on_the_order_of_pictures_or_of_classes(seed, order):
    rng, mixed = np.random.default_rng(seed), np.random.default_rng(order)
    scores, truth = rng.permutation(40).reshape(10, 4) / 40, rng.integers(2, size=(10, 4))
    rows, columns = mixed.permutation(10), mixed.permutation(4)
    whole = classification.mean_average_precision(scores, truth)
    assert 0 <= whole <= 1
    assert classification.mean_average_precision(scores[rows][:, columns], truth[rows][:, columns]) == pytest.approx(whole)
