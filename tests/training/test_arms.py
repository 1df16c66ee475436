"""What an arm or a baseline sees and what of it learns, on a few random pictures."""

import functools
import pathlib
import shutil

import jax
import numpy as np
import pytest

from clip_italian import config
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.data import batches as order
from clip_italian.data import examples, tokens
from clip_italian.data.images import augmentation
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.images.shards import Example, Shards, number
from clip_italian.data.translation import engines
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.training import arms, features, multilingual, optimiser
from clip_italian.training.arms import PixelBatches
from clip_italian.training.multilingual import MultilingualSettings, PairsSettings
from clip_italian.training.settings import FeatureSettings, TrainingSettings, augmentation_of, check_features
from tests.helpers.shards import write_shards
from tests.helpers.small_models import ENGLISH, ITALIAN, pictures

SOURCES = ("wit", "mscoco_it")
ENGLISH_OF = {f"un gatto {word}": f"a {word} cat" for word in ("uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto")}
CAPTIONS = list(ENGLISH_OF)
ROOT = pathlib.Path(config.__file__).parents[1]
TINY = config.profile("tiny", ROOT / "profiles").content
VIEWS = config.parse(AugmentationSettings, TINY["images"]["augmentations"]["code_2021"] | {"crop": 24}, "images")
VIEWS_SEED = 42  # of the views of all frozen phases
NO_DRAWS = FeatureSettings(text_draws=0, text_dropout=0.0)


@pytest.fixture
def data(here):
    for part, seed in (("train", 0), ("valid", 1)):
        examples = [Example(f"x/{i}", SOURCES[i % 2], [CAPTIONS[i % 8], CAPTIONS[(i + 1) % 8]]) for i in range(24)]
        write_shards(here / part, examples, pictures(seed, 24), 16)
    (here / "views").mkdir()
    write_shards(here / "views/0", examples, pictures(2, 24), 16)
    return here


def settings(**changes):
    small = {
        "frozen_updates": 3,
        "tuned_updates": 3,
        "evaluate_every": 3,
        "valid_examples": 12,
        "max_tokens": 8,
        "token_multiple": 8,
    }
    return config.parse(TrainingSettings, TINY["training"] | small | changes, "training")


def model(architecture=ITALIAN, bias=None):
    tokenizer = tokens.train_wordpiece(CAPTIONS, 40)
    architecture = architecture.model_copy(update={"logit_bias": bias is not None})
    return Model(architecture, dual_encoder.initial(architecture, jax.random.key(0), 20.0), tokenizer)


def changed(before, after):
    """The parts of which any bit differs."""
    same = {name: jax.tree.map(np.array_equal, part, after.params[name]) for name, part in before.params.items()}
    return {name for name, parts in same.items() if not all(jax.tree.leaves(parts))}


def test_without_augmentation_training_sees_the_pictures_as_they_are(data):
    start = model()
    tuned, _ = arms.finetune(settings(augmentation=None), None, start, data, 0, data / "first")
    again, _ = arms.finetune(settings(augmentation=None), None, start, data, 0, data / "second")
    viewed, _ = arms.finetune(settings(), VIEWS, start, data, 0, data / "third")
    assert changed(tuned, again) == set() and changed(tuned, viewed)


@pytest.mark.parametrize("profile", ["mini", "tiny", "paper"])
def test_every_arm_of_a_profile_names_an_augmentation_that_it_can_have(profile, monkeypatch):
    monkeypatch.chdir(ROOT)
    images = config.section(ImageSettings, "images", profile)
    names = config.profile(profile).content["arms"]
    arms_of = {name: config.arm(TrainingSettings, name, profile) for name in names}
    chosen = {name: augmentation_of(one, images, name) for name, one in arms_of.items()}
    assert chosen["no_augmentation"] is None and chosen["full"] == images.augmentations["code_2021"]
    assert chosen["caption_safe"] == images.augmentations["caption_safe"]
    base = arms_of["plus_fixed_scale"].model_dump()
    for name in ("caption_safe", "readme_2021"):  # one change each
        own = arms_of[name].model_dump()
        assert {key for key in base if base[key] != own[key]} == {"augmentation"}


def test_an_augmentation_that_is_not_there_or_not_stored_is_refused():
    images = config.parse(ImageSettings, TINY["images"], "images")
    with pytest.raises(InputError, match="arm `x`: `augmentation` is `code_2022`.*did you mean `code_2021`"):
        augmentation_of(settings(augmentation="code_2022"), images, "arm `x`")
    with pytest.raises(InputError, match="augmented with `code_2021`, not with `caption_safe`; .* or its `frozen_on` to pixels"):
        augmentation_of(settings(augmentation="caption_safe"), images, "arm `x`")
    for allowed in ({"frozen_updates": 0}, {"frozen_on": "pixels"}):
        assert augmentation_of(settings(augmentation="caption_safe", **allowed), images, "arm `x`").flip == 0


def test_a_frozen_phase_that_wants_features_which_are_not_computed_is_refused():
    images = config.parse(ImageSettings, TINY["images"], "images")
    with pytest.raises(InputError, match="arm `x`: `frozen_views` is 5, but `images.views` is 3; .* or set `frozen_on` to pixels"):
        check_features(settings(frozen_views=5), images, NO_DRAWS, "arm `x`")
    with pytest.raises(InputError, match=r"`text_dropout` is 0.1 and `features.text_dropout` 0.0; make them equal"):
        check_features(settings(text_dropout=0.1), images, NO_DRAWS, "arm `x`")
    for allowed in ({"frozen_on": "pixels"}, {"frozen_updates": 0}):
        check_features(settings(frozen_views=5, text_dropout=0.1, **allowed), images, NO_DRAWS, "arm `x`")
    check_features(settings(frozen_views=3, text_dropout=0.1), images, FeatureSettings(text_draws=2, text_dropout=0.1), "arm `x`")


def test_settings_of_views_and_draws_that_contradict_each_other_are_refused():
    with pytest.raises(InputError, match="`frozen_views` is 2, but `augmentation` is null"):
        settings(frozen_views=2, augmentation=None)
    for content in ({"text_draws": 2, "text_dropout": 0.0}, {"text_draws": 0, "text_dropout": 0.1}):
        with pytest.raises(InputError, match="set both, or both to 0"):
            config.parse(FeatureSettings, content, "features")


def test_without_a_lock_all_but_the_fixed_scale_learns(data):
    start = model()
    tuned, curve = arms.finetune(settings(), VIEWS, start, data, 0, data / "state")
    assert changed(start, tuned) == set(start.params) - {"logit_scale"}
    assert [row["step"] for row in curve] == [0, 3]


def test_what_is_locked_stays_as_it_is_in_both_phases(data):
    start, locked = model(), ["vision_model", "visual_projection"]
    features.write(data / "features", start, data, NO_DRAWS, 8, 24)
    frozen, _ = arms.pretrain(settings(locked=locked), start, data / "features", 0, data / "first")
    assert changed(start, frozen) == {"text_projection"}
    tuned, _ = arms.finetune(settings(locked=locked), VIEWS, frozen, data, 0, data / "second")
    assert changed(frozen, tuned) == {"text_model", "text_projection"}


def with_views(data, captions):
    """Stores two views of the training pictures as stage `augment` draws them; the captions are these."""
    stored, folders = Shards(data / "train"), {"train": 0, "views/0": 1, "views/1": 2}
    clean, numbers = stored.pixels(range(len(stored))), np.array([number(example) for example in stored.ids])
    said = [[captions[i % 8], captions[(i + 1) % 8]] for i in range(24)]
    described = [Example(*one) for one in zip(stored.ids, stored.sources, said, strict=True)]
    for name, place in folders.items():
        seen = augmentation.views(clean, 24, VIEWS_SEED, numbers, place - 1, VIEWS) if place else clean
        write_shards(data / name, described, seen, 16)


def both_ways(data, start, **changes):
    """The frozen phase on features, and with the frozen towers in every step: more than two epochs."""
    arm = settings(frozen_updates=8, token_multiple=4, **changes)
    features.write(data / "features", start, data, NO_DRAWS, 8, 24)
    cached, curve = arms.pretrain(arm, start, data / "features", 0, data / "first")
    views = VIEWS if arm.augmentation else None
    looped, other = arms.pretrain_on_pixels(arm, views, VIEWS_SEED, start, data, 0, data / "second")
    assert changed(start, cached) == {"visual_projection", "text_projection"} and len(curve) == len(other)
    for row, same in zip(curve, other, strict=True):
        assert row == pytest.approx(same, rel=1e-5, abs=1e-6)
    return cached, looped


@pytest.mark.parametrize("changes", [{"augmentation": None}, {"frozen_views": 1}, {"frozen_views": 2}])
def test_training_on_features_equals_training_with_the_frozen_towers_in_every_step(data, changes):
    with_views(data, [f"{first}{second}" for first in "ab" for second in "cdef"])  # all of one length: the same programs
    cached, looped = both_ways(data, model(), **changes)
    assert changed(cached, looped) == set()


def test_where_texts_are_padded_otherwise_the_two_ways_differ_by_rounding_alone(data):
    with_views(data, CAPTIONS)
    cached, looped = both_ways(data, model(), frozen_views=2)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), cached.params, looped.params)


def test_a_frozen_tower_in_every_step_has_neither_gradient_nor_optimiser_state_nor_another_bit(data, monkeypatch):
    seen, build = [], optimiser.build

    def watched(rates):
        transform = build(rates)
        init = lambda params: seen.append(params) or transform.init(params)  # noqa: E731
        update = lambda grads, state, params: seen.append(grads) or transform.update(grads, state, params)  # noqa: E731
        return transform._replace(init=init, update=update)

    monkeypatch.setattr(optimiser, "build", watched)
    start, rates = model(), settings().frozen_optimiser.model_dump() | {"learning_rate": 0.0123}  # no other test's
    frozen, _ = arms.pretrain_on_pixels(settings(frozen_optimiser=rates), VIEWS, VIEWS_SEED, start, data, 0, data / "state")
    assert changed(start, frozen) == {"visual_projection", "text_projection"}
    assert len(seen) >= 2 and all({path.split("/")[0] for path in one} == changed(start, frozen) for one in seen)


@pytest.mark.parametrize("kinds", [None, 2])
def test_the_frozen_phase_on_pixels_sees_so_many_views_in_turn_or_new_ones(data, kinds):
    train = examples.load(data / "train", model().tokenizer, 12)
    batches = PixelBatches(train, settings(batch=24, negatives=24), VIEWS, 24, 0, 0, VIEWS_SEED, kinds)
    views = [batches(step)["pixels"][np.argsort(order.permutation(0, step, 24))] for step in range(4)]
    same = {(i, j) for i in range(4) for j in range(i) if np.array_equal(views[i], views[j])}
    assert same == ({(2, 0), (3, 1)} if kinds else set())
    clean = train.stored.pixels(range(len(train)))
    assert np.array_equal(views[1], augmentation.views(clean, 24, VIEWS_SEED, train.numbers, 1, VIEWS))


def test_with_text_dropout_an_epoch_of_the_frozen_phase_sees_a_draw_of_the_captions(data):
    start, arm = model(), settings(frozen_updates=6, text_dropout=0.5)
    features.write(data / "features", start, data, FeatureSettings(text_draws=2, text_dropout=0.5), 8, 24)
    dropped, _ = arms.pretrain(arm, start, data / "features", 0, data / "first")
    plain, _ = arms.pretrain(settings(frozen_updates=6), start, data / "features", 0, data / "second")
    assert changed(plain, dropped)
    for draw, state in enumerate("ab"):  # epoch 0 sees draw 0 and epoch 1 draw 1: without either another model is learnt
        shutil.copy(data / "features/train-text.npy", data / f"features/train-text-draw-{draw}.npy")
        before, dropped = dropped, arms.pretrain(arm, start, data / "features", 0, data / state)[0]
        assert changed(before, dropped)
    assert changed(plain, dropped) == set()


def test_a_bias_learns_with_the_sigmoid_loss(data):
    start = model(bias=True)
    tuned, curve = arms.finetune(settings(learned_scale=True), VIEWS, start, data, 0, data / "state")
    assert changed(start, tuned) == set(start.params)
    assert curve[0]["valid_loss"] > curve[0]["valid_loss_at_20"]  # at first most of n * n pairs are told the wrong way


EVERY_SECOND = list(range(0, 24, 2))
A_SHARE = examples.kept(["wit"] * 24, (), 0.5, seed=0).tolist()


@pytest.mark.parametrize(
    ("change", "train", "valid"),
    [({"left_out": ["mscoco_it"]}, EVERY_SECOND, EVERY_SECOND), ({"share": 0.5}, A_SHARE, list(range(24)))],
)
def test_leaving_a_source_or_a_share_of_the_images_out_equals_data_without_them(data, change, train, valid):
    start = model()
    features.write(data / "features", start, data, NO_DRAWS, 8, 24)
    (data / "cut").mkdir()
    for part, seed, kept in (("train", 0, train), ("valid", 1, valid), ("views/0", 2, train)):
        described = [Example(f"x/{i}", SOURCES[i % 2], [CAPTIONS[i % 8], CAPTIONS[(i + 1) % 8]]) for i in kept]
        write_shards(data / "cut" / part, described, pictures(seed, 24)[kept], 16)
    features.write(data / "cut/features", start, data / "cut", NO_DRAWS, 8, 24)
    for run, folder in ((functools.partial(arms.finetune, views=VIEWS), ""), (arms.pretrain, "features")):
        name = "state" + folder
        ours, curve = run(settings(**change), model=start, **place(data, folder, name + "1"))
        theirs, their_curve = run(settings(), model=start, **place(data / "cut", folder, name + "2"))
        for row, other in zip(curve, their_curve, strict=True):  # features round otherwise in blocks of other pictures
            assert row == pytest.approx(other, rel=1e-6 if folder else 0, abs=1e-6 if folder else 0)
        jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4 if folder else 0), ours.params, theirs.params)
        everything, _ = run(settings(), model=start, **place(data, folder, name + "3"))
        assert changed(ours, everything)


def test_a_share_of_the_images_is_the_seed_s_own_and_holds_the_smaller_shares():
    quarter, half, whole = (examples.kept(SOURCES * 50, (), share, seed=3).tolist() for share in (0.25, 0.5, 1.0))
    assert [len(quarter), len(half)] == [25, 50] and whole == list(range(100))
    assert set(quarter) < set(half) and quarter == sorted(quarter) and half == sorted(half)
    assert half != examples.kept(SOURCES * 50, (), 0.5, seed=4).tolist()
    rest = examples.kept(SOURCES * 50, ["wit"], 0.5, seed=3)  # a share of what is not left out
    assert len(rest) == 25 and set(rest % 2) == {1}


def place(data, folder, state):
    return {"folder" if folder else "data": data / folder, "seed": 0, "state": data / state}


def translations(folder):
    path = folder / "translations.tsv"
    path.write_text("".join(f"{english}\t{italian}\n" for italian, english in ENGLISH_OF.items()))
    return engines.Translations(path)


def test_the_english_control_learns_the_translations_alone(data, monkeypatch):
    said = []
    original = tokens.encode
    monkeypatch.setattr(tokens, "encode", lambda tokenizer, texts, length: said.extend(texts) or original(tokenizer, texts, length))
    clip = model()
    pairs = PairsSettings(training=multilingual.unfrozen(settings()), views=VIEWS)
    tuned, curve = multilingual.english_control(pairs, clip, translations(data), data, 0, data / "state")
    assert set(said) == set(ENGLISH_OF.values())
    assert curve[-1]["step"] == 3  # the updates of the arms' tuned phase
    assert changed(clip, tuned) == set(clip.params) - {"logit_scale"}


def test_the_multilingual_clip_learns_both_languages_and_repeats(data, monkeypatch):
    said = []
    original = tokens.encode
    monkeypatch.setattr(tokens, "encode", lambda tokenizer, texts, length: said.extend(texts) or original(tokenizer, texts, length))
    sentences = data / "parallel.tsv"
    sentences.write_text("".join(f"{english}\t{italian}\n" for italian, english in ENGLISH_OF.items()) * 8)
    tower = TINY["baselines"]["multilingual"] | {"updates": 2, "evaluate_every": 2}
    both = config.parse(
        MultilingualSettings,
        {"training": multilingual.unfrozen(settings()).model_dump(), "views": VIEWS.model_dump(), "tower": tower},
        "baselines",
    )
    clip, given = model(ENGLISH), (sentences, translations(data), data, 0)
    results = [multilingual.multilingual(both, clip, *given, data / name)[0] for name in ("a", "b")]
    together = {f"{english} {italian}" for italian, english in ENGLISH_OF.items()}
    assert set(said) == set(ENGLISH_OF) | set(ENGLISH_OF.values()) | together
    assert changed(*results) == set()
    assert results[0].settings.text.max_length == 36 and results[0].settings.image == ENGLISH.image


def test_an_arm_with_a_bias_starts_from_the_same_towers_as_one_without(here):
    clip = model(ENGLISH)
    assembly.save(here / "english_clip", clip)
    tower = model(ITALIAN)
    assembly.save_parts(here / "italian_bert", ITALIAN.text, tower.params["text_model"], tower.tokenizer)
    plain, biased = assembly.italian(here, 3, 20.0), assembly.italian(here, 3, 10.0, -10.0)
    assert set(biased.params) - set(plain.params) == {"logit_bias"} and float(biased.params["logit_bias"]) == -10
    assert changed(plain, biased) == {"logit_scale"}
    assembly.save(here / "biased", biased)
    assert changed(biased, assembly.load(here / "biased")) == set()
