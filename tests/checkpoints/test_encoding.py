"""A model in use: what goes in, in which order the vectors come out, and how little is computed and held for it."""

import functools

import jax
import numpy as np
import pytest
from PIL import Image

from clip_italian.checkpoints.model import Model
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder, encoder
from clip_italian.models.encoder import Encoder, padded_length, power_of_two
from tests.helpers.small_models import ENGLISH, IMAGE, ITALIAN, STEMMED_IMAGE, pictures

TEXTS = ["a", "un gatto su una sedia", "", "due cavalli", "un fiore giallo e uno blu su un tavolo"]
ALIKE = 1e-6


@functools.cache
def params(settings):
    return jax.device_get(dual_encoder.initial(settings, jax.random.key(0), 20.0))


def tokenise(texts):
    """Between a first and a last token, one for each letter; cut to 12."""
    ids, mask = np.zeros((len(texts), 12), np.int32), np.zeros((len(texts), 12), bool)
    for row, text in enumerate(texts):
        letters = [1, *(5 + ord(letter) % 30 for letter in text)][:11] + [2]
        ids[row, : len(letters)], mask[row, : len(letters)] = letters, True
    return Tokens(ids, mask)


@pytest.fixture(params=[ITALIAN, ENGLISH], ids=["italian", "english"])
def clip(request):
    return Model(request.param, params(request.param), tokenise)


@pytest.fixture
def shapes(monkeypatch):
    """The shapes that the towers are run with."""
    seen = []
    for name in ("_image", "_text"):
        monkeypatch.setattr(encoder, name, Noting(getattr(encoder, name), seen))
    return seen


class Noting:
    """A jitted function that notes the shape of the first array it is called with."""

    def __init__(self, program, seen):
        self.lower, self._program, self._seen = program.lower, program, seen

    def __call__(self, *inputs):
        self._seen.append(next(one.shape for one in inputs if isinstance(one, np.ndarray)))
        return self._program(*inputs)


def test_vectors_have_length_one_and_do_not_depend_on_the_batch_nor_on_the_company(clip):
    shown = list(pictures(seed=1, count=7, side=30))
    image, text = clip.encode_image(shown), clip.encode_text(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(image, axis=1), 1, atol=ALIKE)
    np.testing.assert_allclose(np.linalg.norm(text, axis=1), 1, atol=ALIKE)
    for batch in (1, 2, 3, 100):
        np.testing.assert_allclose(clip.encode_image(shown, batch), image, atol=ALIKE)
        np.testing.assert_allclose(clip.encode_text(TEXTS, batch), text, atol=ALIKE)
    for row, vector in enumerate(text):
        np.testing.assert_allclose(clip.encode_text([TEXTS[row]])[0], vector, atol=ALIKE)


def test_vectors_come_in_the_order_of_what_was_given(clip):
    shown, order = list(pictures(seed=2, count=5)), [3, 0, 4, 1, 2]
    np.testing.assert_allclose(clip.encode_image([shown[i] for i in order], 2), clip.encode_image(shown, 2)[order], atol=ALIKE)
    np.testing.assert_allclose(clip.encode_text([TEXTS[i] for i in order], 2), clip.encode_text(TEXTS, 2)[order], atol=ALIKE)
    apart = np.abs(clip.encode_text(TEXTS)[:, None] - clip.encode_text(TEXTS)[None]).max(axis=-1)
    assert (apart + np.eye(5) > 1e-3).all()


def test_similarity_is_the_cosine_of_every_picture_with_every_text(clip):
    shown = list(pictures(seed=3, count=2))
    cosines = clip.similarity(shown, TEXTS)
    assert cosines.shape == (2, 5)
    np.testing.assert_allclose(cosines[1, 3], clip.encode_image(shown)[1] @ clip.encode_text(TEXTS)[3], atol=ALIKE)


def test_paths_pillow_images_arrays_and_generators_of_them_are_one_picture(clip, tmp_path):
    pixels = pictures(seed=4, count=1, side=40)[0]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    kinds = [pixels, Image.fromarray(pixels), tmp_path / "a.png", str(tmp_path / "a.png")]
    vectors = clip.encode_image((picture for picture in kinds), batch=2)
    np.testing.assert_allclose(vectors, vectors[:1].repeat(4, axis=0), atol=ALIKE)
    np.testing.assert_allclose(clip.encode_text(text for text in TEXTS), clip.encode_text(TEXTS), atol=ALIKE)


def test_nothing_gives_no_vectors(clip):
    for vectors in (clip.encode_image([]), clip.encode_text([]), clip.encode_image(iter([])), clip.encode_text(iter([]))):
        assert vectors.shape == (0, 8) and vectors.dtype == np.float32
    assert clip.similarity([], TEXTS).shape == (0, 5)
    weights, features = params(ITALIAN), Encoder(ITALIAN, 4)
    assert features.images(weights, pictures(seed=0, count=0)).shape == (0, 16)
    assert features.texts(weights, tokenise([])).shape == (0, 16)


def test_one_picture_or_text_costs_one(clip, shapes):
    clip.encode_image(list(pictures(seed=5, count=1)))
    clip.encode_text(["un"])
    assert shapes == [(1, 24, 24, 3), (1, 4)]


def test_few_are_padded_to_a_power_of_two_at_most(clip, shapes):
    clip.encode_image(list(pictures(seed=6, count=5)), batch=64)
    clip.encode_image(list(pictures(seed=6, count=9)), batch=4)
    assert [shape[0] for shape in shapes] == [8, 4, 4, 1]


def test_short_texts_do_not_pay_for_a_long_one(clip, shapes):
    clip.encode_text(["a", "un fiore giallo", *"bcdefgh"], batch=4)
    assert shapes == [(4, 12), (4, 4), (1, 4)]


def test_texts_are_padded_to_few_lengths_and_by_a_quarter_or_one_token_at_most():
    padded = [padded_length(length) for length in range(3, 513)]
    assert sorted(set(padded))[:14] == [4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56] and len(set(padded)) == 27
    assert all(length <= long <= max(length + 1, 1.25 * length) for length, long in enumerate(padded, 3))
    assert padded_length(0) == padded_length(1) == 2


def test_a_large_tower_is_given_fewer_at_once(clip, shapes, monkeypatch):
    monkeypatch.setattr(encoder, "AT_ONCE", 4 * 12 * 16)  # numbers of four texts of twelve tokens
    clip.encode_text(["un fiore giallo"] * 4 + ["a"] * 12, batch=64)
    assert shapes == [(4, 12), (8, 4), (4, 4)]
    monkeypatch.setattr(encoder, "AT_ONCE", 1)
    clip.encode_text(TEXTS[:2])
    assert [shape[0] for shape in shapes[3:]] == [1, 1]


def test_a_block_is_a_power_of_two():
    assert [power_of_two(number) for number in (1, 2, 3, 4, 63, 64)] == [1, 2, 2, 4, 32, 64]
    assert (IMAGE.grid, STEMMED_IMAGE.grid) == (3, 3)


def test_two_batches_are_held_at_most_and_the_next_is_decoded_meanwhile(clip, monkeypatch):
    taken, ahead, images = [], [], Encoder.images

    def all_of_them():
        for picture in pictures(seed=7, count=12):
            taken.append(1)
            yield picture

    def watched(self, params, pixels):
        ahead.append(len(taken))
        return images(self, params, pixels)

    monkeypatch.setattr(Encoder, "images", watched)
    assert clip.encode_image(all_of_them(), batch=3).shape == (12, 8)
    assert ahead == [6, 9, 12, 12]


def test_a_picture_that_cannot_be_read_is_named_wherever_it_stands(clip, tmp_path):
    (tmp_path / "spoilt.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    with pytest.raises(InputError, match=r"spoilt\.jpg: damaged image"):
        clip.encode_image([*pictures(seed=8, count=5), tmp_path / "spoilt.jpg"], batch=2)
    with pytest.raises(InputError, match=r"absent\.png: cannot be read"):
        clip.encode_image([tmp_path / "absent.png"])


@pytest.mark.parametrize("one", ["un gatto", "a.jpg"])
def test_one_text_or_path_instead_of_several_is_an_error_that_says_what_to_do(clip, one):
    for encode in (clip.encode_text, clip.encode_image):
        with pytest.raises(InputError, match="put it into a list"):
            encode(one)


def test_a_batch_below_one_is_an_error(clip):
    for encode in (clip.encode_text, clip.encode_image):
        with pytest.raises(InputError, match="batch is 0"):
            encode([], batch=0)


def test_progress_is_shown_on_demand_and_counts_every_picture_and_text(clip, capsys):
    clip.encode_image(list(pictures(seed=9, count=5)), batch=2)
    assert capsys.readouterr().err == ""
    clip.encode_image(list(pictures(seed=9, count=5)), batch=2, progress=True)
    clip.encode_text(TEXTS, progress=True)
    shown = capsys.readouterr().err
    assert shown.count("5/5") >= 2 and "image" in shown and "text" in shown
