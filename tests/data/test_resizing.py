"""Squares of pictures, in the two ways of 2021; expected pixels are torch's and Pillow's through torchvision."""

import numpy as np
import pytest

from clip_italian.data.images.resizing import Fit, least, square, squares
from tests.helpers import resizing_cases

RNG = np.random.default_rng(0)
# OpenCV and torch add up the same cubic in another order: up to one byte in 8,000 came out a level apart.
SHARE = 1 / 768  # one byte of a golden square


@pytest.fixture(scope="module")
def golden():
    with np.load(resizing_cases.GOLDEN) as stored:
        return dict(stored)


def test_antialiased_squares_are_those_of_the_evaluation_of_2021(golden):
    for number, picture in enumerate(resizing_cases.pictures()):
        assert np.array_equal(square(picture, resizing_cases.SIDE), golden[f"antialiased/{number}"]), picture.shape


def test_tensor_squares_are_those_of_the_training_of_2021(golden):
    for number, picture in enumerate(resizing_cases.pictures()):
        found = square(picture, resizing_cases.SIDE, Fit(resize="tensor")).astype(int)
        apart = np.abs(found - golden[f"tensor/{number}"])
        assert apart.max() <= 1 and (apart > 0).mean() <= SHARE, picture.shape


def test_the_two_ways_differ_where_a_picture_shrinks():
    large, small = (RNG.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in (200, 8))
    shrunk = [square(large, 32, Fit(resize=way)).astype(int) for way in ("tensor", "antialiased")]
    assert np.abs(shrunk[0] - shrunk[1]).mean() > 20
    assert np.array_equal(square(small, 8, Fit(resize="tensor")), square(small, 8))


def test_the_fast_way_asks_for_coarser_pixels_and_stays_near_the_antialiased_one():
    assert (least(256, Fit(resize="fast")), least(224, Fit(resize="fast", resized=256)), least(256, Fit())) == (256, 256, 0)
    rows, columns = np.mgrid[:400, :500]
    smooth = np.stack([rows * 255 // 399, columns * 255 // 499, (rows + columns) % 256], axis=-1).astype(np.uint8)[..., :2]
    picture = np.concatenate([smooth, smooth[..., :1]], axis=-1)
    for side in (300, 150, 64, 500):
        fast, exact = (square(picture, side, Fit(resize=way)).astype(int) for way in ("fast", "antialiased"))
        assert np.abs(fast - exact).mean() < 1


def test_square_fills_the_side_and_keeps_the_middle():
    wide = np.zeros((48, 96, 3), np.uint8)
    wide[:, 24:72] = 200
    assert (square(wide, 48) == 200).all()
    assert square(RNG.integers(0, 256, (77, 61, 3), dtype=np.uint8), 48).shape == (48, 48, 3)


@pytest.mark.parametrize(("margin", "first"), [("floor", 1), ("round", 2)])
def test_of_an_odd_number_of_columns_the_libraries_cut_different_halves(margin, first):
    columns = np.broadcast_to(np.arange(11, dtype=np.uint8)[None, :, None], (8, 11, 3))
    assert (square(columns, 8, Fit(margin=margin))[:, 0] == first).all()


def test_what_a_picture_lacks_is_black():
    cut = square(np.full((5, 5, 3), 9, np.uint8), 8, Fit(resized=5))
    assert (cut[1:6, 1:6] == 9).all() and cut.sum() == 9 * 75
    cut = square(np.full((5, 5, 3), 9, np.uint8), 8, Fit(resized=5, margin="floor"))
    assert (cut[2:7, 2:7] == 9).all() and cut.sum() == 9 * 75


def test_a_squashed_picture_keeps_its_edges():
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, :30] = 200
    squashed = square(wide, 30, Fit(kind="squash"))
    assert squashed.shape == (30, 30, 3)
    assert (squashed[:, :7] == 200).all() and (squashed[:, 13:] == 0).all()


def test_squares_are_the_squares_of_each():
    batch = RNG.integers(0, 255, (3, 56, 56, 3), dtype=np.uint8)
    assert np.array_equal(squares(batch, 48), np.stack([square(one, 48) for one in batch]))
    assert squares(batch[:0], 48).shape == (0, 48, 48, 3)


def test_downsizing_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    # Without a low-pass filter, every second column would alias to black or to white.
    assert np.abs(square(stripes, 32).astype(int) - 127).max() < 40
