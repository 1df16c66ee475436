"""Ranks: the kernel against a sort by hand and against published evaluators' own values."""

import numpy as np
import pytest

from clip_italian.evaluation import metrics
from clip_italian.evaluation import ranks as kernel
from clip_italian.evaluation.ranks import Ranked, Relevant, ranks
from tests.helpers.golden_values import load, unit

RETRIEVAL = load("retrieval")["cases"]
CLASSIFICATION = load("classification")["cases"]


def embeddings(seed: int, rows: int, width: int = 8) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(rows, width))).astype(np.float32)


def random_relevant(seed: int, queries: int, gallery: int) -> Relevant:
    rng = np.random.default_rng(seed)
    rows = [rng.choice(gallery, size=rng.integers(1, 5), replace=False) for _ in range(queries)]
    return Relevant(np.cumsum([0, *map(len, rows)]), np.concatenate(rows))


def ranks_by_sorting(queries: np.ndarray, gallery: np.ndarray, relevant: Relevant) -> list[int]:
    order = np.argsort(-(queries.astype(float) @ gallery.astype(float).T), axis=1)
    mask = relevant.mask(0, len(queries), len(gallery))
    return [int(np.flatnonzero(mask[i, order[i]])[0]) + 1 for i in range(len(queries))]


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_ranks_equal_those_of_a_full_sort_whatever_the_block(block: int) -> None:
    queries, gallery, relevant = embeddings(0, 150), embeddings(1, 90), random_relevant(2, 150, 90)
    rank, lower_index, optimistic = ranks(queries, gallery, relevant, block)
    assert rank.tolist() == ranks_by_sorting(queries, gallery, relevant)
    assert (rank == lower_index).all() and (rank == optimistic).all()


def test_a_large_gallery_is_scored_by_fewer_queries_at_a_time_to_the_same_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, gallery, relevant = embeddings(0, 150), embeddings(1, 90), random_relevant(2, 150, 90)
    monkeypatch.setattr(kernel, "SCORES", 90 * 20)
    monkeypatch.setattr(kernel, "FEWEST", 1)
    sizes = []
    counted = kernel._score_and_count
    monkeypatch.setattr(kernel, "_score_and_count", lambda *given: sizes.append(len(given[0])) or counted(*given))
    rank = ranks(queries, gallery, relevant, 64).pessimistic
    assert set(sizes) == {20} and rank.tolist() == ranks_by_sorting(queries, gallery, relevant)
    monkeypatch.setattr(kernel, "FEWEST", 30)
    assert ranks(queries, gallery, relevant, 64)[0].tolist() == rank.tolist() and set(sizes) == {20, 30}


def test_an_item_that_is_listed_twice_counts_once() -> None:
    gallery = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    once, twice = Relevant(np.array([0, 1]), np.array([0])), Relevant(np.array([0, 2]), np.array([0, 0]))
    assert ranks(gallery[:1], gallery, twice, 8) == ranks(gallery[:1], gallery, once, 8) == (2, 1, 1)


def test_more_relevant_items_never_make_a_rank_worse() -> None:
    queries, gallery = embeddings(0, 100), embeddings(1, 50)
    owner = np.arange(100) % 50
    true = np.stack([owner, (owner + 7) % 50], axis=1).ravel()
    own = ranks(queries, gallery, Relevant.single(owner), 32).pessimistic
    any_true = ranks(queries, gallery, Relevant(2 * np.arange(101), true), 32).pessimistic
    assert (own >= any_true).all() and (own > any_true).any()


def test_ties_count_against_the_query_or_by_their_index_or_not_at_all() -> None:
    gallery = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    ranked = ranks(gallery[:1], gallery, Relevant.single(np.array([1])), 8)
    assert (ranked.pessimistic, ranked.lower_index, ranked.optimistic) == (3, 2, 1)
    assert ranked.by("pessimistic") == 3 and ranked.by("lower_index") == 2


def test_equal_rows_of_the_gallery_have_exactly_equal_scores_wherever_they_lie() -> None:
    for size, width in ((37, 63), (1000, 512)):
        gallery, order = embeddings(0, size, width), np.random.default_rng(1).permutation(size)
        copies, originals = order[: size // 3], order[size // 3 : 2 * (size // 3)]
        gallery[copies] = gallery[originals]
        ranked = ranks(embeddings(2, len(copies), width), gallery, Relevant.single(copies), 64)
        assert (ranked.pessimistic - ranked.optimistic == 1).all()
        assert (ranked.lower_index - ranked.optimistic == (originals < copies)).all()


def test_relevant_items_that_tie_do_not_count_against_each_other() -> None:
    gallery = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert ranks(gallery[:1], gallery, Relevant(np.array([0, 2]), np.array([0, 1])), 8) == (1, 1, 1)


def test_a_collapsed_model_earns_the_last_rank() -> None:
    same = np.ones((20, 4), np.float32) / 2
    ranked = ranks(same, same, Relevant.single(np.arange(20)), 8)
    assert (ranked.pessimistic == 20).all() and (ranked.lower_index == np.arange(20) + 1).all()


def test_a_query_without_relevant_items_is_refused() -> None:
    with pytest.raises(ValueError, match="every query needs"):
        ranks(embeddings(0, 2), embeddings(1, 3), Relevant(np.array([0, 1, 1]), np.array([2])), 8)


def test_transposing_relevance_twice_gives_it_back() -> None:
    relevant = random_relevant(3, 40, 30)
    back = relevant.transposed(30).transposed(40)
    assert (back.mask(0, 40, 30) == relevant.mask(0, 40, 30)).all()
    assert (relevant.transposed(30).mask(0, 30, 40) == relevant.mask(0, 40, 30).T).all()


def both_directions(case: dict) -> tuple[Ranked, Ranked]:
    image, text, relevant = unit(case["image"]), unit(case["text"]), Relevant.single(case["owner"])
    return ranks(text, image, relevant, 64), ranks(image, text, relevant.transposed(len(image)), 64)


@pytest.mark.parametrize("name", ["one_caption", "five_captions", "ragged_captions", "tiny"])
def test_recalls_are_those_of_clip_benchmark(name: str) -> None:
    (to_image, *_), (to_text, *_) = both_directions(RETRIEVAL[name])
    for key, value in RETRIEVAL[name]["expected"].items():
        found = metrics.recall_at(to_image if key.startswith("image") else to_text, int(key.split("@")[1]))
        assert found == pytest.approx(value, abs=1e-6), key


def test_recalls_with_ties_lie_between_our_bounds() -> None:
    case = RETRIEVAL["ties"]
    # Equal rows may differ in a score's last bit, and programs break ties their own way: only bounds can be asserted.
    image, text = unit(case["image"]), unit(case["text"])
    scores = np.round(text.astype(float) @ image.astype(float).T, 5)
    for key, value in case["expected"].items():
        own, matrix = (case["owner"], scores) if key.startswith("image") else (None, scores.T)
        positive = matrix[np.arange(len(matrix)), own] if own is not None else _best_own(matrix, case["owner"])
        better = (matrix > positive[:, None]).sum(axis=1)
        equal = (matrix >= positive[:, None]).sum(axis=1)
        k = int(key.split("@")[1])
        assert (equal <= k).mean() - 1e-6 <= value <= (better < k).mean() + 1e-6, key


def _best_own(matrix: np.ndarray, owner: np.ndarray) -> np.ndarray:
    return np.array([row[owner == index].max() for index, row in enumerate(matrix)])


def test_mrr_is_that_of_the_notebook_of_2021() -> None:
    case = RETRIEVAL["mrr_small"]
    (to_image, *_), (to_text, *_) = both_directions(case)
    for k in (1, 5, 10):
        assert metrics.mrr_at(to_image, k) == pytest.approx(case["expected"][f"MRR@{k}"], abs=1e-6)
        assert metrics.recall_at(to_image, k) == pytest.approx(case["expected"][f"hits@{k}"], abs=1e-6)
    assert metrics.recall_at(to_text, 1) == pytest.approx(case["expected"]["i2t_R@1"], abs=1e-6)
    assert metrics.median_rank(to_image) == case["expected"]["MedR"]
    assert to_image.mean() == pytest.approx(case["expected"]["MeanR"], abs=1e-6)


@pytest.mark.parametrize("name", ["single_template", "ensemble3", "absent_class", "four_classes"])
def test_accuracies_are_those_of_clip_benchmark_and_of_the_notebook_of_2021(name: str) -> None:
    case = CLASSIFICATION[name]
    classes = unit(unit(case["text"]).mean(axis=1))
    rank = ranks(unit(case["image"]), classes, Relevant.single(case["label"]), 128).pessimistic
    for key, value in case["expected"].items():
        k = int(key.removeprefix("acc").removeprefix("top"))
        assert metrics.accuracy_at(rank, k) == pytest.approx(value, abs=1e-6), key


def test_accuracies_with_repeated_labels_lie_between_our_bounds() -> None:
    case = CLASSIFICATION["dup_labels"]
    classes = unit(unit(case["text"]).mean(axis=1))
    low, stated, high = ranks(unit(case["image"]), classes, Relevant.single(case["label"]), 128)
    for key, value in case["expected"].items():
        k = int(key.removeprefix("acc").removeprefix("top"))
        assert metrics.accuracy_at(low, k) - 1e-6 <= value <= metrics.accuracy_at(high, k) + 1e-6, key
    assert metrics.accuracy_at(low, 1) < metrics.accuracy_at(stated, 1) < metrics.accuracy_at(high, 1)
