"""Zero-shot classification against published evaluators' own values; ties and equal labels."""

import numpy as np
import pytest

from clip_italian.evaluation import classification
from clip_italian.evaluation.scoring import score
from tests.helpers.golden_values import load, unit

CASES = load("classification")["cases"]
UNTIED = ["single_template", "ensemble3", "hundred_classes", "absent_class", "four_classes"]
ACC = "acc@{}"


def classes(case):
    """The vector of each class."""
    return classification.ensemble(unit(case["text"]))


def scored(case, ties):
    names = {key: ACC.format(int(key.removeprefix("acc").removeprefix("top"))) for key in case["expected"]}
    found = score(case["label"], unit(case["image"]), classes(case), [*names.values(), "acc@1", "mean_per_class_recall"], ties)
    return names, found


@pytest.mark.parametrize("name", UNTIED)
def test_accuracies_and_mean_per_class_recall_are_those_of_clip_benchmark_and_of_the_notebook_of_2021(name):
    case = CASES[name]
    for ties in ("pessimistic", "lower_index"):
        names, found = scored(case, ties)
        for key, value in case["expected"].items():
            assert found.metrics[names[key]] == pytest.approx(value, abs=1e-6), key
            assert found.bounds[names[key]] == (found.metrics[names[key]], found.metrics[names[key]])
        assert found.metrics["mean_per_class_recall"] == pytest.approx(case["mean_per_class_recall"], abs=1e-6)


def test_with_equal_labels_every_published_accuracy_lies_between_the_bounds():
    case = CASES["dup_labels"]
    names, found = scored(case, "lower_index")
    for key, value in case["expected"].items():
        low, high = found.bounds[names[key]]
        assert low - 1e-6 <= value <= high + 1e-6, key
    low, high = found.bounds["acc@1"]
    assert low < found.metrics["acc@1"] < high
    assert scored(case, "pessimistic")[1].metrics["acc@1"] == low


def test_of_classes_with_one_label_the_lower_index_comes_first_or_both_count_against_the_model():
    image, text = np.array([[1, 0], [1, 0], [1, 0]], np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0]]
    for ties, ranks, recall in (("lower_index", [1, 3, 2], 1 / 3), ("pessimistic", [2, 3, 2], 0)):
        found = score(np.array([0, 1, 2]), image, text, ["acc@1", "mean_per_class_recall"], ties)
        assert found.items["rank"].tolist() == ranks
        assert found.items["pessimistic"].tolist() == [2, 3, 2] and found.items["optimistic"].tolist() == [1, 3, 1]
        assert found.metrics["mean_per_class_recall"] == pytest.approx(recall)
        assert found.bounds["mean_per_class_recall"] == pytest.approx((0, 2 / 3))


def test_labels_that_are_one_string_are_one_label():
    assert classification.distinct(["gru", "tinca", "gru"])[0] == ["gru", "tinca"]
    assert classification.distinct(["gru", "tinca", "gru"])[1].tolist() == [0, 1, 0]


def test_a_class_without_images_is_left_out_of_the_mean_recall():
    label, predicted = np.array([0, 0, 2]), np.array([0, 1, 3])
    assert classification.recall_gains(label, label == predicted).mean() == pytest.approx((1 / 2 + 0) / 2)


def test_mean_average_precision_is_that_of_clip_benchmark():
    case = CASES["multilabel"]
    found = score(case["truth"], unit(case["image"]), classes(case), ["mean_average_precision"], "lower_index")
    assert found.metrics["mean_average_precision"] == pytest.approx(case["mean_average_precision"], abs=1e-6)
    assert found.bounds["mean_average_precision"] == pytest.approx([found.metrics["mean_average_precision"]] * 2)


def test_ties_bound_the_mean_average_precision():
    image, truth = np.ones((2, 1), np.float32), np.array([[0], [1]])
    found = score(truth, image, np.ones((1, 1), np.float32), ["mean_average_precision"], "lower_index")
    assert found.metrics["mean_average_precision"] == 0.5 and found.bounds["mean_average_precision"] == (0.5, 1)


def test_a_class_that_no_image_shows_counts_as_nothing_in_the_mean_average_precision():
    scores, truth = np.array([[0.9, 0.1], [0.2, 0.3]]), np.array([[1, 0], [0, 0]])
    assert classification.mean_average_precision(scores, truth) == pytest.approx(0.5)
