"""Chance levels: against random orders, and against cases that are counted by hand."""

import numpy as np
import pytest

from clip_italian.evaluation import chance, metrics
from clip_italian.evaluation.ranks import Relevant
from clip_italian.evaluation.scoring import Pairing


def test_chance_levels_are_the_means_over_random_orders() -> None:
    rng, items, relevant = np.random.default_rng(0), 30, np.array([1, 2, 7])
    orders = rng.random((20_000, items)).argsort(axis=1)  # the place of each item
    ranks = np.stack([orders[:, :count].min(axis=1) + 1 for count in relevant], axis=1).ravel()
    for metric in ("mrr@1", "mrr@10", "recall@5", "recall@10"):
        assert chance.level(metric, relevant, items) == pytest.approx(metrics.gains(ranks, metric).mean(), abs=0.006)


def test_one_relevant_item_is_found_at_every_place_alike() -> None:
    assert chance.classification(200, ["acc@1", "acc@10"]) == pytest.approx({"acc@1": 1 / 200, "acc@10": 10 / 200})
    assert chance.level("mrr@3", np.ones(5, np.int64), 10) == pytest.approx((1 + 1 / 2 + 1 / 3) / 10)


def test_all_is_found_where_the_places_are_as_many_as_the_items() -> None:
    assert chance.level("recall@10", np.array([1, 3]), 4) == 1
    assert chance.level("mrr@10", np.array([4]), 4) == 1


def test_each_direction_counts_its_own_relevant_items() -> None:
    truth = Pairing(4, np.array([0, 0, 2]), Relevant(np.array([0, 1, 3, 4]), np.array([0, 0, 1, 2])))
    names = [f"{direction}/{relevance}/mrr@1" for direction in ("text_to_image", "image_to_text") for relevance in ("own", "any")]
    assert chance.retrieval(truth, names) == pytest.approx(
        {
            "text_to_image/own/mrr@1": 1 / 4,
            "text_to_image/any/mrr@1": (1 + 2 + 1) / 3 / 4,
            "image_to_text/own/mrr@1": (2 / 3 + 1 / 3) / 2,  # of pictures 0 and 2; the others are no queries
            "image_to_text/any/mrr@1": (2 / 3 + 1 / 3) / 2,
        }
    )
