"""The 2021 augmentation list as one pure function."""
import time

import numpy as np
import pytest

from clip_italian.data.augmentation import AugmentationSettings, view, views
from clip_italian.data.draws import uniforms

NONE = AugmentationSettings(
    crop=48, side=48, hue=0.0, flip=0.0, degrees=0.0, translate=0.0, scale=[1.0, 1.0], shear=0.0, distortion=0.0,
    perspective=0.0, autocontrast=0.0, equalize=0.0,
)  # fmt: skip
ALL = AugmentationSettings(
    crop=52, side=48, hue=0.1, flip=0.5, degrees=15.0, translate=0.1, scale=[0.8, 1.2], shear=15.0, distortion=0.3,
    perspective=0.3, autocontrast=0.3, equalize=0.3,
)  # fmt: skip
PICTURES = np.random.default_rng(0).integers(0, 255, (64, 56, 56, 3), dtype=np.uint8)
IDS = np.arange(64) * 1_000_003


def only(**changes):
    return NONE.model_copy(update=changes)


def test_a_view_is_a_pure_function_of_its_arguments():
    assert np.array_equal(views(PICTURES, 7, IDS, 1, ALL), views(PICTURES, 7, IDS, 1, ALL))


def test_a_view_does_not_depend_on_its_batch():
    together = views(PICTURES, 7, IDS, 1, ALL)
    backwards = views(PICTURES[::-1], 7, IDS[::-1].copy(), 1, ALL)[::-1]
    alone = np.stack([view(image, 7, int(i), 1, ALL) for image, i in zip(PICTURES, IDS, strict=True)])
    assert np.array_equal(together, backwards)
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("changed", [{"seed": 8}, {"view_index": 2}, {"ids": IDS + 1}])
def test_another_seed_view_or_id_gives_another_view(changed):
    arguments = {"images": PICTURES, "seed": 7, "ids": IDS, "view_index": 1, "settings": ALL}
    same = (views(**arguments) == views(**arguments | changed)).all(axis=(1, 2, 3))
    assert not same.any()


def test_without_strength_a_view_is_the_picture():
    pictures = PICTURES[:, :48, :48]
    assert np.array_equal(views(pictures, 7, IDS, 0, NONE), pictures)


def test_a_crop_is_a_window_of_the_picture_and_every_window_occurs():
    rows, columns = np.mgrid[:56, :56].astype(np.uint8)
    where = np.broadcast_to(np.stack([rows, columns, rows], -1), (2000, 56, 56, 3)).copy()
    crops = views(where, 7, np.arange(2000), 0, NONE)
    corners = crops[:, 0, 0, :2]
    assert np.array_equal(crops - crops[:, :1, :1], np.broadcast_to(where[:1, :48, :48], crops.shape))
    assert len(np.unique(corners, axis=0)) == 81


def test_a_certain_flip_mirrors_the_picture():
    pictures = PICTURES[:, :48, :48]
    assert np.array_equal(views(pictures, 7, IDS, 0, only(flip=1.0)), pictures[:, :, ::-1])


def test_half_of_the_views_are_flipped():
    pictures = PICTURES[:, :48, :48]
    flipped = (views(pictures, 7, IDS, 0, only(flip=0.5)) == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    assert 20 <= flipped.sum() <= 44


def test_what_comes_from_outside_the_picture_is_grey_127():
    white = np.full((200, 48, 48, 3), 255, np.uint8)
    shifted = views(white, 7, np.arange(200), 0, only(translate=0.1))
    assert (shifted[:, 24, 24] == 255).all()
    assert set(np.unique(shifted[:, [0, 0, -1, -1], [0, -1, 0, -1]])) >= {127, 255}
    # A shift of a tenth moves in at most five columns.
    assert (shifted[:, 6:-6, 6:-6] == 255).all()


def test_scale_stays_within_its_limits():
    disc = np.zeros((300, 48, 48, 3), np.uint8)
    rows, columns = np.mgrid[:48, :48] - 23.5
    disc[:, rows**2 + columns**2 < 15**2] = 255
    area = (views(disc, 7, np.arange(300), 0, only(scale=[0.8, 1.2]))[..., 0] == 255).sum(axis=(1, 2))
    radius = np.sqrt(area / np.pi) / 15
    assert 0.75 < radius.min() < 0.85
    assert 1.13 < radius.max() < 1.22


def test_rotation_stays_within_fifteen_degrees_either_way():
    bar = np.zeros((300, 48, 48, 3), np.uint8)
    bar[:, 23:25] = 255
    turned = views(bar, 7, np.arange(300), 0, only(degrees=15.0))[..., 0] > 150.0  # the fill is darker
    rows = np.arange(48)[None, :, None]
    height = (turned * rows).sum(axis=1) / np.maximum(turned.sum(axis=1), 1)
    angle = np.degrees(np.arctan2(height[:, 38] - height[:, 9], 29))
    assert -16 < angle.min() < -12
    assert 12 < angle.max() < 16


def test_the_perspective_step_moves_corners_inwards_only():
    white = np.full((300, 48, 48, 3), 255, np.uint8)
    seen = (views(white, 7, np.arange(300), 0, only(perspective=1.0, distortion=0.3)) == 255).all(axis=-1)
    share = seen.mean(axis=(1, 2))
    assert share.max() <= 1
    assert 0.49 <= share.min() < 0.7  # all four corners at their innermost would leave 0.7 squared


def test_the_hue_shift_keeps_grey_and_turns_colours_both_ways():
    pictures = np.empty((200, 48, 48, 3), np.uint8)
    pictures[:, :24], pictures[:, 24:] = (120, 120, 120), (200, 40, 40)
    shifted = views(pictures, 7, np.arange(200), 0, only(hue=0.1))
    assert (shifted[:, :24] == 120).all()
    difference = shifted[:, 30, 0, 1].astype(int) - shifted[:, 30, 0, 2]  # towards yellow, towards purple
    assert difference.min() < -60
    assert difference.max() > 60


def test_autocontrast_stretches_each_channel_to_the_full_range():
    dull = (PICTURES[:, :48, :48] // 4 + 60).astype(np.uint8)
    stretched = views(dull, 7, IDS, 0, only(autocontrast=1.0))
    assert (stretched.min(axis=(1, 2)) == 0).all()
    assert (stretched.max(axis=(1, 2)) == 255).all()


def test_autocontrast_leaves_a_channel_of_one_value_alone():
    flat = np.full((4, 48, 48, 3), 90, np.uint8)
    assert np.array_equal(views(flat, 7, IDS[:4], 0, only(autocontrast=1.0)), flat)


def test_equalize_spreads_the_histogram():
    dull = (PICTURES[:, :48, :48] // 4 + 60).astype(np.uint8)
    spread = views(dull, 7, IDS, 0, only(equalize=1.0)).astype(float)
    assert np.abs(np.quantile(spread, [0.25, 0.5, 0.75]) - [64, 127, 191]).max() < 8


def test_a_core_draws_at_least_four_thousand_views_a_second():
    batch, ids = np.repeat(PICTURES, 8, axis=0), np.arange(512)
    seconds = []
    for _ in range(5):
        start = time.process_time()  # of this process alone: other tests may run beside it
        views(batch, 7, ids, 0, ALL)
        seconds.append(time.process_time() - start)
    assert 512 / min(seconds) >= 4000


def test_draws_are_uniform_and_independent_of_their_neighbours():
    numbers = uniforms((1, 2, 3), np.arange(20_000), 3)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.abs(np.histogram(numbers, 10, (0, 1))[0] / numbers.size - 0.1).max() < 0.004
    correlations = np.corrcoef(np.column_stack([numbers[:-1], numbers[1:]]).T) - np.eye(6)
    assert np.abs(correlations).max() < 0.03


def test_draws_follow_the_published_generator():
    """SplitMix64 from state 0: the first outputs of the authors' reference implementation."""
    from clip_italian.data.draws import GOLDEN_GAMMA, _mix

    states = np.arange(3, dtype=np.uint64) * GOLDEN_GAMMA
    assert _mix(states).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
