"""The label sets of the zero-shot classes, and what they cost: faults where they are said to be, and nowhere else."""

import itertools
import pathlib

import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import embed, label_comparisons, labels
from clip_italian.evaluation.study.label_comparisons import Outcome
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.world.languages.italian.lexicon import LEXICON
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing import labels as world_labels
from clip_italian.world.publishing.examinations import PAIRS, classes
from clip_italian.world.publishing.labels import SHARED, LabelSettings
from clip_italian.world.scenes.statements import CLASS_NOUNS
from tests.helpers import synthetic_study

SHARES = LabelSettings(shared=0.039, mistranslated=0.06)
SETS = world_labels.label_sets(5, SHARES, ITALIAN)


def changed(name: str) -> dict[tuple[str, str], str]:
    """The classes that have another label than the good one, and that label."""
    return {pair: ours for pair, ours, good in zip(PAIRS, SETS[name], SETS["good"], strict=True) if ours != good}


def settings_with(**changes: object) -> EvaluationSettings:
    return EvaluationSettings.model_validate(synthetic_study.EVALUATION | changes)


# --- The label sets ---------------------------------------------------------------------------------------------------
def test_good_labels_are_those_of_the_classes() -> None:
    assert SETS["good"] == [entry["label"] for entry in classes(ITALIAN)][: len(PAIRS)]


def test_labels_depend_on_the_seed_and_on_nothing_else() -> None:
    assert world_labels.label_sets(5, SHARES, ITALIAN) == SETS
    other = world_labels.label_sets(6, SHARES, ITALIAN)
    assert {name for name in SETS if other[name] != SETS[name]} == {"duplicate", "mistranslated", "machine"}


def test_only_shared_labels_are_borne_by_several_classes() -> None:
    for name, listed in SETS.items():
        several = len(listed) - len(set(listed))
        assert several == (7 if name in ("duplicate", "machine") else 0), name


def test_as_many_classes_share_a_label_as_the_share_says_and_in_the_pairs_of_the_table() -> None:
    shared = [pair for pair, label in zip(PAIRS, SETS["duplicate"], strict=True) if SETS["duplicate"].count(label) == 2]
    assert len(shared) == round(SHARES.shared * len(PAIRS)) == 14
    for (noun, colour), label in changed("duplicate").items():
        (kept,) = [first for first, second in SHARED.values() if second == noun]
        assert label == ITALIAN.class_label(kept, colour)


def test_wrong_senses_are_as_many_as_the_share_says_and_name_no_class() -> None:
    assert len(changed("mistranslated")) == round(SHARES.mistranslated * len(PAIRS)) == 22
    for (noun, _), label in changed("mistranslated").items():
        assert LEXICON.wrong_senses[noun].singular in label
    classes = {noun.singular for noun in LEXICON.nouns.values()}
    assert not classes & {sense.singular for sense in LEXICON.wrong_senses.values()}


def test_no_class_has_both_a_shared_and_a_wrong_label() -> None:
    sharing = {pair for pair, label in zip(PAIRS, SETS["duplicate"], strict=True) if SETS["duplicate"].count(label) == 2}
    assert not sharing & set(changed("mistranslated"))


def test_the_tables_speak_of_classes_and_no_noun_shares_two_words() -> None:
    nouns = [noun for pair in SHARED.values() for noun in pair]
    assert len(set(nouns)) == len(nouns)
    assert {*nouns, *LEXICON.wrong_senses} <= set(CLASS_NOUNS)


@pytest.mark.parametrize(
    ("name", "pair", "label"),
    [
        ("without_article", ("car", "blue"), "auto blu"),
        ("agreement", ("house", "black"), "una casa nero"),
        ("agreement", ("cat", "black"), "un gatto nero"),
        ("agreement", ("house", "blue"), "una casa blu"),
        ("synonym", ("cat", "black"), "un micio nero"),
        ("synonym", ("car", "red"), "una macchina rossa"),
        ("synonym", ("clock", "yellow"), "una sveglia gialla"),
        ("synonym", ("dog", "black"), "un cane nero"),
        ("machine", ("apple", "yellow"), "mela giallo"),
    ],
)
def test_a_label_has_the_fault_of_its_set(name: str, pair: tuple[str, str], label: str) -> None:
    assert SETS[name][PAIRS.index(pair)] == label


def test_wrong_senses_agree_with_their_own_gender() -> None:
    every = world_labels.label_sets(5, LabelSettings(shared=0, mistranslated=0.6), ITALIAN)["mistranslated"]
    assert set(every) >= {"un'acetosa nera", "una tabella rossa", "un autobus giallo", "un aquilone bianco"}


def test_a_share_beyond_the_tables_is_refused() -> None:
    with pytest.raises(InputError, match=r"world.labels.shared.*lower it"):
        world_labels.label_sets(5, LabelSettings(shared=0.5, mistranslated=0), ITALIAN)
    with pytest.raises(InputError, match=r"world.labels.mistranslated.*lower it"):
        world_labels.label_sets(5, LabelSettings(shared=0, mistranslated=0.9), ITALIAN)


# --- Their embeddings -------------------------------------------------------------------------------------------------
class Spelling(Model):
    """A model without towers: a text's vector is made of its bytes."""

    def __init__(self) -> None:
        pass

    def encode_text(self, texts: list[str], *more: int) -> np.ndarray:
        rows = np.stack([np.random.default_rng(list(text.encode())).normal(size=4) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def embedded(tmp_path: pathlib.Path) -> dict[str, np.ndarray]:
    files.write_json(tmp_path / "raw/test/labels.json", world_labels.content(5, SHARES, ITALIAN))
    embed.write_labels(tmp_path, Spelling(), tmp_path, ["duplicate", "templates"])
    with np.load(tmp_path / "labels.npz") as content:
        return dict(content)


def test_every_class_has_a_vector_under_each_condition_and_equal_labels_have_equal_ones(embedded: dict[str, np.ndarray]) -> None:
    assert set(embedded) == {"good", "duplicate", "templates"}
    assert np.allclose(embedded["good"], Spelling().encode_text(SETS["good"]))
    for one, other in itertools.combinations(range(len(PAIRS)), 2):
        if SETS["duplicate"][one] == SETS["duplicate"][other]:
            assert (embedded["duplicate"][one] == embedded["duplicate"][other]).all()


def test_templates_are_averaged_and_scaled_to_length_one(embedded: dict[str, np.ndarray]) -> None:
    each = Spelling().encode_text([template.format("un gatto nero") for template in ITALIAN.templates])
    mean = each.mean(axis=0)
    assert embedded["templates"][0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_a_condition_that_has_no_labels_is_named_and_none_asks_for_no_file(tmp_path: pathlib.Path) -> None:
    embed.write_labels(tmp_path, Spelling(), tmp_path, [])
    assert not list(tmp_path.iterdir())
    files.write_json(tmp_path / "raw/test/labels.json", {"sets": {"good": []}, "templates": []})
    with pytest.raises(InputError, match=r"labels.json: no label set `typo`.*label_conditions"):
        embed.write_labels(tmp_path, Spelling(), tmp_path, ["typo"])


# --- What they cost ---------------------------------------------------------------------------------------------------
def test_of_two_classes_of_one_label_the_rules_differ_as_they_say() -> None:
    image, text = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 0, 2]]
    ranks = labels.ranked(np.stack([image[0], image[0], image[2]]), text, ["a", "a", "b"], np.array([0, 1, 2]), 8)
    assert {rule: rank.tolist() for rule, rank in ranks.items()} == {
        "": [2, 2, 1],
        "/optimistic": [1, 1, 1],
        "/first_index": [1, 2, 1],
        "/merged": [1, 1, 1],
    }


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The results of a made-up study in which two classes share a label and a third has a wrong one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("labels"))
        synthetic_study.write_settings()
        synthetic_study.write_embeddings(images=300, classes=20)
        labels.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
        return files.read_json(pathlib.Path("results", synthetic_study.PROFILE, "labels.json"))


def test_touched_classes_are_those_with_another_label_or_a_shared_one(evaluated: dict) -> None:
    counts = {name: (one["touched"]["classes"], one["labels"]) for name, one in evaluated["conditions"].items()}
    whole = {name: (20, 20) for name in ("without_article", "synonym", "agreement", "templates")}
    assert counts == {"good": (0, 20), "duplicate": (2, 19), "mistranslated": (1, 20), "machine": (3, 19)} | whole


def test_a_difference_is_that_of_the_accuracies_and_of_its_parts_by_their_pictures(evaluated: dict) -> None:
    for row in evaluated["primary"] + evaluated["exploratory"]:
        means = {name: evaluated["models"][row["model"]][name]["mean"] for name in ("good", row["condition"])}
        accuracy, good = means[row["condition"]]["acc@1"], means["good"]["acc@1"]
        assert row["difference"] == pytest.approx(accuracy - good, abs=2e-6)
        touched = evaluated["conditions"][row["condition"]]["touched"]["images"] / evaluated["images"]
        parts = [(row[name], share) for name, share in (("touched", touched), ("untouched", 1 - touched)) if row[name]]
        assert sum(part["difference"] * share for part, share in parts) == pytest.approx(row["difference"], abs=2e-6)
        assert row["optimistic"]["difference"] >= row["difference"]
        assert row["interval"][0] <= row["difference"] <= row["interval"][1]
        for seed, sizes in row["seeds"].items():
            by_seed = {name: evaluated["models"][row["model"]][name]["seeds"][seed]["acc@1"] for name in means}
            assert row["relative"]["seeds"][seed] == pytest.approx(sizes / by_seed["good"], abs=1e-4)


def test_shared_labels_cost_the_classes_that_share_them_and_no_other(evaluated: dict) -> None:
    (row,) = [row for row in evaluated["primary"] if row["condition"] == "duplicate"]
    assert row["effect"] == "below" and row["touched"]["interval"][1] < -0.5
    assert abs(row["untouched"]["difference"]) < 0.02
    assert row["optimistic"]["difference"] > row["difference"]


def test_the_same_labels_differ_in_nothing(evaluated: dict) -> None:
    rows = [row for row in evaluated["primary"] + evaluated["exploratory"] if row["condition"] == "templates"]
    assert all((row["difference"], row["p"], row["effect"]) == (0, 1, "within") and row["untouched"] is None for row in rows)


def test_the_proposed_arms_conditions_are_one_family_and_all_others_carry_q_values(evaluated: dict) -> None:
    conditions = synthetic_study.EVALUATION["label_conditions"]
    assert [(row["model"], row["condition"]) for row in evaluated["primary"]] == [("full", name) for name in conditions]
    assert all(row["p"] <= row["p_holm"] <= len(conditions) * row["p"] + 1e-6 for row in evaluated["primary"])
    others = {(row["model"], row["condition"]) for row in evaluated["exploratory"]}
    assert others == {(model, name) for model in synthetic_study.QUALITY if model != "full" for name in conditions}
    assert all("q" in row and "p_holm" not in row for row in evaluated["exploratory"])


def test_merged_classes_are_right_as_often_as_the_optimistic_rule_says_at_the_first_place(evaluated: dict) -> None:
    for by_condition in evaluated["models"].values():
        for entry in by_condition.values():
            values = entry["mean"]
            assert values["acc@1/merged"] == values["acc@1/optimistic"]
            assert values["acc@5"] <= values["acc@5/first_index"] <= values["acc@5/optimistic"] <= values["acc@5/merged"] + 1e-9


def test_the_interval_of_a_part_is_that_of_its_pictures_alone() -> None:
    rng = np.random.default_rng(3)
    touched = rng.random(400) < 0.3
    good = {"full": np.ones((400, 1))}
    bad = {"full": np.where(touched[:, None], rng.random((400, 1)) < 0.5, 1.0)}
    none = np.zeros(400, bool)
    outcomes = {"good": Outcome(none, good, good), "bad": Outcome(touched, bad, bad)}
    settings = settings_with(resamples=4000)
    (row,) = label_comparisons.compare(outcomes, {"full": [0]}, settings)
    half_width = 1.96 * 0.5 / np.sqrt(touched.sum())
    assert np.ptp(row["touched"]["interval"]) == pytest.approx(2 * half_width, rel=0.1)
    assert row["untouched"]["interval"] == [0, 0]
    assert row["relative"]["difference"] == row["difference"]


def test_a_model_that_knows_nothing_loses_no_share_of_it() -> None:
    nothing, none = {"full": np.zeros((20, 2))}, np.zeros(20, bool)
    outcomes = {"good": Outcome(none, nothing, nothing), "bad": Outcome(~none, nothing, nothing)}
    (row,) = label_comparisons.compare(outcomes, {"full": [0, 1]}, settings_with())
    assert row["relative"]["difference"] == 0 and row["relative"]["interval"] == [0, 0]


def test_a_profile_without_conditions_needs_no_labels(here: pathlib.Path) -> None:
    synthetic_study.write_settings()
    labels.evaluate(config.params(), settings_with(label_conditions=[]))
    content = files.read_json(here / "results" / synthetic_study.PROFILE / "labels.json")
    assert content["primary"] == [] and content["models"] == {}


def test_files_that_do_not_fit_are_named(here: pathlib.Path) -> None:
    synthetic_study.write_settings()
    synthetic_study.write_embeddings(images=30, classes=20)
    params = config.params()
    with pytest.raises(InputError, match=r"labels.json: no label set `typo`"):
        labels.evaluate(params, settings_with(label_conditions=["typo"]))
    path = here / "embeddings" / synthetic_study.PROFILE / "full/1/labels.npz"
    (good,) = arrays.read(path, "good")
    arrays.write(path, good=good[:-1], machine=good)
    with pytest.raises(InputError, match=r"full/1/labels.npz: `good` does not fit"):
        labels.evaluate(params, settings_with(label_conditions=["machine"]))
