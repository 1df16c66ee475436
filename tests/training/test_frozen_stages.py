"""The stages of the frozen phase, on a few random pictures: features, and the arms that read them or do without."""

import pathlib

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
from clip_italian.training import features as arrays
from stages import features, pretrain
from tests.helpers.shards import write_shards
from tests.helpers.small_models import ENGLISH, ITALIAN, pictures

ROOT = pathlib.Path(config.__file__).parents[1]
CAPTIONS = [f"un gatto {word}" for word in ("uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto")]
FROZEN = {"frozen_updates": 8, "tuned_updates": 0, "evaluate_every": 4, "valid_examples": 16}
ARMS = {
    "full": {},
    "views_1": {"frozen_views": 1},
    "looped_1": {"frozen_on": "pixels", "frozen_views": 1},
    "views_2": {"frozen_views": 2},
    "fresh": {"frozen_on": "pixels"},
    "dropout": {"text_dropout": 0.2},
}


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
    files.write_text(here / "params.yaml", "profile: tiny\narms: [full]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0]\n")
    (here / "profiles").mkdir()
    YAML(typ="safe").dump(content, here / "profiles/tiny.yaml")
    store_pictures(here / "data/tiny/shards", config.section(ImageSettings, "images"))
    store_backbones(here / "models/tiny/backbones")
    return here


def store_pictures(folder, images):
    described = [Example(f"x/{i}", "wit", [CAPTIONS[i % 8], CAPTIONS[(i + 1) % 8]]) for i in range(24)]
    clean, numbers = pictures(0, 24), np.array([number(one.id) for one in described])
    write_shards(folder / "valid", described, pictures(1, 24), 16)
    write_shards(folder / "train", described, clean, 16)
    for k in range(images.views):
        seen = augmentation.views(clean, images.side, images.seed, numbers, k, images.augmentations[images.views_of])
        write_shards(folder / f"views/{k}", described, seen, 16)


def store_backbones(folder):
    tokenizer = tokens.train_wordpiece(CAPTIONS, 40)
    clip, tower = (Model(one, dual_encoder.initial(one, jax.random.key(0), 20.0), tokenizer) for one in (ENGLISH, ITALIAN))
    assembly.save(folder / "english_clip", clip)
    assembly.save_parts(folder / "italian_bert", ITALIAN.text, tower.params["text_model"], tower.tokenizer)


def trained(study, arm):
    pretrain.cell("0", arm, study / "state" / arm, study / "out" / arm)
    return assembly.load(study / "out" / arm / "model").params


def test_features_are_made_and_arms_learn_on_them_or_without(study):
    features.main()
    folder = study / "data/tiny/features"
    assert files.manifest_holds(folder) and not (study / ".state/features").exists()
    assert len(arrays.views(folder, None)) == len(arrays.texts(folder, 0.2)) == 2
    learnt = {arm: trained(study, arm) for arm in ARMS}
    kernels = {arm: np.asarray(params["visual_projection"]["kernel"]) for arm, params in learnt.items()}
    assert np.array_equal(kernels["full"], kernels["views_2"])  # null: all that are stored
    np.testing.assert_allclose(kernels["views_1"], kernels["looped_1"], rtol=1e-5, atol=1e-6)
    different = [kernels[arm] for arm in ("views_1", "views_2", "fresh", "dropout")]
    assert all(not np.allclose(one, other, rtol=1e-4) for i, one in enumerate(different) for other in different[:i])
    inputs = {arm: [set(one.inputs) for one in journal.read(study / f"out/{arm}/journal.jsonl")] for arm in ("full", "fresh")}
    assert inputs == {"full": [{"features", "backbones"}], "fresh": [{"train", "valid", "backbones"}]}


def test_an_arm_that_wants_more_than_is_computed_is_refused_before_anything_is_trained(study):
    content = config.read_yaml(pathlib.Path("profiles/tiny.yaml"))
    content["arms"] = {"wide": {"frozen_views": 3}, "dropped": {"text_dropout": 0.1}}
    YAML(typ="safe").dump(content, pathlib.Path("profiles/tiny.yaml"))
    for arm, problem in (("wide", "`frozen_views` is 3, but `images.views` is 2"), ("dropped", "`text_dropout` is 0.1")):
        with pytest.raises(InputError, match=f"arm `{arm}`: {problem}"):
            pretrain.main(arm)
    assert not (study / ".state").exists()
