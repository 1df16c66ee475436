"""Where heat maps point, on scenes whose boxes are known."""

import dataclasses
import pathlib
import re

import cv2
import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.evaluation.study import localisation
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.world.drawing.render import masks, render
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.scene import Scene, Thing, image_size_of

ROOT = pathlib.Path(__file__).parents[2]
SCENES = [compose(3, number, "seen", 98) for number in range(30)]
SIZES = [image_size_of(scene, 64) for scene in SCENES]
PICTURES = [np.zeros((*size, 3), np.uint8) for size in SIZES]


def things(*placed):
    """A scene of things: (noun, box)."""
    made = tuple(Thing(noun, "red", "medium", box) for noun, box in placed)
    return Scene(0, 0, made, (tuple(range(len(made))),), None, "white", 1.0, "flat", 0)


@pytest.fixture(scope="module")
def settings():
    whole = config.parse(EvaluationSettings, config.profile("mini", ROOT / "profiles").content["evaluation"], "mini")
    return whole.model_copy(update={"resamples": 200})


def test_boxes_hold_the_things_that_are_drawn():
    for scene, size in zip(SCENES, SIZES, strict=True):
        shown = masks(scene, *size)
        for noun in {thing.noun for thing in scene.things}:
            drawn = np.any([mask for mask, thing in zip(shown, scene.things, strict=True) if thing.noun == noun], axis=0)
            inside = localisation.boxes(scene, noun, *size)
            around = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # hands that draw waver
            assert not (drawn & ~around).any()
            assert inside.sum() < 4 * drawn.sum() + 40 or drawn.sum() < 30  # what is behind another thing shows little


def test_pixels_of_a_box_are_those_whose_middle_lies_in_it():
    inside = localisation.boxes(things(("cat", (0.25, 0.5, 0.75, 1.0))), "cat", 4, 8)
    assert inside.tolist() == [[False] * 8] * 2 + [[False] * 2 + [True] * 4 + [False] * 2] * 2


def test_every_noun_is_asked_once_and_known_to_be_alone():
    pair = things(("cat", (0, 0, 0.5, 1)), ("chair", (0.5, 0, 1, 1)), ("cat", (0, 0, 1, 1)))
    alone = dataclasses.replace(pair, things=pair.things[:1])
    asked = localisation.asked([pair, alone])
    assert [tuple(one) for one in asked] == [(0, "cat", False), (0, "chair", False), (1, "cat", True)]


def test_it_is_asked_in_the_plainest_words_of_the_language():
    assert localisation.text("chair", "it") == "una sedia"
    assert localisation.text("chair", "de") == "ein Stuhl"


def test_a_map_of_the_box_itself_is_perfect_and_one_beside_it_worthless():
    inside = np.zeros((6, 6), bool)
    inside[1:3, 2:5] = True
    assert localisation.gains(inside.astype(float), inside, 0.5) == [1.0, 1.0]
    assert localisation.gains((~inside).astype(float), inside, 0.5) == [0.0, 0.0]
    assert localisation.gains(np.zeros((6, 6)), inside, 0.5) == [0.0, 0.0]


def test_ties_are_shared_out_and_the_threshold_is_a_share_of_the_greatest_heat():
    inside = np.array([[True, True, False, False]])
    assert localisation.gains(np.array([[0.5, 2.0, 2.0, 0.9]]), inside, 0.5) == [0.5, 1 / 3]
    assert localisation.gains(np.array([[1.0, 2.0, 2.0, 0.9]]), inside, 0.5)[1] == 2 / 3


def test_what_looks_at_nothing_is_as_good_as_the_boxes_are_large():
    inside = np.zeros((8, 8), bool)
    inside[:, :4] = True
    found = localisation.of_nothing(inside)
    assert found["anywhere"] == [0.5, 0.5]
    assert found["centre"] == [0.5, 8 / 40]


def test_a_method_that_knows_the_boxes_has_all_and_the_others_their_chance(settings):
    def knowing(pixels, texts):
        (number,) = [n for n, picture in enumerate(PICTURES) if picture is pixels]
        nouns = [one.noun for one in localisation.asked([SCENES[number]])]
        assert list(texts) == [localisation.text(noun, "it") for noun in nouns]
        return np.stack([localisation.boxes(SCENES[number], noun, *SIZES[number]).astype(np.float64) for noun in nouns])

    values = localisation.measure(SCENES, PICTURES, "it", knowing, 0.5)
    result = localisation.summarise(SCENES, PICTURES, {"knowing": {0: values, 1: values}}, settings)
    for part in ("all", "beside_another"):
        methods = result[part]["methods"]
        assert methods["knowing"]["mean"] == {"pointing": 1, "iou": 1} and set(methods["knowing"]["seeds"]) == {"0", "1"}
        low, high = methods["anywhere"]["interval"]["pointing"]
        assert 0 < low < methods["anywhere"]["mean"]["pointing"] < high < 1
    asked = localisation.asked(SCENES)
    assert result["all"]["asked"] == len(asked) == sum(noun["asked"] for noun in result["nouns"].values())
    assert result["beside_another"]["asked"] == sum(not one.alone for one in asked) > 0
    rows = localisation.table(result).splitlines()
    assert rows[2] == "| knowing | 100.0 (100.0–100.0) | 100.0 (100.0–100.0) | 100.0 (100.0–100.0) | 100.0 (100.0–100.0) |"


def test_where_no_picture_has_two_nouns_nothing_is_said_of_them(settings):
    scenes = [things(("cat", (0.1, 0.1, 0.6, 0.6))), things(("chair", (0.3, 0.3, 0.9, 0.9)))]
    found = localisation.summarise(scenes, PICTURES[:2], {"knowing": {0: np.ones((2, 2))}}, settings)
    assert found["all"]["asked"] == 2 and "beside_another" not in found
    assert localisation.table(found).splitlines()[2] == "| knowing | 100.0 (100.0–100.0) | 100.0 (100.0–100.0) | – | – |"


def test_the_pictures_are_those_of_the_scenes():
    """The heat maps are of rendered pictures, upright and not mirrored."""
    scene = things(("cat", (0.05, 0.05, 0.35, 0.35)))
    pixels = render(scene, 64, 64).astype(int)
    apart = np.abs(pixels - render(dataclasses.replace(scene, things=()), 64, 64)).sum(axis=2) > 60
    inside = localisation.boxes(scene, "cat", 64, 64)
    assert apart.any() and (apart & ~inside).sum() < 0.2 * apart.sum()


def test_the_pages_table_is_that_of_the_results():
    page = (ROOT / "docs/searching.md").read_text()
    (shown,) = re.findall(r"<!-- localisation:[^\n]*-->\n(.*?)<!-- /localisation -->", page, re.DOTALL)
    made = localisation.table(files.read_json(ROOT / "results/mini/localisation.json"))
    assert shown == made, "copy localisation.table of the results between the markers of docs/searching.md"
