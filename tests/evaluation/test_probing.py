"""The probes of a made-up study: which features, which labels, which pictures; and what the results say of them."""

import pathlib

import numpy as np
import pytest

from clip_italian import config, files, paths
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.study import linear_probe, probing
from clip_italian.evaluation.study.linear_probe import Split
from clip_italian.evaluation.study.probing import ProbingSettings
from clip_italian.evaluation.study.settings import PROBE_SETS, EvaluationSettings
from clip_italian.world.publishing.examinations import PROBE
from tests.helpers import synthetic_study

PROFILE, CLASSES = synthetic_study.PROFILE, 7
SPREAD = 3  # the made-up classes are every third number: what is probed need not be numbered through


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A made-up study whose classes have gaps in their numbers, probed."""
    folder = tmp_path_factory.mktemp("probed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        synthetic_study.write_settings()
        synthetic_study.write_embeddings(images=60, classes=CLASSES)
        spread_classes()
        evaluate()
    return folder


@pytest.fixture
def study(probed, monkeypatch):
    monkeypatch.chdir(probed)
    return files.read_json(pathlib.Path("results", PROFILE, "probe.json"))


def evaluate():
    evaluation = config.section(EvaluationSettings, "evaluation")
    probing.evaluate(config.params(), evaluation, config.section(ProbingSettings, "probe"))


def label_files():
    raw = pathlib.Path("data", PROFILE, "raw")
    return [raw / name / "truth.npz" for name in ("probe/probe-train", "probe/probe-valid", "test/zeroshot-seen")]


def spread_classes():
    """Renumbers the classes, and gives the texts of the others zeros between."""
    for path in label_files():
        arrays.write(path, label=SPREAD * arrays.read(path, "label")[0])
    for path in pathlib.Path("embeddings", PROFILE).glob("*/*/zeroshot-seen.npz"):
        image, text = arrays.read(path, "image", "text")
        spread = np.zeros((SPREAD * len(text), text.shape[1]), np.float32)
        spread[::SPREAD] = text
        arrays.write(path, image=image, text=spread)


def test_the_pictures_of_probes_have_the_same_names_where_they_are_drawn_embedded_and_learnt_from():
    assert tuple(PROBE) == PROBE_SETS


def test_every_probed_model_and_seed_is_in_the_results(study):
    params = config.params()
    for part in ("models", "few_shot"):
        assert {model: list(sets) for model, sets in study[part].items()} == {model: ["probe-seen"] for model in params.probed}
    assert list(study["models"]["full"]["probe-seen"]["seeds"]) == ["0", "1", "2"]
    assert study["sets"] == {"probe-seen": {"images": 60, "classes": CLASSES}}
    assert study["pictures"] == {"train": 6 * CLASSES, "valid": 2 * CLASSES}


def test_a_result_is_that_of_a_probe_made_by_hand(study):
    stored = [paths.embedded(PROFILE, "full", 1, name) for name in ("probe-train", "probe-valid", "zeroshot-seen")]
    labels = [arrays.read(path, "label")[0] // SPREAD for path in label_files()]
    splits = [Split(str(path), arrays.read(path, "image")[0], label) for path, label in zip(stored, labels, strict=True)]
    train, valid, *tests = linear_probe.prepared(splits, CLASSES)
    settings = config.section(ProbingSettings, "probe").linear
    outcome = linear_probe.outcome(train, valid, tests, CLASSES, settings, valid_too=True)
    found = study["models"]["full"]["probe-seen"]["seeds"]["1"]
    assert found["acc@1"] == pytest.approx(metrics.accuracy_at(outcome.ranks[0], 1), abs=1e-6)
    assert (found["weight_decay"], found["valid_acc@1"]) == (outcome.weight_decay, pytest.approx(outcome.valid_accuracy, abs=1e-6))
    rank, one_shot = arrays.read(paths.ranks(PROFILE, "probe", "full", 1, "probe-seen"), "rank", "few_shot_1")
    assert np.array_equal(rank, outcome.ranks[0])
    draws = study["few_shot"]["full"]["probe-seen"]["1"]["seeds"]["1"]
    assert [draw["acc@1"] for draw in draws.values()] == pytest.approx((one_shot == 1).mean(axis=1).tolist(), abs=1e-6)


def test_zero_shot_is_among_the_probed_classes_alone(study):
    image, text = arrays.read(paths.embedded(PROFILE, "full", 0, "zeroshot-seen"), "image", "text")
    (label,) = arrays.read(label_files()[2], "label")
    right = (image @ text[::SPREAD].T).argmax(axis=1) == label // SPREAD
    assert study["models"]["full"]["probe-seen"]["seeds"]["0"]["zeroshot_acc@1"] == pytest.approx(right.mean(), abs=1e-6)


def test_the_other_models_are_compared_with_the_first(study):
    (row,) = study["comparisons"]
    assert (row["first"], row["second"], row["endpoint"]) == ("full", "english_clip", "probe-seen/acc@1")
    full, english = (study["models"][model]["probe-seen"]["mean"]["acc@1"] for model in ("full", "english_clip"))
    assert row["difference"] == pytest.approx(full - english, abs=2e-6) and row["difference"] > 0  # as they were made
    assert row["p"] <= row["q"] < 0.05


def test_probing_again_gives_the_same_bytes(study):
    path = pathlib.Path("results", PROFILE, "probe.json")
    before = path.read_bytes()
    evaluate()
    assert path.read_bytes() == before


def test_a_test_picture_of_a_class_that_nobody_learns_is_named(study):
    path = label_files()[2]
    kept = path.read_bytes()
    arrays.write(path, label=np.full(60, 1))
    try:
        with pytest.raises(InputError, match=r"zeroshot-seen: class 1 has no picture in .*probe-train; add some"):
            evaluate()
    finally:
        path.write_bytes(kept)


def test_a_missing_embedding_is_named(study):
    path = paths.embedded(PROFILE, "full", 2, "probe-valid")
    kept = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(InputError, match=r"full/2/probe-valid.npz: missing; run `dvc repro`"):
            evaluate()
    finally:
        path.write_bytes(kept)


def test_a_probed_model_that_does_not_run_is_named(study, monkeypatch):
    params = config.params().model_copy(update={"probed": ["full", "fool"]})
    with pytest.raises(InputError, match=r"`probed` names fool"):
        probing.models(params, config.section(EvaluationSettings, "evaluation"))
