"""Few-shot curves: which pictures are drawn, what is learnt from them, and what is said of it."""

import dataclasses

import numpy as np
import pytest

from clip_italian.errors import InputError
from clip_italian.evaluation import few_shot, linear_probe
from clip_italian.evaluation.few_shot import FewShotSettings, drawn
from clip_italian.evaluation.settings import EvaluationSettings
from tests.test_linear_probe import SETTINGS, clouds

FEW = FewShotSettings(shots=[1, 2, 8], draws=3, seed=5)
TRAIN, VALID, TEST = (clouds(f"{name}.npz", seed, 20, spread=0.3) for seed, name in enumerate(("train", "valid", "test")))
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(5), [3, 9, 4, 30, 16]))


@pytest.fixture(scope="module")
def outcomes():
    return few_shot.curve(TRAIN, VALID, TEST, 4, SETTINGS, FEW)


@pytest.fixture(scope="module")
def points(outcomes):
    evaluation = EvaluationSettings.model_construct(seed=0, resamples=500, confidence=0.95)
    return few_shot.summarise(outcomes, TEST.labels, 4, evaluation, 0)


@pytest.mark.parametrize("shots", [1, 2, 3])
def test_a_draw_has_so_many_pictures_of_each_class(shots):
    places = drawn(LABELS, shots, 0, 0)
    assert np.array_equal(np.bincount(LABELS[places]), np.full(5, shots))
    assert len(np.unique(places)) == 5 * shots


def test_a_draw_is_a_function_of_its_seed_and_number():
    assert np.array_equal(drawn(LABELS, 2, 0, 1), drawn(LABELS, 2, 0, 1))
    assert not np.array_equal(drawn(LABELS, 2, 0, 1), drawn(LABELS, 2, 0, 2))
    assert not np.array_equal(drawn(LABELS, 2, 0, 1), drawn(LABELS, 2, 1, 1))


def test_fewer_shots_are_among_more():
    for draw in range(4):
        one, two, three = (set(drawn(LABELS, shots, 3, draw).tolist()) for shots in (1, 2, 3))
        assert one < two < three


def test_every_picture_of_a_class_is_as_likely_to_be_drawn():
    counts = np.bincount(np.concatenate([drawn(LABELS, 1, 0, draw) for draw in range(3000)]), minlength=len(LABELS))
    expected = 3000 / np.bincount(LABELS)[LABELS]
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert chi_squared < 110  # 57 degrees of freedom: far beyond the 99.9th percentile, 95


def test_a_curve_rises_with_what_is_learnt_from(points):
    one, two, eight = (points[str(shots)]["mean"]["acc@1"] for shots in FEW.shots)
    assert 0.25 < one < eight
    assert two < eight


def test_a_draws_probe_learns_from_the_drawn_pictures_alone(outcomes):
    one = outcomes[2][1]
    ready = linear_probe.prepared(TRAIN, VALID, TEST, 4)
    places = drawn(TRAIN.labels, 2, FEW.seed, 1)
    part = dataclasses.replace(ready[0], features=ready[0].features[places], labels=ready[0].labels[places])
    assert linear_probe.chosen(part, ready[1], 4, SETTINGS) == (one.weight_decay, one.valid_accuracy)
    probe = linear_probe.fit(part, 4, one.weight_decay, SETTINGS)
    assert np.array_equal(linear_probe.class_ranks(probe, ready[2], 64), one.rank)


def test_a_point_has_every_draw_its_mean_its_spread_and_an_interval_around_it(points, outcomes):
    for shots, point in points.items():
        values = [draw["acc@1"] for draw in point["seeds"].values()]
        assert values == pytest.approx([(one.rank == 1).mean() for one in outcomes[int(shots)].values()], abs=1e-6)
        assert point["mean"]["acc@1"] == pytest.approx(np.mean(values), abs=1e-6)
        assert point["sd"]["acc@1"] == pytest.approx(np.std(values, ddof=1), abs=1e-5)
        low, high = point["interval"]["acc@1"]
        assert low <= point["mean"]["acc@1"] <= high
        assert high - low >= np.subtract(*point["item_interval"]["acc@1"][::-1]) - 0.02
        decays = {draw["weight_decay"] for draw in point["seeds"].values()}
        assert decays <= set(linear_probe.weight_decays(SETTINGS).tolist())


def test_fewer_examples_than_shots_are_an_error_that_names_the_class():
    scarce = np.flatnonzero((TRAIN.labels != 2) | (np.arange(80) < 45))
    train = dataclasses.replace(TRAIN, features=TRAIN.features[scarce], labels=TRAIN.labels[scarce])
    with pytest.raises(InputError, match=r"train.npz: class 2 has 5 examples where 8 shots are asked for; lower `shots`"):
        few_shot.curve(train, VALID, TEST, 4, SETTINGS, FEW)


def test_features_that_are_not_finite_are_an_error_here_too():
    features = VALID.features.copy()
    features[4, 2] = np.nan
    with pytest.raises(InputError, match=r"valid.npz: row 4"):
        few_shot.curve(TRAIN, dataclasses.replace(VALID, features=features), TEST, 4, SETTINGS, FEW)
