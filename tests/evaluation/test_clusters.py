"""Captions of one picture stay together: five captions that are found alike tell no more than one."""

import numpy as np
import pytest

from clip_italian import config, paths
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import comparisons, summary
from clip_italian.evaluation.study.settings import EvaluationSettings
from tests.helpers import synthetic_study

IMAGES, SEEDS, ENDPOINT = 40, 3, "retrieval-seen/text_to_image/own/recall@1"


@pytest.fixture(scope="module")
def settings():
    return config.parse(EvaluationSettings, synthetic_study.EVALUATION, synthetic_study.PROFILE)


def ranks(model, seed):
    return np.random.default_rng([model, seed]).integers(1, 3, size=IMAGES)


@pytest.mark.parametrize("part", ["interval", "item_interval"])
def test_a_results_interval_is_no_narrower_for_captions_that_are_found_alike(settings, part):
    widths = []
    for captions in (1, 5):
        image = np.repeat(np.arange(IMAGES), captions)
        cells = {"full": {s: [summary.Gains(image, ("recall@1",), (ranks(0, s)[image] == 1)[:, None] * 1.0)] for s in range(SEEDS)}}
        widths.append(np.ptp(summary.summarise(cells, IMAGES, settings, 0)["full"][part]["recall@1"]))
    assert widths[1] == pytest.approx(widths[0], rel=1e-4) and widths[0] > 0


def test_neither_is_that_of_a_comparison(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models = {"full": [*range(SEEDS)], "original": [*range(SEEDS)]}
    rows = []
    for captions in (1, 5):
        image = np.repeat(np.arange(IMAGES), captions)
        for number, model in enumerate(models):
            for seed in range(SEEDS):
                items = {"text_to_image/own": ranks(number, seed)[image], "text_to_image/image": image}
                arrays.write(paths.ranks("made_up", "retrieval", model, seed, "retrieval-seen"), **items)
        rows += comparisons.compare("made_up", ENDPOINT, [("full", "original")], models, settings)
    for key in ("interval", "item_interval", "p"):
        assert rows[1][key] == pytest.approx(rows[0][key], rel=1e-4, abs=2e-6)
    assert np.ptp(rows[0]["interval"]) > 0


def test_a_comparison_of_seeds_that_differ_is_less_sure_than_one_given_the_trained_models(settings):
    rng = np.random.default_rng(2)
    shift = {("full", seed): 0.2 * seed for seed in range(SEEDS)}
    hits = {
        (model, seed): rng.random(IMAGES) + shift.get((model, seed), 0.0) for model in ("full", "original") for seed in range(SEEDS)
    }
    read = {key: (value, np.ones(IMAGES)) for key, value in hits.items()}
    pairs, models = [("full", "original")], {"full": [*range(SEEDS)], "original": [*range(SEEDS)]}
    (row,) = comparisons.between(read, ENDPOINT, pairs, models, settings)
    assert np.ptp(row["interval"]) > 3 * np.ptp(row["item_interval"]) and row["p"] > 0.05
    assert row["components"]["replicate"] == pytest.approx(0.2, abs=0.06)
