"""Checkpoints: what is written is read back, and what is wrong with a file is named."""

import json

import jax
import numpy as np
import pytest
import safetensors.numpy

from clip_italian.checkpoints import assembly, weights
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.training import backbones
from tests.helpers.small_models import BERT, ENGLISH, ITALIAN

SENTENCES = ["un gatto su una sedia", "due cavalli marroni", "un fiore giallo"]


def initial(settings=ITALIAN):
    return jax.device_get(dual_encoder.initial(settings, jax.random.key(3), 20.0))


@pytest.mark.parametrize("settings", [ITALIAN, ENGLISH], ids=["italian", "english"])
def test_a_model_folder_holds_the_same_bits_when_read_back(here, settings):
    model = Model(settings, initial(settings), tokens.train_wordpiece(SENTENCES, 60))
    assembly.save(here / "model", model)
    read = assembly.load(here / "model")
    assert read.settings == settings
    jax.tree.map(np.testing.assert_array_equal, read.params, model.params)
    assert read.tokenizer.to_str() == model.tokenizer.to_str()
    content = (here / "model" / weights.WEIGHTS).read_bytes()
    assembly.save(here / "again", read)
    assert (here / "again" / weights.WEIGHTS).read_bytes() == content


def test_tensors_have_the_names_and_axes_of_published_checkpoints():
    state = weights.to_state(initial())
    assert state["vision_model.embeddings.patch_embedding.weight"].shape == (16, 3, 8, 8)  # out, in, height, width
    assert state["vision_model.encoder.layers.1.mlp.fc1.weight"].shape == (32, 16)  # out, in
    assert state["text_model.embeddings.word_embeddings.weight"].shape == (40, 16)
    assert state["text_model.encoder.layer.0.attention.output.LayerNorm.weight"].shape == (16,)
    assert state["text_projection.weight"].shape == (8, 16)
    np.testing.assert_allclose(np.exp(state["logit_scale"]), 20, rtol=1e-6)


def test_the_stem_ahead_of_the_patches_is_part_of_the_checkpoint():
    state = weights.to_state(initial(ENGLISH))
    assert state["vision_model.embeddings.stem.0.weight"].shape == (8, 3, 2, 2)  # out, in, height, width
    assert state["vision_model.embeddings.stem.1.weight"].shape == (8, 8, 3, 3)
    assert state["vision_model.embeddings.patch_embedding.weight"].shape == (16, 8, 4, 4)
    assert not any("stem" in name for name in weights.to_state(initial()))


def test_the_tower_of_a_language_model_is_read_back_without_its_prediction_head(here):
    params = jax.device_get(backbones.initial_bert(BERT, jax.random.key(4)))
    assembly.save_parts(here, BERT, params["bert"], tokens.train_wordpiece(SENTENCES, 60))
    settings, tower, _ = assembly.load_text_tower(here)
    assert settings == BERT
    jax.tree.map(np.testing.assert_array_equal, tower, params["bert"])


def test_the_italian_model_takes_its_towers_from_the_backbones_and_only_one_projection_from_the_seed(here):
    tokenizer = tokens.train_wordpiece(SENTENCES, 60)
    clip, bert = initial(ENGLISH), jax.device_get(backbones.initial_bert(BERT, jax.random.key(4)))
    assembly.save(here / "english_clip", Model(ENGLISH, clip, tokenizer))
    assembly.save_parts(here / "italian_bert", BERT, bert["bert"], tokenizer)
    first, again, other = (jax.device_get(assembly.italian(here, seed, 20.0).params) for seed in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    for name, part in (("vision_model", clip["vision_model"]), ("text_model", bert["bert"])):
        jax.tree.map(np.testing.assert_array_equal, first[name], part)
    different = [name for name in first if jax.tree.leaves(first[name])[0].tobytes() != jax.tree.leaves(other[name])[0].tobytes()]
    assert different == ["text_projection"]


def renamed(state, old, new):
    return {new if name == old else name: value for name, value in state.items()}


LAYER = "text_model.encoder.layer.1.output.dense.weight"
FAULTS = {
    "missing": (lambda s: {name: value for name, value in s.items() if name != LAYER}, f"no tensor is `{LAYER}`"),
    "renamed": (lambda s: renamed(s, LAYER, "other"), f"no tensor is `{LAYER}`"),
    "extra": (lambda s: s | {"head.weight": np.zeros(2, np.float32)}, "tensor `head.weight` belongs to no part"),
    "shape": (
        lambda s: s | {LAYER: s[LAYER][:, :5]},
        rf"`{LAYER}` has shape \(16, 5\), which becomes \(5, 16\); the model needs \(32, 16\)",
    ),
    "transposed": (lambda s: s | {LAYER: s[LAYER].T.copy()}, rf"`{LAYER}` has shape"),
    "type": (lambda s: s | {LAYER: s[LAYER].astype(np.int32)}, rf"`{LAYER}` holds int32, not numbers with fractions"),
    "nan": (lambda s: s | {LAYER: np.where(s[LAYER] > 0, np.nan, s[LAYER])}, f"`{LAYER}` holds NaN or infinity"),
    "infinity": (lambda s: s | {LAYER: np.full_like(s[LAYER], np.inf)}, f"`{LAYER}` holds NaN or infinity"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_tensor_is_named_with_its_file(here, fault):
    params = initial()
    spoil, message = FAULTS[fault]
    safetensors.numpy.save_file(spoil(weights.to_state(params)), here / weights.WEIGHTS)
    with pytest.raises(InputError, match=rf"model\.safetensors: .*{message}"):
        assembly.read_params(here, params)


def test_a_damaged_missing_or_foreign_file_is_named(here):
    params = initial()
    weights.save(here, params, ITALIAN)
    path = here / weights.WEIGHTS
    content = path.read_bytes()
    for damaged in (content[:-4], content[:100], b"", b"\xff" * 8 + content[8:], b"cos\nsystem\n(S'touch canary'\ntR."):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.safetensors: .*(damaged|not safetensors).*; download"):
            assembly.read_params(here, params)
    path.unlink()
    with pytest.raises(InputError, match=r"model\.safetensors: missing; run"):
        assembly.read_params(here, params)
    assert not (here / "canary").exists()


def test_a_settings_file_of_another_model_is_named(here):
    weights.save(here, initial(), BERT)
    with pytest.raises(InputError, match=r"config\.json: .*missing key `image`"):
        weights.load_settings(here, DualEncoderSettings)


def test_a_flipped_bit_anywhere_in_a_folder_of_ours_is_refused(here):
    assembly.save(here, Model(ITALIAN, initial(), tokens.train_wordpiece(SENTENCES, 60)))
    draw = np.random.default_rng(0)
    for path in sorted(here.iterdir()):
        content = path.read_bytes()
        for _ in range(10):
            flipped = bytearray(content)
            flipped[draw.integers(len(flipped))] ^= 1 << draw.integers(8)
            path.write_bytes(flipped)
            with pytest.raises(InputError, match=r"(has SHA-256 \w+ instead of|missing; run|not valid JSON)"):
                assembly.load(here)
        path.write_bytes(content)
    assert assembly.load(here).settings == ITALIAN


def test_settings_that_code_calls_otherwise_keep_their_keys_in_folders(here):
    weights.save(here, initial(), ITALIAN)
    content = json.loads((here / weights.SETTINGS).read_text())
    assert {"positions", "hidden"} <= set(content["text"]) and {"deviation", "hidden"} <= set(content["image"])
    assert weights.load_settings(here, DualEncoderSettings) == ITALIAN
    assert DualEncoderSettings.model_validate(ITALIAN.model_dump()) == ITALIAN
