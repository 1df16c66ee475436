"""What the models get wrong, on a made-up study whose truth is known."""

import pathlib
import re

import numpy as np
import pytest

from clip_italian import config, files, paths
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import contrasts, errors, first_ranks, groups, naming, retrieval, zeroshot
from clip_italian.evaluation.study.groups import Family
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.near_misses import DIFFERENCES, difference, near_misses
from tests.helpers import synthetic_study

PROFILE = synthetic_study.PROFILE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study whose errors have been evaluated."""
    place = tmp_path_factory.mktemp("errors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        synthetic_study.write_all()
        settings = config.section(EvaluationSettings, "evaluation")
        for protocol in (retrieval, zeroshot, errors):
            protocol.evaluate(config.params(), settings)
    return place


@pytest.fixture
def settings(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return config.section(EvaluationSettings, "evaluation")


@pytest.fixture
def found(settings):
    return files.read_json(paths.results(PROFILE, "errors"))


# --- Groups -----------------------------------------------------------------------------------------------------------
def test_a_groups_mean_is_that_of_its_own_queries(settings):
    rng = np.random.default_rng(0)
    group, unit = np.array(["b", "a"] * 20), np.arange(40) // 4
    gains = {"m": {0: rng.random((40, 2)), 1: rng.random((40, 2))}}
    entry = groups.summarise(Family(("x", "y"), group, unit, gains), settings, 0)["m"]
    for label in "ab":
        for seed in (0, 1):
            assert entry["seeds"][str(seed)][f"{label}/y"] == pytest.approx(gains["m"][seed][group == label, 1].mean(), abs=1e-6)
        low, high = entry["interval"][f"{label}/x"]
        assert low < entry["mean"][f"{label}/x"] < high
    assert groups.sizes(Family(("x", "y"), group, unit, gains)) == {label: {"queries": 20, "units": 10} for label in "ba"}


def test_every_mean_of_the_results_is_that_of_its_seeds_and_inside_its_interval(found):
    for families in found["models"].values():
        for entry in families.values():
            for metric, mean in entry["mean"].items():
                assert mean == pytest.approx(np.mean([one[metric] for one in entry["seeds"].values()]), abs=2e-6)
                low, high = entry["interval"][metric]
                assert low - 1e-9 <= mean <= high + 1e-9, metric


# --- Contrasts --------------------------------------------------------------------------------------------------------
def test_a_caption_must_score_higher_and_a_tie_is_wrong():
    image = np.eye(3, dtype=np.float32)
    true, false = image.copy(), image[[1, 0, 2]]
    assert contrasts.right(image, true, false).tolist() == [1, 1, 0]
    assert contrasts.right(image, false, true).tolist() == [0, 0, 0]


def test_what_was_made_easy_is_told_and_what_was_made_impossible_is_not(found):
    entry = found["models"]["full"]["contrasts"]
    for kind in found["groups"]["contrasts"]:
        low, high = entry["interval"][f"{kind}/acc"]
        assert (low < 0.5 < high) if kind in synthetic_study.HARD else low > 0.5, kind
    assert found["models"]["english_clip"]["contrasts"]["mean"]["noun/acc"] < entry["mean"]["noun/acc"]


def test_the_proposed_model_is_compared_with_every_other_on_every_kind(found):
    rows = found["comparisons"]
    others = [model for model in synthetic_study.QUALITY if model != "full"]
    assert {(row["first"], row["second"]) for row in rows} == {("full", other) for other in others}
    assert len(rows) == len(others) * len(found["groups"]["contrasts"])
    for row in rows:
        metric = f"{row['endpoint'].removeprefix('contrasts/')}/acc"
        first, second = (found["models"][row[side]]["contrasts"]["mean"][metric] for side in ("first", "second"))
        assert row["difference"] == pytest.approx(first - second, abs=2e-6) and row["p"] <= row["q"]


def test_contrasts_that_were_not_embedded_are_named(settings):
    path = paths.embedded(PROFILE, "full", 1, "contrasts")
    kept = path.read_bytes()
    try:
        arrays.write(path, image=np.ones((3, 2)), true=np.ones((3, 2)), false=np.ones((3, 2)))
        with pytest.raises(InputError, match=f"{re.escape(str(path))}: finite rows of 240 pictures"):
            errors.evaluate(config.params(), settings)
        path.unlink()
        with pytest.raises(InputError, match=re.escape(str(path))):
            errors.evaluate(config.params(), settings)
    finally:
        path.write_bytes(kept)


# --- Naming -----------------------------------------------------------------------------------------------------------
def test_the_class_that_comes_first_follows_the_rank_and_a_tie_is_lost():
    image, text = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)
    shown = np.array([0, 2], np.int32)
    assert naming.first_class(image, text, shown, np.array([2, 1])).tolist() == [1, 2]


def test_confusions_count_every_picture_and_agree_with_the_accuracies(found, settings):
    label = np.load(f"data/{PROFILE}/raw/test/zeroshot-seen/truth.npz")["label"]
    for model in ("full", "english_clip"):
        path = pathlib.Path(f"results/{PROFILE}/items/errors/{model}.npz")
        noun, colour, classes, acc = arrays.read(path, "noun", "colour", "classes", "acc")
        seeds = synthetic_study.seeds_of(model)
        assert noun.sum() == colour.sum() == len(label) * len(seeds)
        right = [arrays.read(paths.ranks(PROFILE, "zeroshot", model, seed, "zeroshot-seen"), "rank")[0] == 1 for seed in seeds]
        assert (acc @ np.bincount(label)[classes]) / len(label) == pytest.approx(np.mean(right))
        both = found["models"][model]["naming"]["mean"]
        assert both["all/both"] == pytest.approx(np.mean(right), abs=1e-6) and sum(both.values()) == pytest.approx(1, abs=1e-5)
        assert both["all/both"] + both["all/noun_alone"] == pytest.approx(np.trace(noun) / noun.sum(), abs=1e-5)


def test_what_is_told_are_the_commonest_confusions(found):
    for told in found["told"].values():
        for part in ("noun", "colour"):
            shares = [row["share"] for row in told[part]]
            assert shares == sorted(shares, reverse=True) and all(row["true"] != row["taken_for"] for row in told[part])


# --- Lengths and near misses ------------------------------------------------------------------------------------------
def test_every_caption_is_in_the_class_of_its_length(found, settings):
    assert first_ranks.length_labels([3, 5]) == ["1–3", "4–5", "6+"]
    words = np.array([1 + index % 7 for index in range(60 * synthetic_study.CAPTIONS)])
    expected = {"1–3": (words <= 3).sum(), "4–5": ((words > 3) & (words <= 5)).sum(), "6+": (words > 5).sum()}
    assert {label: sizes["queries"] for label, sizes in found["groups"]["caption_length"].items()} == expected
    (rank,) = arrays.read(paths.ranks(PROFILE, "retrieval", "mclip", 0, "retrieval-seen"), "text_to_image/any")
    mrr = np.where(rank <= 10, 1 / rank, 0)[words > 5].mean()
    assert found["models"]["mclip"]["caption_length"]["seeds"]["0"]["6+/mrr@10"] == pytest.approx(mrr, abs=1e-6)


def test_something_comes_first_for_every_caption_of_a_family(found):
    assert found["groups"]["near_misses"]["all"] == {"queries": 2 * 20 * synthetic_study.CAPTIONS, "units": 20}
    for model, families in found["models"].items():
        mean = {name.removeprefix("all/"): value for name, value in families["near_misses"]["mean"].items()}
        assert sum(mean[name] for name in first_ranks.OUTCOMES) == pytest.approx(1, abs=1e-5)
        assert mean["near_miss"] == pytest.approx(sum(mean[name] for name in DIFFERENCES), abs=1e-5)
        assert mean["near_miss"] == pytest.approx(mean["colour"], abs=1e-6), model  # as they were made


def test_a_near_miss_differs_in_one_thing_and_two_of_them_may_in_several():
    seen, between = set(), set()
    for index in range(300):
        scene = compose(2, index, "seen", 0)
        others = near_misses(scene, 3)
        seen |= {difference(scene, other) for other in others}
        between |= {difference(one, two) for one in others for two in others if one != two}
    assert seen == set(DIFFERENCES) - {"several"} and "several" in between


def test_a_study_whose_tests_are_not_drawn_has_lengths_and_associations_alone(settings):
    plain = settings.model_copy(update={"errors": settings.errors.model_copy(update={"drawn": False})})
    kept = files.read_json(paths.results(PROFILE, "errors"))
    try:
        errors.evaluate(config.params(), plain)
        found = files.read_json(paths.results(PROFILE, "errors"))
        assert list(found["groups"]) == ["caption_length"] and found["comparisons"] == []
        assert set(found["associations"]) == {"drawn-world-agreement", "drawn-world-persons"}
    finally:
        files.write_json(paths.results(PROFILE, "errors"), kept)
