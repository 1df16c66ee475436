"""The towers: what padding and position in a batch may not change, and agreement with the reference implementations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from clip_italian.checkpoints import weights
from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.bert import Bert, MaskedLanguageModel
from clip_italian.models.clip_text import ClipText
from clip_italian.models.encoder import Encoder
from clip_italian.models.vit import VisionTransformer, convolution
from clip_italian.training import backbones
from tests.helpers.golden_values import GOLDEN
from tests.helpers.small_models import BERT, CLIP_TEXT, ENGLISH, IMAGE, ITALIAN, pictures, texts

MEAN_POOLED, FIRST_LAST = (
    ITALIAN.model_copy(update={"text": BERT.model_copy(update={"pooling": pooling})}) for pooling in ("mean", "first_last")
)
TEXT_TOWERS = pytest.mark.parametrize(
    "settings", [ITALIAN, MEAN_POOLED, FIRST_LAST, ENGLISH], ids=["pooler", "mean", "first_last", "causal"]
)


@functools.cache
def parameters(settings):
    return jax.device_get(dual_encoder.initial(settings, jax.random.key(0), 20.0))


@functools.partial(jax.jit, static_argnums=0)
def text_embeddings(settings, params, ids, mask):
    return dual_encoder.project_text(params, dual_encoder.text_features(settings, params, ids, mask))


def embed_texts(settings, encoded):
    return np.asarray(text_embeddings(settings, parameters(settings), *encoded))


def lengthened(encoded, more, filler):
    """The same texts with `more` places of padding, in which the ids are `filler`."""
    ids = np.pad(encoded.ids, ((0, 0), (0, more)))
    mask = np.pad(encoded.mask, ((0, 0), (0, more)))
    return Tokens(np.where(mask, ids, filler).astype(np.int32), mask)


@TEXT_TOWERS
def test_padding_never_changes_an_embedding(settings):
    encoded = texts(seed=1, count=6, length=8)
    expected = embed_texts(settings, encoded)
    for more, filler in ((0, 17), (4, 0), (4, 23)):
        np.testing.assert_allclose(embed_texts(settings, lengthened(encoded, more, filler)), expected, atol=1e-6)


@TEXT_TOWERS
def test_trimming_a_batch_never_changes_an_embedding(settings):
    encoded = texts(seed=2, count=4, length=7)
    padded = lengthened(encoded, 5, 0)
    trimmed = tokens.trim(padded, 4)
    assert trimmed.ids.shape == (4, 8)
    np.testing.assert_allclose(embed_texts(settings, trimmed), embed_texts(settings, padded), atol=1e-6)


@TEXT_TOWERS
def test_no_gradient_reaches_the_padding_and_some_reaches_every_real_token(settings):
    encoded = texts(seed=3, count=4, length=10)
    ids = np.arange(40).reshape(4, 10).astype(np.int32)  # each place its own row of the table, so its own gradient
    table = "embeddings.token_embedding" if settings is ENGLISH else "embeddings.word_embeddings"
    params, direction = parameters(settings), np.random.default_rng(0).normal(size=(4, 8))

    def score(rows):
        tower = {**params["text_model"], table: {"embedding": rows}}
        return jnp.sum(direction * text_embeddings(settings, {**params, "text_model": tower}, ids, encoded.mask))

    gradient = np.asarray(jax.grad(score)(params["text_model"][table]["embedding"]))
    size = np.abs(gradient).sum(axis=1).reshape(4, 10)
    assert (size[~encoded.mask] == 0).all()
    assert (size[encoded.mask] > 1e-6).all()


def test_a_causal_token_never_looks_ahead():
    ids = texts(seed=4, count=1, length=8).ids

    def features(ids, length):
        return embed_texts(ENGLISH, Tokens(ids, np.arange(8)[None] < length))

    changed = ids.copy()
    changed[0, 5] = (ids[0, 5] + 1) % 40
    for length in range(1, 6):
        np.testing.assert_array_equal(features(ids, length), features(changed, length))
    assert np.abs(features(ids, 6) - features(changed, 6)).max() > 1e-2


@TEXT_TOWERS
def test_a_text_of_padding_alone_has_a_finite_embedding(settings):
    nothing = Tokens(np.zeros((2, 6), np.int32), np.zeros((2, 6), bool))
    assert np.isfinite(embed_texts(settings, nothing)).all()


@pytest.mark.parametrize("settings", [ITALIAN, ENGLISH], ids=["italian", "english"])
def test_an_embedding_does_not_depend_on_the_block_nor_on_the_place_in_it(settings):
    params, encoded, pixels = parameters(settings), texts(seed=5, count=7), pictures(seed=6, count=7)
    order = np.random.default_rng(7).permutation(7)

    def both(block, rows):
        encoder = Encoder(settings, block)
        image, text = encoder.images(params, pixels[rows]), encoder.texts(params, tokens.take(encoded, rows))
        return dual_encoder.project_image(params, image), dual_encoder.project_text(params, text)

    for expected, alone, shuffled in zip(both(7, np.arange(7)), both(3, np.arange(7)), both(3, order), strict=True):
        np.testing.assert_allclose(alone, expected, atol=1e-6)
        np.testing.assert_allclose(shuffled, expected[order], atol=1e-6)


def test_a_zero_vector_has_a_zero_embedding_and_finite_gradients():
    zero = jnp.zeros((1, 4))
    assert (dual_encoder.unit(zero) == 0).all()
    assert jnp.isfinite(jax.grad(lambda x: dual_encoder.unit(x).sum())(zero)).all()
    np.testing.assert_allclose(jnp.linalg.norm(dual_encoder.unit(jnp.array([[3e-3, 4e-3]])), axis=1), 1, atol=1e-6)


def golden(prefix):
    """One tower of the golden file: its weights, inputs and outputs."""
    with np.load(GOLDEN / "towers.npz") as arrays:
        parts = {part: f"{prefix}/{part}/" for part in ("weights", "inputs", "outputs")}
        return [{name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)} for start in parts.values()]


def run(tower, params, *inputs):
    """A tower's output and what each of its parts returned, by the part's name."""
    applied = functools.partial(tower.apply, capture_intermediates=True, mutable=["intermediates"])
    output, seen = jax.device_get(jax.jit(applied)({"params": params}, *inputs))
    return output, {name: value["__call__"][0] for name, value in seen["intermediates"].items() if name != "__call__"}


def loaded(prefix, part, settings):
    """The golden weights, read by name into the part of the dual encoder that they are of."""
    state, inputs, outputs = golden(prefix)
    like = dual_encoder.shapes(settings)
    state = {name if name.startswith(part) else f"{part}.{name}": value for name, value in state.items()}
    paths = flatten_dict({part: like[part]})
    params = {path: weights.from_torch(path, state[weights.torch_name(path)]) for path in paths}
    return unflatten_dict(params)[part], inputs, outputs


close = functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-5)


def test_bert_agrees_with_the_reference_implementation():
    params, inputs, expected = loaded("bert", "text_model", ITALIAN)
    real = inputs["attention_mask"]
    (features, pooled), seen = run(Bert(BERT), params, inputs["input_ids"].astype(np.int32), real)
    close(seen["embeddings.LayerNorm"], expected["embedded"])
    close(seen["encoder.layer.0"][real], expected["first"][real])
    close(pooled, expected["pooled"])
    (_, mean), _ = run(Bert(MEAN_POOLED.text), params, inputs["input_ids"].astype(np.int32), real)
    close(mean, [row[kept].mean(axis=0) for row, kept in zip(features, real, strict=True)])
    (_, both), _ = run(Bert(FIRST_LAST.text), params, inputs["input_ids"].astype(np.int32), real)
    halves = (expected["embedded"] + np.asarray(features)) / 2
    close(both, [row[kept].mean(axis=0) for row, kept in zip(halves, real, strict=True)])


def test_windows_that_do_not_overlap_are_convolved_as_a_convolution_does():
    x = jax.random.normal(jax.random.key(1), (2, 13, 17, 3))  # a margin is left over on both sides
    layer = convolution(5, 4, 4, "c", bias=True)
    variables = layer.init(jax.random.key(0), x)
    kernel = variables["params"]["kernel"]
    axes = ("NHWC", "HWIO", "NHWC")
    close(layer.apply(variables, x), jax.lax.conv_general_dilated(x, kernel, (4, 4), "VALID", dimension_numbers=axes))


def test_the_vision_tower_agrees_with_the_reference_implementation():
    params, inputs, expected = loaded("vision", "vision_model", ITALIAN)
    pooled, seen = run(VisionTransformer(IMAGE), params, inputs["pixel_values"].transpose(0, 2, 3, 1))
    close(seen["pre_layrnorm"], expected["embedded"])
    close(seen["encoder.layers.0"], expected["first"])
    close(pooled, expected["pooled"])


def test_the_causal_text_tower_agrees_with_the_reference_implementation():
    params, inputs, expected = loaded("text", "text_model", ENGLISH)
    pooled, seen = run(ClipText(CLIP_TEXT), params, inputs["input_ids"].astype(np.int32), inputs["mask"])
    close(seen["embeddings.token_embedding"] + seen["embeddings.position_embedding"], expected["embedded"])
    close(seen["encoder.layers.0"], expected["first"])
    close(pooled, expected["pooled"])


def test_the_masked_language_model_scores_words_by_their_own_vectors():
    params = jax.tree.map(np.array, backbones.initial_bert(BERT, jax.random.key(1)))
    encoded, places = texts(seed=8, count=3), np.array([[0, 1], [1, 0], [0, 0]], np.int32)
    encoded.ids[encoded.ids == 39] = 38  # word 39 stands in no text: its vector moves its own score and nothing else
    scores = jax.jit(lambda params, places: MaskedLanguageModel(BERT).apply({"params": params}, *map(jnp.asarray, encoded), places))
    before = np.asarray(scores(params, places))
    assert before.shape == (3, 2, BERT.vocabulary)
    np.testing.assert_allclose(scores(params, places[:, ::-1].copy()), before[:, ::-1], atol=1e-5)
    params["bert"]["embeddings.word_embeddings"]["embedding"][39] *= -1
    moved = np.abs(scores(params, places) - before).max(axis=(0, 1))
    assert moved[39] > 1e-3 and moved[:39].max() < 1e-6
