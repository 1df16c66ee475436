"""How a model is computed: rounding to bfloat16, computing blocks again, dropout of the text tower."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import compute_policy, dual_encoder
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.encoder import Encoder
from clip_italian.models.vit import ViTSettings
from tests.helpers.small_models import BERT, CLIP_TEXT, IMAGE, SIZES, STEMMED_IMAGE, pictures, texts

ONE = {**SIZES, "depth": 1}
TANH = {"activation": "gelu_tanh", "epsilon": 1e-6}
SIGLIP = DualEncoderSettings(
    image=ViTSettings(image_size=24, stem=(), patch=8, pooling="attention", **ONE, **TANH),
    text=ClipTextSettings(vocabulary=40, max_length=12, reading="fixed", **ONE, **TANH),
    projection=16,
    image_head="none",
    text_head="affine",
)
CLIP = DualEncoderSettings(image=IMAGE.model_copy(update=ONE), text=CLIP_TEXT.model_copy(update=ONE), projection=8)
STEMMED = DualEncoderSettings(
    image=STEMMED_IMAGE.model_copy(update=ONE), text=BERT.model_copy(update={**ONE, "pooling": "first_last"}), projection=8
)
ITALIAN = STEMMED.model_copy(update={"text": STEMMED.text.model_copy(update={"pooling": "pooler"})})
MODELS = pytest.mark.parametrize("settings", [CLIP, STEMMED, SIGLIP], ids=["clip", "stem and BERT", "siglip"])
ENCODED, PIXELS = tokens.Tokens(*map(jnp.asarray, texts(seed=1, count=6))), jnp.asarray(pictures(seed=2, count=6))
KEY = jax.random.key(3)


@functools.cache
def parameters(settings):
    return jax.device_get(dual_encoder.initial(settings, jax.random.key(0), 20.0))


def features(settings, params, policy, key=None):
    image = dual_encoder.image_features(settings, params, PIXELS, policy)
    return image, dual_encoder.text_features(settings, params, *ENCODED, policy, key)


@functools.cache
def gradients(settings, policy):
    """The gradient of the cosines of a batch's pairs, which all parameters but the scale have one of, and the features."""

    def cosines(params):
        image, text = features(settings, params, policy, KEY)
        return (dual_encoder.project_image(params, image) * dual_encoder.project_text(params, text)).sum(), (image, text)

    return jax.device_get(jax.jit(jax.grad(cosines, has_aux=True))(parameters(settings)))


def compare(got, expected, tolerance):
    """The distance of every part's gradient from another, relative to the part's size."""
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for part in ("vision_model", "text_model", "visual_projection", "text_projection"):
        one, other = (np.concatenate([np.ravel(x) for x in [np.zeros(0), *jax.tree.leaves(g[part])]]) for g in (got, expected))
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)


# --- bfloat16 ---------------------------------------------------------------------------------------------------------
@MODELS
def test_rounding_to_bfloat16_keeps_features_gradients_and_parameters_in_float32_and_moves_them_little(settings):
    (got, rounded), (expected, exact) = (gradients(settings, policy) for policy in (ComputePolicy("bfloat16"), PLAIN))
    assert {leaf.dtype for leaf in jax.tree.leaves((got, rounded))} == {np.dtype("float32")}
    compare(got, expected, 0.05)
    for one, other in zip(rounded, exact, strict=True):
        assert 1e-4 < np.linalg.norm(one - other) / np.linalg.norm(other) < 0.02


@MODELS
def test_with_bfloat16_every_matrix_product_of_a_block_reads_bfloat16(settings):
    def products(policy):
        program = jax.make_jaxpr(lambda params: features(settings, params, policy))(parameters(settings))
        return [{v.aval.dtype.name for v in e.invars} for e in program.eqns if e.primitive.name == "dot_general"]

    half, whole = products(ComputePolicy("bfloat16")), products(PLAIN)
    assert len(half) == len(whole) and whole.count({"float32"}) == len(whole)
    assert half.count({"bfloat16"}) == len(half)


def test_a_sum_over_many_examples_loses_nothing_to_bfloat16():
    """A gradient that is the sum of 4,096 equal terms: in bfloat16 it stops growing at the 256th."""
    ids, mask = jnp.full((4096, 2), 7, jnp.int32), jnp.ones((4096, 2), bool)
    direction = np.random.default_rng(0).normal(size=16).astype(np.float32)

    @jax.jit
    @jax.grad
    def gradient(params, ids, mask, shown):
        return (dual_encoder.text_features(ITALIAN, params, ids, mask, ComputePolicy("bfloat16")) @ direction * shown).sum()

    shown = np.arange(4096) < np.array([[4096], [1]])
    many, one = (jax.device_get(gradient(parameters(ITALIAN), ids, mask, row))["text_model"] for row in shown)
    for name, part in (
        ("embeddings.word_embeddings", "embedding"),
        ("embeddings.position_embeddings", "embedding"),
        ("encoder.layer.0", "intermediate.dense"),
    ):
        got, expected = (tree[name][part] for tree in (many, one))
        got, expected = (x["bias"] if isinstance(x, dict) else x for x in (got, expected))
        np.testing.assert_allclose(got / 4096, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


# --- Blocks computed again --------------------------------------------------------------------------------------------
@MODELS
def test_computing_blocks_again_changes_no_gradient(settings):
    compare(gradients(settings, ComputePolicy(remat=True))[0], gradients(settings, PLAIN)[0], 1e-5)


@MODELS
def test_the_backward_pass_computes_every_block_again(settings):
    def products(policy):
        summed = lambda params: sum(part.sum() for part in features(settings, params, policy))  # noqa: E731
        return str(jax.make_jaxpr(jax.grad(summed))(parameters(settings))).count("dot_general")

    # Query, key, value, scores, mixture, output and the two layers behind; what the last of them returns only BERT's block
    # needs, for the norm that ends it.
    assert products(ComputePolicy(remat=True)) == products(PLAIN) + (7 + 8 if settings is STEMMED else 7 + 7)


# --- Dropout ----------------------------------------------------------------------------------------------------------
DROPPED = ComputePolicy(text_dropout=0.1)


def dropped(key, policy=DROPPED, encoded=ENCODED, settings=ITALIAN, numbers=None):
    program = jax.jit(dual_encoder.text_features, static_argnums=(0, 4))
    return np.asarray(program(settings, parameters(settings), *encoded, policy, key, numbers))


def test_dropout_at_rate_zero_is_none_bit_for_bit_with_a_key_or_without():
    expected = dropped(None, PLAIN)
    np.testing.assert_array_equal(dropped(KEY, PLAIN), expected)
    np.testing.assert_array_equal(dropped(None, ComputePolicy(text_dropout=0.0)), expected)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_one_key_drops_the_same_and_another_key_something_else(dtype):
    policy = ComputePolicy(dtype, text_dropout=0.1)
    once = dropped(KEY, policy)
    np.testing.assert_array_equal(dropped(KEY, policy), once)
    assert (np.abs(dropped(jax.random.key(4), policy) - once).max(axis=1) > 1e-2).all()
    assert (np.abs(dropped(None, ComputePolicy(dtype)) - once).max(axis=1) > 1e-2).all()


def test_dropout_keeps_the_expected_value_and_drops_the_stated_share():
    x = jnp.asarray(np.random.default_rng(5).normal(size=(200, 4, 9, 50)).astype(np.float32))
    got = np.asarray(compute_policy.dropout(x, 0.1, compute_policy.text_keys(KEY, jnp.arange(200)), 0))
    zero = got == 0
    assert (zero == zero[:, :1]).all()  # one mask for all heads
    assert abs(zero[:, 0].mean() - 0.1) < 4 * np.sqrt(0.09 / zero[:, 0].size)
    np.testing.assert_allclose(got[~zero], x[~zero] / 0.9, rtol=1e-6)
    for axis in range(3):  # no text, row or column is dropped with another
        shares = zero[:, 0].mean(axis=tuple(other for other in range(3) if other != axis))
        assert shares.min() > 0.05 and shares.max() < 0.15
    assert abs(got.mean() - x.mean()) < 4 * np.abs(x).mean() * np.sqrt(0.1 / 0.9 / x.size * 4)


def test_every_place_of_bert_drops_something():
    """Hugging Face's FlaxBert: the embedded tokens, and in each block the weights, what attention adds and what the rest adds."""
    params = parameters(ITALIAN)
    program = str(jax.make_jaxpr(lambda key: dual_encoder.text_features(ITALIAN, params, *ENCODED, DROPPED, key))(KEY))
    assert program.count("name=_bernoulli") == 1 + 3


def test_what_is_dropped_from_a_text_depends_on_neither_its_padding_nor_the_block_nor_the_other_texts():
    encoded, order = texts(seed=7, count=6), np.random.default_rng(8).permutation(6)
    together = dropped(KEY, encoded=encoded)
    for block in (4, 1):
        got = Encoder(ITALIAN, block, policy=DROPPED).texts(parameters(ITALIAN), encoded, KEY)
        np.testing.assert_allclose(got, together, atol=1e-6)
    shuffled = dropped(KEY, encoded=tokens.take(encoded, order), numbers=order)
    np.testing.assert_allclose(shuffled, together[order], atol=1e-6)


def test_computing_blocks_again_drops_the_same():
    compare(*(gradients(STEMMED, ComputePolicy(remat=again, text_dropout=0.1))[0] for again in (True, False)), 1e-5)


def test_pictures_are_never_dropped_from():
    np.testing.assert_array_equal(gradients(STEMMED, DROPPED)[1][0], gradients(STEMMED, PLAIN)[1][0])


def test_dropout_without_a_key_or_in_another_tower_is_an_error():
    with pytest.raises(InputError, match="`text_dropout`: 0.1 needs a random key"):
        dropped(None)
    with pytest.raises(InputError, match="`text_dropout`: 0.1 is for BERT's text tower only"):
        dropped(KEY, settings=SIGLIP)
