"""A dual encoder for pictures of another size; expected embeddings are torch's."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clip_italian.data.images.resizing import Fit
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from tests.helpers.small_models import ENGLISH, ITALIAN, pictures

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/positions.json").read_text())


@pytest.mark.parametrize("new", [key for key in GOLDEN if key != "old"])
def test_embeddings_of_another_grid_are_those_of_torchs_bicubic(new):
    old = jnp.asarray(GOLDEN["old"], jnp.float32)
    np.testing.assert_allclose(dual_encoder.interpolated(old, 5, int(new)), GOLDEN[new], atol=1e-5)


@pytest.mark.parametrize(("old", "new"), [(7, 7), (7, 12), (12, 7), (1, 4), (4, 1)])
def test_every_new_sample_is_a_mean_of_old_ones(old, new):
    np.testing.assert_allclose(dual_encoder.interpolated(jnp.ones((old * old, 3)), old, new), 1, atol=1e-6)
    if old == new:
        table = jax.random.normal(jax.random.key(0), (old * old, 3))
        np.testing.assert_allclose(dual_encoder.interpolated(table, old, new), table, atol=1e-6)


@pytest.mark.parametrize("settings", [ITALIAN, ENGLISH])
def test_a_model_takes_pictures_of_another_size(settings):
    params = dual_encoder.initial(settings, jax.random.key(0), 1.0)
    larger, moved = dual_encoder.resized(settings, params, 48)
    assert larger.image.image_size == 48
    features = dual_encoder.image_features(larger, moved, jnp.asarray(pictures(0, 2, 48)))
    assert features.shape == (2, settings.image.width) and np.isfinite(features).all()
    name = "embeddings.position_embedding"
    class_token = params["vision_model"][name]["embedding"][0]
    assert np.array_equal(moved["vision_model"][name]["embedding"][0], class_token)
    assert moved["text_model"] is params["text_model"]


def test_a_model_for_its_own_size_is_the_same_model():
    params = dual_encoder.initial(ITALIAN, jax.random.key(0), 1.0)
    settings, same = dual_encoder.resized(ITALIAN, params, 24)
    assert settings == ITALIAN
    assert jax.tree.all(jax.tree.map(np.array_equal, same, params))


def test_pictures_are_scaled_to_the_new_size_alone():
    image = ITALIAN.image.model_copy(update={"fit": Fit(resized=30)})
    params = dual_encoder.initial(ITALIAN, jax.random.key(0), 1.0)
    settings, _ = dual_encoder.resized(ITALIAN.model_copy(update={"image": image}), params, 40)
    assert settings.image.fit == Fit()


def test_a_picture_smaller_than_a_patch_is_refused():
    params = dual_encoder.initial(ITALIAN, jax.random.key(0), 1.0)
    with pytest.raises(InputError, match="7 pixels a side hold no patch of 8; give a larger `image_size`"):
        dual_encoder.resized(ITALIAN, params, 7)
