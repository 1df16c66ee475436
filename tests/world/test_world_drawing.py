"""Pictures of scenes: the same bytes each time, colours one can name, masks that agree with the boxes."""

import dataclasses

import cv2
import numpy as np
import pytest

from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.drawing.render import STYLES, UNSEEN_STYLE, masks, render
from clip_italian.world.scenes.compose import compose, compose_single
from clip_italian.world.scenes.layout import SIDES, extent
from clip_italian.world.scenes.scene import Scene, Thing, image_size_of
from clip_italian.world.scenes.statements import COLOURS, GROUNDS, NOUNS
from clip_italian.world.shapes.every import SHAPES

SCENES = [compose(2, index, level, 0) for level in ("all", "style") for index in range(60)]


def _single(noun: str, colour: str, style: str = "flat", ground: str = "room", side: float = 0.6) -> Scene:
    width, height = extent(noun, side)
    box = (0.5 - width / 2, 0.5 - height / 2, 0.5 + width / 2, 0.5 + height / 2)
    return Scene(1, 1, (Thing(noun, colour, "large", box),), ((0,),), None, ground, 1.0, style, 0)


def test_every_noun_has_a_drawing_and_every_colour_a_prototype():
    assert set(SHAPES) == set(NOUNS)
    assert set(PROTOTYPES) == set(COLOURS)


def test_drawing_twice_gives_the_same_bytes_whatever_was_drawn_between():
    before = [render(scene, *image_size_of(scene, 64)).tobytes() for scene in SCENES]
    after = [render(scene, *image_size_of(scene, 64)).tobytes() for scene in reversed(SCENES)]
    assert before == after[::-1]


def test_pictures_have_the_size_asked_for():
    scene = SCENES[0]
    picture = render(scene, 64, 80)
    assert picture.shape == (64, 80, 3) and picture.dtype == np.uint8
    assert masks(scene, 64, 80).shape == (len(scene.things), 64, 80)
    assert {image_size_of(scene, 64)[1] for scene in SCENES} == {64, 66, 68}


def test_masks_are_disjoint_and_none_is_empty():
    for scene in SCENES:
        visible = masks(scene, *image_size_of(scene, 64))
        assert visible.sum(0).max() <= 1
        assert visible.any((1, 2)).all()


def test_masks_stay_inside_their_boxes():
    for scene in SCENES:
        height, width = image_size_of(scene, 64)
        for mask, thing in zip(masks(scene, height, width), scene.things, strict=True):
            rows, columns = np.nonzero(mask)
            left, top, right, bottom = thing.box
            assert columns.min() >= left * width - 2 and columns.max() <= right * width + 2
            assert rows.min() >= top * height - 2 and rows.max() <= bottom * height + 2


def test_a_container_hides_the_lower_end_of_what_is_inside():
    inside = [scene for index in range(300) if (scene := compose(2, index, "all", 3)).relation == "inside"]
    assert len(inside) >= 10
    for scene in inside:
        loose = dataclasses.replace(scene, relation=None)
        size = image_size_of(scene, 64)
        content = scene.groups[0][0]
        seen, whole = masks(scene, *size)[content], masks(loose, *size)[content]
        assert 0.2 * whole.sum() < seen.sum() < whole.sum()
        assert np.nonzero(seen)[0].max() < np.nonzero(whole)[0].max()


def test_what_stands_on_something_touches_it():
    standing = [scene for index in range(300) if (scene := compose(2, index, "all", 4)).relation == "on"]
    assert len(standing) >= 10
    for scene in standing:
        visible = masks(scene, *image_size_of(scene, 128)).astype(np.uint8)
        support = visible[scene.groups[1][0]]
        for index in scene.groups[0]:
            assert (cv2.dilate(visible[index], np.ones((9, 9), np.uint8)) & support).any()


@pytest.mark.parametrize(("style", "least"), [(style, 0.85 if style in ("pencil", UNSEEN_STYLE) else 0.92) for style in STYLES])
def test_the_mean_colour_of_a_thing_is_nearest_to_its_own_name(style: str, least: float):
    def lab(colour: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(np.float32(colour).reshape(1, -1, 3) / 255, cv2.COLOR_RGB2LAB)[0]

    prototypes = lab(np.array([PROTOTYPES[colour] for colour in COLOURS]))
    right = []
    for noun in NOUNS:
        for number, colour in enumerate(COLOURS):
            scene = _single(noun, colour, style, side=0.45)
            mean = render(scene, 64, 64)[masks(scene, 64, 64)[0]].mean(0)
            right.append(np.square(prototypes - lab(mean)).sum(1).argmin() == number)
    assert np.mean(right) >= least


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_black_and_white_things_stand_out_from_every_ground(style: str, ground: str):
    for colour in ("black", "white"):
        scene = _single("apple", colour, style, ground)
        # A thing counts as seen where the picture changes against the same ground with a thing elsewhere.
        empty = dataclasses.replace(scene, things=(dataclasses.replace(scene.things[0], box=(0, 0, 0.01, 0.01)),))
        change = np.abs(render(scene, 64, 64).astype(int) - render(empty, 64, 64)).max(2)[8:56, 8:56]
        assert (change > 24).sum() >= 60


def test_a_mirrored_thing_is_the_mirror_image():
    scene = _single("horse", "brown")
    turned = dataclasses.replace(scene, things=(dataclasses.replace(scene.things[0], mirrored=True),))
    mask, other = masks(scene, 128, 128)[0], masks(turned, 128, 128)[0]
    assert np.mean(mask[:, ::-1] != other) < 0.01 < np.mean(mask != other)


def test_sizes_can_be_told_apart():
    assert SIDES["small"][1] < SIDES["medium"][0] < SIDES["medium"][1] < SIDES["large"][0]


def test_the_light_darkens_the_whole_picture():
    scene = compose_single(1, 0, "apple", "red", "seen", 0)
    bright, dim = (render(dataclasses.replace(scene, light=light), 64, 64).astype(float) for light in (1.0, 0.85))
    assert dim == pytest.approx(0.85 * bright, abs=1)


def test_clutter_changes_the_picture_but_no_mask():
    scene = _single("apple", "red")
    littered = dataclasses.replace(scene, clutter=6)
    assert (render(scene, 64, 64) != render(littered, 64, 64)).any()
    assert (masks(scene, 64, 64) == masks(littered, 64, 64)).all()


def test_six_things_can_be_drawn():
    boxes = [(x / 3 + 0.02, y / 2 + 0.05, x / 3 + 0.3, y / 2 + 0.4) for y in range(2) for x in range(3)]
    things = tuple(Thing("flower", "blue", "small", box) for box in boxes)
    scene = Scene(1, 1, things, (tuple(range(6)),), None, "meadow", 1.0, "flat", 2)
    assert masks(scene, 64, 72).any((1, 2)).sum() == 6
