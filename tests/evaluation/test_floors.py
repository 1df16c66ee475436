"""Comparisons at the floor, and the direction that a corrected p decides."""

import pytest

from analysis.comparisons import words_of
from clip_italian import files, paths
from clip_italian.evaluation.study import comparisons

METRIC = "text_to_image/any/mrr@10"


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    intervals = {"nothing": [0.0, 0.0], "chance": [0.015, 0.03], "little": [0.021, 0.03]}
    models = {name: {"retrieval-seen": {"interval": {METRIC: interval}}} for name, interval in intervals.items()}
    files.write_json(paths.results("p", "retrieval"), {"chance": {"retrieval-seen": {METRIC: 0.02}}, "models": models})


@pytest.mark.parametrize(("model", "floor"), [("nothing", True), ("chance", True), ("little", False)])
def test_a_model_whose_interval_is_not_above_chance_is_at_the_floor(results, model, floor):
    assert comparisons.at_floor("p", model, f"retrieval-seen/{METRIC}") is floor


def test_the_direction_is_that_of_the_difference_where_the_corrected_p_decides_it():
    assert comparisons.direction(-0.015, 0.001, 0.05) == "lowers"
    assert comparisons.direction(0.015, 0.049, 0.05) == "raises"
    assert comparisons.direction(-0.015, 0.05, 0.05) is None


def test_a_sentence_lowers_perhaps_by_less_than_the_margin_only_where_the_corrected_p_decides():
    row = {"interval": [-0.026, -0.004], "effect": "unclear", "direction": "lowers"}
    told, untold = words_of(row, 0.5), words_of(row | {"direction": None}, 0.5)
    assert (told["verb"], told["hedge"]) == ("lowers", "perhaps by less than 0.5 points")
    assert (untold["verb"], untold["hedge"]) == ("has no clear effect on", "") and untold.keys() == told.keys()
