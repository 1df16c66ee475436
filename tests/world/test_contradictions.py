"""When a view makes a statement false, on scenes whose truth is known."""

import dataclasses
import pathlib

import numpy as np
import pytest

from clip_italian import config
from clip_italian.data.images.settings import ImageSettings
from clip_italian.errors import InputError
from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.publishing import contradictions
from clip_italian.world.publishing.contradictions import ContradictionSettings, alone, count, seen, statements, stored
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import Phrase, Statement
from clip_italian.world.scenes.truth import holds
from tests.data.test_augmentation import MINI

ROOT = pathlib.Path(config.__file__).parents[1]
SIDE = 56
BASE = MINI.augmentations["code_2021"]
SETTINGS = ContradictionSettings(seed=3, scenes=40, views=2, alone={})


def scene(*things: Thing, relation: str | None = None) -> Scene:
    groups = tuple((number,) for number in range(len(things)))
    return Scene(0, 0, things, groups, relation, "white", 1.0, "flat", 0)


def thing(noun: str, colour: str, x: float, y: float, half: float = 0.15) -> Thing:
    return Thing(noun, colour, "medium", (x - half, y - half, x + half, y + half))


def at(matrix: np.ndarray) -> np.ndarray:
    """A map of fractions of the picture as one of pixel centres."""
    to_pixels = np.array([[SIDE, 0, -0.5], [0, SIDE, -0.5], [0, 0, 1]])
    return to_pixels @ matrix @ np.linalg.inv(to_pixels)


FLIP = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


def shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def false_of(counts: dict, name: str, kind: str) -> float:
    made, false = counts[name][kind]
    return false / made


def test_a_flip_swaps_sides_and_leaves_all_else():
    pair = scene(thing("cat", "black", 0.2, 0.5), thing("house", "red", 0.8, 0.5), relation="left_of")
    picture = stored(pair, SIDE)
    mirrored = seen(picture, picture.pixels[:, ::-1].copy(), at(FLIP))
    said = statements(picture.scene)
    assert len(said["left_of"]) == 1 and len(said["side"]) == 2
    assert not any(holds(one, mirrored) for one in said["left_of"] + said["side"])
    assert all(holds(one, mirrored) for one in said["thing"] + said["colour"])
    assert holds(Statement((Phrase("house"), Phrase("cat")), "left_of"), mirrored)


def test_a_thing_of_which_less_than_half_is_left_is_gone_and_counts_change():
    three = scene(*(thing("apple", "red", x, 0.5, 0.1) for x in (0.15, 0.5, 0.85)))
    three = dataclasses.replace(three, groups=((0, 1, 2),))
    picture = stored(three, SIDE)
    assert holds(Statement((Phrase("apple", count=3),)), seen(picture, picture.pixels, at(shift(-0.1, 0))))
    less = seen(picture, picture.pixels, at(shift(-0.2, 0)))
    assert len(less.things) == 2 and less.groups == ((0, 1),)
    assert holds(Statement((Phrase("apple", count=2),)), less)


def test_a_place_is_left_when_the_centre_crosses_into_the_next_third():
    picture = stored(scene(thing("cat", "black", 0.3, 0.5)), SIDE)
    (left,) = statements(picture.scene)["side"]
    assert holds(left, seen(picture, picture.pixels, at(shift(0.03, 0))))
    assert not holds(left, seen(picture, picture.pixels, at(shift(0.04, 0))))


@pytest.mark.parametrize("colour", PROTOTYPES)
def test_a_colour_is_read_off_the_things_own_pixels(colour):
    picture = stored(scene(thing("apple", colour, 0.5, 0.5, 0.3)), SIDE)
    assert picture.own.sum() > 100
    assert seen(picture, picture.pixels, np.eye(3)).things[0].colour == colour
    other = "blue" if colour != "blue" else "yellow"
    painted = np.where(picture.own[0][..., None], np.array(PROTOTYPES[other], np.uint8), picture.pixels)
    assert seen(picture, painted, np.eye(3)).things[0].colour == other
    hidden = dataclasses.replace(picture, own=np.zeros_like(picture.own))
    assert seen(hidden, painted, np.eye(3)).things[0].colour == colour  # not judged


def test_statements_are_true_of_the_stored_picture_also_where_the_drawn_one_was_wider():
    for number in range(20):
        one = compose(3, number, "all", contradictions.PURPOSE)
        picture = stored(one, SIDE)
        assert picture.pixels.shape == (SIDE, SIDE, 3)
        for said in statements(picture.scene).values():
            assert all(holds(statement, seen(picture, picture.pixels, np.eye(3))) for statement in said)
    assert one.aspect >= 1


def test_what_an_operation_cannot_touch_stays_true():
    images = {
        name: alone(change, SIDE, BASE)
        for name, change in {
            "nothing": {},
            "flip": {"flip": 1.0},
            "hue": {"hue": 0.1},
            "shift": {"translate": 0.1},
            "equalize": {"operations": {"equalize_opencv": 1.0}},
        }.items()
    }
    counts = count(SETTINGS, SIDE, MINI.side, images)
    assert all(false == 0 for _, false in counts["nothing"].values())
    assert counts["nothing"]["caption"][0] == 40 * 2 * 3
    assert false_of(counts, "flip", "side") > 0.8 and false_of(counts, "flip", "colour") == 0
    assert false_of(counts, "hue", "colour") > 0.1 and false_of(counts, "hue", "side") == 0
    assert false_of(counts, "shift", "side") > 0.02 and false_of(counts, "shift", "colour") == 0
    assert false_of(counts, "equalize", "colour") > 0.5
    assert counts == count(SETTINGS, SIDE, MINI.side, images)


@pytest.mark.parametrize("profile", ["mini", "paper"])
def test_the_caption_safe_setting_hardly_ever_makes_a_caption_false(profile):
    images = config.parse(ImageSettings, config.profile(profile, ROOT / "profiles").content["images"], "images")
    settings = SETTINGS.model_copy(update={"scenes": 15 if profile == "paper" else 100, "views": 1})
    counts = count(
        settings, images.stored, images.side, {name: images.augmentations[name] for name in ("caption_safe", "code_2021")}
    )
    assert false_of(counts, "caption_safe", "caption") < 0.01 < 0.03 < false_of(counts, "code_2021", "caption")
    assert false_of(counts, "caption_safe", "colour") < 0.01


def test_an_operation_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="did you mean `flip`"):
        alone({"flips": 1.0}, SIDE, BASE)
