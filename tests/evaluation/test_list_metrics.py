"""Metrics of one ranked list against docarray's own values."""

import re
from typing import Any

import numpy as np
import pytest

from clip_italian.evaluation import metrics
from tests.helpers.golden_values import load

CASES = load("relevance")["cases"]
KEY = re.compile(r"(\w+?)(?:_at_k)?(?:\[(\w+)(?:,method=(\d))?\])?")


def value(key: str, relevance: np.ndarray) -> float:
    """Our value of a metric by docarray's name, such as `ndcg_at_k[3,method=1]`."""
    match = KEY.fullmatch(key)
    assert match
    name, k, method = match.groups()
    options: dict[str, Any] = {} if k is None else {"k": None if k == "None" else int(k)}
    options |= {} if method is None else {"method": int(method)}
    if name in ("recall", "f1_score"):
        options["relevant"] = max(1, int(np.count_nonzero(relevance)))
    function = {"f1_score": "f1_at", "recall": "list_recall_at"}.get(name, name if k is None else f"{name}_at")
    return getattr(metrics, function)(relevance, **options)


@pytest.mark.parametrize("name", CASES)
def test_every_metric_of_a_list_is_docarray_s(name):
    relevance = np.array(CASES[name]["relevance"])
    assert len(CASES[name]["expected"]) == 43
    for key, expected in CASES[name]["expected"].items():
        assert value(key, relevance) == pytest.approx(expected, abs=1e-6), key


def test_an_empty_list_earns_nothing():
    empty = np.zeros(0)
    for metric in (metrics.precision_at, metrics.hit_at, metrics.average_precision, metrics.reciprocal_rank, metrics.r_precision):
        assert metric(empty) == 0
    assert metrics.dcg_at(empty) == metrics.ndcg_at(empty) == metrics.list_recall_at(empty, 3) == metrics.f1_at(empty, 3) == 0


def test_with_one_hit_average_precision_is_the_reciprocal_rank():
    for place in range(5):
        relevance = np.eye(5, dtype=int)[place]
        assert metrics.average_precision(relevance) == metrics.reciprocal_rank(relevance) == 1 / (place + 1)


@pytest.mark.parametrize("k", [0, -1])
def test_a_cutoff_below_one_is_refused(k):
    with pytest.raises(ValueError, match=f"k is {k}"):
        metrics.precision_at(np.ones(3), k)


def test_a_list_with_more_hits_than_there_are_relevant_items_is_refused():
    with pytest.raises(ValueError, match="2 relevant items in the list and 1 altogether"):
        metrics.list_recall_at(np.array([1, 1, 0]), 1)
    with pytest.raises(ValueError, match="method is 2"):
        metrics.dcg_at(np.ones(2), method=2)
