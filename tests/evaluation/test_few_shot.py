"""Few-shot curves: which pictures are drawn, what is learnt from them, and what is said of it."""

import dataclasses

import numpy as np
import pytest

from clip_italian.errors import InputError
from clip_italian.evaluation.study import few_shot, linear_probe
from clip_italian.evaluation.study.few_shot import FewShotSettings, drawn
from clip_italian.evaluation.study.settings import EvaluationSettings
from tests.evaluation.test_linear_probe import SETTINGS, clouds

FEW = FewShotSettings(shots=[1, 2, 8], draws=3, seed=5)
TRAIN, VALID, TEST = (clouds(f"{name}.npz", seed, 20, spread=0.3) for seed, name in enumerate(("train", "valid", "test")))
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(5), [3, 9, 4, 30, 16]))


@pytest.fixture(scope="module")
def outcomes():
    train, valid, *tests = linear_probe.prepared((TRAIN, VALID, TEST), 4)
    return few_shot.curve(train, valid, tests, 4, SETTINGS, FEW)


@pytest.fixture(scope="module")
def points(outcomes):
    evaluation = EvaluationSettings.model_construct(seed=0, resamples=500, confidence=0.95)
    return few_shot.summarise({"model": {0: outcomes}}, 0, TEST.labels, 4, evaluation, 0)["model"]


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
    ready = linear_probe.prepared((TRAIN, VALID, TEST), 4)
    places = drawn(TRAIN.labels, 2, FEW.seed, 1)
    part = dataclasses.replace(ready[0], features=ready[0].features[places], labels=ready[0].labels[places])
    choice = linear_probe.chosen(part, ready[1], 4, SETTINGS)
    assert (choice.weight_decay, choice.valid_accuracy) == (one.weight_decay, one.valid_accuracy)
    [probe] = linear_probe.fit(part, 4, [one.weight_decay], SETTINGS)
    assert np.array_equal(linear_probe.class_ranks(probe, ready[2], 64), one.ranks[0])


def test_a_point_has_every_draw_its_mean_its_spread_and_an_interval_around_it(points, outcomes):
    for shots, point in points.items():
        values = [draw["acc@1"] for draw in point["seeds"]["0"].values()]
        assert values == pytest.approx([(one.ranks[0] == 1).mean() for one in outcomes[int(shots)]], abs=1e-6)
        assert point["mean"]["acc@1"] == pytest.approx(np.mean(values), abs=1e-6)
        low, high = point["interval"]["acc@1"]
        assert low <= point["mean"]["acc@1"] <= high
        assert high - low >= np.subtract(*point["item_interval"]["acc@1"][::-1]) - 0.02
        decays = {draw["weight_decay"] for draw in point["seeds"]["0"].values()}
        assert decays <= set(linear_probe.weight_decays(SETTINGS).tolist())


def test_fewer_examples_than_shots_are_an_error_that_names_the_class():
    scarce = np.flatnonzero((TRAIN.labels != 2) | (np.arange(80) < 45))
    train = dataclasses.replace(TRAIN, features=TRAIN.features[scarce], labels=TRAIN.labels[scarce])
    with pytest.raises(InputError, match=r"train.npz: class 2 has 5 examples where 8 shots are asked for; lower `shots`"):
        few_shot.curve(train, VALID, [TEST], 4, SETTINGS, FEW)


def test_seeds_and_draws_are_both_resampled(outcomes):
    evaluation = EvaluationSettings.model_construct(seed=0, resamples=2000, confidence=0.95)
    lower = np.arange(80) < 30
    worse = {shots: [dataclasses.replace(one, ranks=[one.ranks[0] + lower]) for one in draws] for shots, draws in outcomes.items()}
    one, two = (
        few_shot.summarise({"model": seeds}, 0, TEST.labels, 4, evaluation, 0)["model"]["1"]
        for seeds in ({0: outcomes}, {0: outcomes, 1: worse})
    )
    assert two["mean"]["acc@1"] < one["mean"]["acc@1"]
    assert np.ptp(two["interval"]["acc@1"]) > 1.3 * np.ptp(two["item_interval"]["acc@1"])  # the seeds differ
    assert np.ptp(one["interval"]["acc@1"]) > np.ptp(one["item_interval"]["acc@1"])  # the draws differ


def test_two_models_get_what_each_gets_alone(outcomes, points):
    evaluation = EvaluationSettings.model_construct(seed=0, resamples=500, confidence=0.95)
    other = {shots: draws[::-1] for shots, draws in outcomes.items()}
    both = few_shot.summarise({"other": {0: other, 1: outcomes}, "model": {0: outcomes}}, 0, TEST.labels, 4, evaluation, 0)
    assert both["model"] == points
    assert both["other"]["2"]["seeds"]["1"] == points["2"]["seeds"]["0"]
