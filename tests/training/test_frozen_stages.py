"""The stages of the two phases, on a few random pictures: each seed's features, the arms that read them or do without, curves."""

import dataclasses
import pathlib
import shutil

import jax
import numpy as np
import pytest
from ruamel.yaml import YAML

from clip_italian import config, files, journal
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.data.images import augmentation
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.images.shards import Example, number
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder
from clip_italian.training import features as arrays
from pipeline import cells
from stages import backbones, curves, features, finetune, pretrain
from stages import settings as joined
from tests.helpers.shards import write_shards
from tests.helpers.small_models import ENGLISH, ITALIAN, pictures

ROOT = pathlib.Path(config.__file__).parents[1]
CAPTIONS = [f"un gatto {word}" for word in ("uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto")]
FROZEN = {"frozen_updates": 8, "tuned_updates": 0, "evaluate_every": 4, "valid_examples": 16, "max_tokens": 8, "token_multiple": 8}
ARMS = {
    "full": {},
    "views_1": {"frozen_views": 1},
    "looped_1": {"frozen_on": "pixels", "frozen_views": 1},
    "views_2": {"frozen_views": 2},
    "fresh": {"frozen_on": "pixels"},
    "dropout": {"text_dropout": 0.2},
    "tuned": {"tuned_updates": 4},
    "unfrozen": {"frozen_updates": 0, "tuned_updates": 4},
    "one_backbone": {"backbones": 0},
}
PARAMS = {"profile": "tiny", "arms": ["full"], "curves": ["tuned"], "baselines": ["mclip"], "probed": ["full"], "seeds": [0, 1]}


@pytest.fixture
def study(here):
    """A study at profile tiny whose pictures have 24 pixels a side, up to what stage `features` reads."""
    content = config.profile("tiny", ROOT / "profiles").content
    for one in content["images"]["augmentations"].values():
        one |= {"crop": 24}
    content["images"] |= {"stored": 24, "side": 24, "views": 2}
    content["features"] = {"text_draws": 2, "text_dropout": 0.2}
    content["training"] |= FROZEN
    content["arms"] = ARMS
    files.write_json(here / "params.yaml", PARAMS)  # JSON is YAML
    (here / "profiles").mkdir()
    YAML(typ="safe").dump(content, here / "profiles/tiny.yaml")
    store_pictures(here / "data/tiny/shards", config.section(ImageSettings, "images"))
    for seed in PARAMS["seeds"]:
        store_backbones(here / f"models/tiny/backbones/{seed}", seed)
    return here


def store_pictures(folder, images):
    described = [Example(f"x/{i}", "wit", [CAPTIONS[i % 8], CAPTIONS[(i + 1) % 8]]) for i in range(24)]
    clean, numbers = pictures(0, 24), np.array([number(one.id) for one in described])
    write_shards(folder / "valid", described, pictures(1, 24), 16)
    write_shards(folder / "train", described, clean, 16)
    for k in range(images.views):
        seen = augmentation.views(clean, images.side, images.seed, numbers, k, images.augmentations[images.views_of])
        write_shards(folder / f"views/{k}", described, seen, 16)


def store_backbones(folder, seed):
    tokenizer = tokens.train_wordpiece(CAPTIONS, 40)
    clip, tower = (Model(one, dual_encoder.initial(one, jax.random.key(seed), 20.0), tokenizer) for one in (ENGLISH, ITALIAN))
    assembly.save(folder / "english_clip", clip)
    assembly.save_parts(folder / "italian_bert", ITALIAN.text, tower.params["text_model"], tower.tokenizer)


def trained(study, arm, seed=0):
    """The parameters of a seed of an arm after its frozen phase."""
    pretrain.cell(str(seed), arm, study / f"state/{arm}-{seed}", study / f"out/{arm}-{seed}")
    return assembly.load(study / f"out/{arm}-{seed}/model").params


def journal_of(study, arm, seed):
    (one,) = journal.read(study / f"out/{arm}-{seed}" / journal.FILE)
    return one


def test_features_are_made_and_arms_learn_on_them_or_without(study):
    features.main()
    folder = study / "data/tiny/features/0"
    assert files.manifest_holds(folder) and not (study / ".state/features").exists()
    assert len(arrays.views(folder, None)) == len(arrays.texts(folder, 0.2)) == 2
    learnt = {arm: trained(study, arm) for arm in ("full", "views_1", "looped_1", "views_2", "fresh", "dropout")}
    kernels = {arm: np.asarray(params["visual_projection"]["kernel"]) for arm, params in learnt.items()}
    assert np.array_equal(kernels["full"], kernels["views_2"])  # null: all that are stored
    np.testing.assert_allclose(kernels["views_1"], kernels["looped_1"], rtol=1e-5, atol=1e-6)
    different = [kernels[arm] for arm in ("views_1", "views_2", "fresh", "dropout")]
    assert all(not np.allclose(one, other, rtol=1e-4) for i, one in enumerate(different) for other in different[:i])
    inputs = {arm: set(journal_of(study, arm, 0).inputs) for arm in ("full", "fresh")}
    assert inputs == {"full": {"features", "backbones"}, "fresh": {"train", "valid", "backbones"}}


def test_an_arm_that_wants_more_than_is_computed_is_refused_before_anything_is_trained(study):
    write_arms({"wide": {"frozen_views": 3}, "dropped": {"text_dropout": 0.1}})
    for arm, problem in (("wide", "`frozen_views` is 3, but `images.views` is 2"), ("dropped", "`text_dropout` is 0.1")):
        with pytest.raises(InputError, match=f"arm `{arm}`: {problem}"):
            pretrain.main(arm)
        choose(curves=[arm])
        with pytest.raises(InputError, match=f"arm `{arm}`: {problem}"):
            curves.main()
    assert not (study / ".state").exists()


def write_arms(arms):
    content = config.read_yaml(pathlib.Path("profiles/tiny.yaml"))
    YAML(typ="safe").dump(content | {"arms": arms}, pathlib.Path("profiles/tiny.yaml"))


def choose(**lists):
    files.write_json(pathlib.Path("params.yaml"), PARAMS | lists)


# --- A pair of backbones for each seed --------------------------------------------------------------------------------
def hide(study, seed):
    """Moves a seed's backbones and their features away."""
    for folder in ("models/tiny/backbones", "data/tiny/features"):
        (study / folder / str(seed)).rename(study / f"hidden-{pathlib.Path(folder).name}")


def tower_of(study, seed):
    return assembly.load(study / f"models/tiny/backbones/{seed}/english_clip").params["vision_model"]


def same(one, other):
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, one, other)))


def test_a_seed_starts_from_its_own_backbones_and_learns_on_their_features(study):
    features.main()
    clean = {seed: arrays.read(study / f"data/tiny/features/{seed}", "train-clean") for seed in (0, 1)}
    assert not np.allclose(clean[0], clean[1])
    for seed in (0, 1):
        model = assembly.italian(study / f"models/tiny/backbones/{seed}", seed=0, scale=1.0)
        encoded = Encoder(model.settings, features.BLOCK).images(model.params, pictures(0, 24))
        np.testing.assert_allclose(clean[seed], encoded, rtol=1e-5, atol=1e-6)
    first, tower = trained(study, "full", 0), tower_of(study, 1)
    hide(study, 0)
    second = trained(study, "full", 1)
    assert same(second["vision_model"], tower) and not same(first["vision_model"], tower)
    assert journal_of(study, "full", 1).inputs == {
        "features": files.sha256(study / "data/tiny/features/1/manifest.json"),
        "backbones": files.tree_digest(pathlib.Path("models/tiny/backbones/1")),
    }


def test_all_seeds_of_an_arm_with_one_pair_of_backbones_start_from_it_and_differ_in_the_rest(study):
    features.main()
    hide(study, 1)
    learnt = [trained(study, "one_backbone", seed) for seed in (0, 1)]
    assert all(same(one["vision_model"], tower_of(study, 0)) for one in learnt)
    assert not same(learnt[0]["text_projection"], learnt[1]["text_projection"])
    assert journal_of(study, "one_backbone", 0).inputs == journal_of(study, "one_backbone", 1).inputs


def test_imported_backbones_serve_all_seeds(study, in_place):
    content = config.read_yaml(pathlib.Path("profiles/tiny.yaml"))
    content["backbones"]["kind"] = "imported"
    YAML(typ="safe").dump(content, pathlib.Path("profiles/tiny.yaml"))
    (study / "models/tiny/backbones/0").rename(study / "models/tiny/imported")
    files.write_json(study / "models/tiny/imported/sources.json", {"english_clip": {"a": "1"}, "italian_bert": {"b": "2"}})
    backbones.main()
    assert sorted(in_place) == ["english_clip-0", "italian_bert-0"]
    assert [path.name for path in (study / "models/tiny/backbones").iterdir()] == ["shared"]
    features.main()
    first, second = (trained(study, "full", seed) for seed in (0, 1))
    assert same(first["vision_model"], second["vision_model"])
    assert journal_of(study, "full", 0).inputs == journal_of(study, "full", 1).inputs


# --- The arms of the curves -------------------------------------------------------------------------------------------
@pytest.fixture
def in_place(monkeypatch):
    """Cells are computed by this process; the names of those that are."""
    computed = []

    def start(launch, threads, order):
        computed.extend(name for _, _, name, *_ in order)
        cells._compute(order)
        return []

    monkeypatch.setattr(cells, "_start", start)
    return computed


@pytest.mark.parametrize("arm", ["full", "tuned", "unfrozen"])
def test_the_journals_of_a_curve_are_those_of_the_two_phases(study, arm):
    features.main()
    curves.cell(f"{arm}-1", study / "state/both", study)
    trained(study, arm, 1)
    shutil.copytree(study / f"out/{arm}-1/model", study / f"models/tiny/frozen/{arm}/1")
    finetune.cell("1", arm, study / "state/second", study / "second")
    apart = [journal_of(study, arm, 1), *journal.read(study / "second" / journal.FILE)]
    assert journal.read(study / journal.FILE) == [dataclasses.replace(one, outputs={}) for one in apart]


def test_of_the_curves_what_is_new_is_trained_alone(study, in_place):
    features.main()
    written = study / "runs/tiny/curves"
    for lists, new in (
        ({"seeds": [0]}, ["tuned-0"]),
        ({}, ["tuned-1"]),
        ({"curves": ["tuned", "unfrozen"]}, ["unfrozen-0", "unfrozen-1"]),
        ({"curves": ["unfrozen"]}, []),
    ):
        in_place.clear()
        choose(**lists)
        curves.main()
        assert sorted(in_place) == new
        chosen = PARAMS | lists
        assert sorted(path.name for path in written.iterdir()) == [f"{arm}.jsonl" for arm in chosen["curves"]]
        for arm in chosen["curves"]:
            lines = [(one.stage, one.seed) for one in journal.read(written / f"{arm}.jsonl")]
            assert lines == [(phase, seed) for seed in chosen["seeds"] for phase in ("pretrain", "finetune")]


def test_every_arm_is_checked_before_anything_runs(study):
    for lists, problem in (
        ({"curves": ["tunde"]}, "section `arms` has no `tunde`; did you mean `tuned`"),
        ({"arms": ["fll"]}, "section `arms` has no `fll`; did you mean `full`"),
        ({"curves": ["one_backbone"], "seeds": [1]}, r"arm `one_backbone`: `backbones` is 0, .* seeds: 1"),
    ):
        choose(**lists)
        with pytest.raises(InputError, match=problem):
            joined.main()
    choose()
    joined.main()
    assert (study / "reports/tiny/settings.json").exists()
