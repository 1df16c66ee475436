"""Zero-shot classification against published evaluators' own values; ties and equal labels."""

import numpy as np
import pytest

from clip_italian.evaluation import classification as zeroshot
from clip_italian.evaluation import metrics
from tests.helpers.golden_values import load, unit

CASES = load("classification")["cases"]
UNTIED = ["single_template", "ensemble3", "hundred_classes", "absent_class", "four_classes"]


def classes(case):
    """The ensembles, one row a different embedding, and which of them each class has."""
    texts, bears = np.unique(zeroshot.ensemble(unit(case["text"])), axis=0, return_inverse=True)
    return texts, bears


@pytest.mark.parametrize("name", UNTIED)
def test_accuracies_and_mean_per_class_recall_are_those_of_clip_benchmark_and_of_the_notebook_of_2021(name):
    case = CASES[name]
    ranks = zeroshot.rank_classes(unit(case["image"]), *classes(case), case["label"])
    assert (ranks.rank == ranks.pessimistic).all() and (ranks.rank == ranks.optimistic).all()
    for key, value in case["expected"].items():
        k = int(key.removeprefix("acc").removeprefix("top"))
        assert metrics.accuracy_at(ranks.rank, k) == pytest.approx(value, abs=1e-6), key
    recall = zeroshot.mean_per_class_recall(case["label"], ranks.predicted)
    assert recall == pytest.approx(case["mean_per_class_recall"], abs=1e-6)


def test_with_equal_labels_every_published_accuracy_lies_between_the_bounds():
    case = CASES["dup_labels"]
    texts, bears = classes(case)
    assert (len(texts), len(bears)) == (17, 20)
    ranks = zeroshot.rank_classes(unit(case["image"]), texts, bears, case["label"])
    assert (ranks.optimistic <= ranks.rank).all() and (ranks.rank <= ranks.pessimistic).all()
    for key, value in case["expected"].items():
        k = int(key.removeprefix("acc").removeprefix("top"))
        low, high = metrics.accuracy_at(ranks.pessimistic, k), metrics.accuracy_at(ranks.optimistic, k)
        assert low - 1e-6 <= value <= high + 1e-6, key
    assert metrics.accuracy_at(ranks.pessimistic, 1) < metrics.accuracy_at(ranks.rank, 1) < metrics.accuracy_at(ranks.optimistic, 1)


def test_classes_of_one_label_counted_as_one_class_earn_the_optimistic_accuracy_at_one():
    case = CASES["dup_labels"]
    texts, bears = classes(case)
    apart = zeroshot.rank_classes(unit(case["image"]), texts, bears, case["label"])
    merged = zeroshot.rank_classes(unit(case["image"]), texts, np.arange(len(texts)), bears[case["label"]])
    assert ((merged.rank == 1) == (apart.optimistic == 1)).all()
    assert (merged.rank <= apart.optimistic).all() and (merged.pessimistic == merged.optimistic).all()


def test_of_classes_with_one_label_the_lower_index_comes_first():
    texts, bears = np.eye(2, dtype=np.float32), np.array([0, 1, 0])
    ranks = zeroshot.rank_classes(np.array([[1, 0], [1, 0], [1, 0]], np.float32), texts, bears, np.array([0, 1, 2]))
    assert ranks.rank.tolist() == [1, 3, 2]
    assert ranks.pessimistic.tolist() == [2, 3, 2]
    assert ranks.optimistic.tolist() == [1, 3, 1]
    assert ranks.predicted.tolist() == [0, 0, 0]


def test_labels_that_are_one_string_are_one_label():
    assert zeroshot.distinct(["gru", "tinca", "gru"])[0] == ["gru", "tinca"]
    assert zeroshot.distinct(["gru", "tinca", "gru"])[1].tolist() == [0, 1, 0]


def test_many_pictures_are_ranked_as_few_are(monkeypatch):
    case = CASES["ensemble3"]
    whole = zeroshot.rank_classes(unit(case["image"]), *classes(case), case["label"])
    monkeypatch.setattr(zeroshot, "BLOCK", 7)
    parts = zeroshot.rank_classes(unit(case["image"]), *classes(case), case["label"])
    assert (whole.rank == parts.rank).all() and (whole.predicted == parts.predicted).all()


def test_a_class_without_pictures_is_left_out_of_the_mean_recall():
    assert zeroshot.mean_per_class_recall(np.array([0, 0, 2]), np.array([0, 1, 3])) == pytest.approx((1 / 2 + 0) / 2)


def test_mean_average_precision_is_that_of_clip_benchmark():
    case = CASES["multilabel"]
    scores = unit(case["image"]) @ zeroshot.ensemble(unit(case["text"])).T
    expected = case["mean_average_precision"]
    assert zeroshot.mean_average_precision(scores, case["truth"]) == pytest.approx(expected, abs=1e-6)


def test_a_class_that_no_picture_shows_counts_as_nothing_in_the_mean_average_precision():
    scores, truth = np.array([[0.9, 0.1], [0.2, 0.3]]), np.array([[1, 0], [0, 0]])
    assert zeroshot.mean_average_precision(scores, truth) == pytest.approx(0.5)
