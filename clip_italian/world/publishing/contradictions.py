"""Counts how often augmentation makes a true caption false, on the drawn world, where the truth is known.

A statement that is true of the stored image is evaluated on the scene of the view. There, things have the positions to which the
view's map moves them and the colours of their pixels in the view. Things that are less than half visible, or whose centre is
outside, are removed. Statements are evaluated by clip_italian/world/scenes/truth.py.
"""

import dataclasses
import functools
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.data.images import augmentation, resizing
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.drawing.render import masks, render
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.scene import Scene, Thing, image_size_of
from clip_italian.world.scenes.statements import RELATIONS, Phrase, Statement
from clip_italian.world.scenes.truth import describe, holds
from clip_italian.world.tables import words

PURPOSE = 61  # separates these scenes from those of the study
KINDS = ("thing", "colour", "count", "side", "height", "middle", "left_of", "relation", "caption")
ENOUGH = 4  # pixels in a thing's own colour that are needed to determine its colour in a view
SHOWN = 0.5  # smallest visible share of a thing in a view

STRENGTHS = words("brightness, contrast, saturation, hue, flip, degrees, translate, shear, distortion, perspective")

Strength = int | float | list[float] | dict[str, float]
Counts = dict[str, list[int]]  # by kind: statements, and how many of them became false
StoredImage = UInt8[np.ndarray, "side side 3"]
View = UInt8[np.ndarray, "shown shown 3"]
Masks = Bool[np.ndarray, "things side side"]


class ContradictionSettings(Settings):
    """Key `contradictions` of section `analysis`."""

    seed: int  # of the scenes and of the views
    scenes: int
    views: int  # of each scene, under each setting
    alone: dict[str, dict[str, Strength]]  # the settings of single operations by their printed names


@dataclasses.dataclass(frozen=True)
class Stored:
    """A square stored image, its scene, and the masks of the pixels that show each thing in its own colour."""

    scene: Scene
    pixels: StoredImage
    own: Masks


def stored(scene: Scene, side: int) -> Stored:
    """The scene drawn and cropped to the central square of `side` pixels."""
    height, width = image_size_of(scene, side)
    pixels = resizing.square(render(scene, height, width), side)
    margin = (width - side) // 2
    shown = masks(scene, height, width)[:, :, margin : margin + side]
    colours = [thing.colour for thing in scene.things]
    own = shown & (_names(pixels) == np.array([list(PROTOTYPES).index(colour) for colour in colours])[:, None, None])
    to_square = np.array([[width / side, 0, -margin / side], [0, 1, 0], [0, 0, 1]])
    return Stored(_moved(scene, to_square, colours), pixels, own)


def statements(scene: Scene) -> dict[str, list[Statement]]:
    """True statements about a scene, by kind: things, their colours, their numbers, their positions and their relation."""
    groups = [scene.things[group[0]] for group in scene.groups]
    counts = [len(group) for group in scene.groups]
    plain = [Phrase(thing.noun, count=count if count == 1 else None) for thing, count in zip(groups, counts, strict=True)]
    coloured = [dataclasses.replace(phrase, colour=thing.colour) for phrase, thing in zip(plain, groups, strict=True)]
    counted = [Phrase(thing.noun, count=count) for thing, count in zip(groups, counts, strict=True) if count > 1]
    by_kind = {
        kind: [Statement((phrase,)) for phrase in phrases]
        for kind, phrases in (("thing", plain), ("colour", coloured), ("count", counted))
    }
    for kind, positions in (("side", ("left", "right")), ("height", ("top", "bottom")), ("middle", ("centre",))):
        by_kind[kind] = [Statement((phrase,), position=position) for phrase in plain for position in positions]
    related = [Statement(tuple(plain), relation=relation) for relation in RELATIONS] if len(plain) == 2 else []
    by_kind["left_of"] = [one for one in related if one.relation == "left_of"]
    by_kind["relation"] = [one for one in related if one.relation != "left_of"]
    return {kind: [one for one in ones if holds(one, scene)] for kind, ones in by_kind.items()}


def seen(image: Stored, view: View, matrix: Float[np.ndarray, "3 3"]) -> Scene:
    """Returns the scene that a view shows. `matrix` maps the image's pixels to the view's (augmentation.maps)."""
    side, shown = image.pixels.shape[0], view.shape[0]
    colours = [_colour(view, own, matrix, thing) for own, thing in zip(image.own, image.scene.things, strict=True)]
    # Conversions between pixel centres and fractions of the image.
    before = np.array([[side, 0, -0.5], [0, side, -0.5], [0, 0, 1]])
    after = np.array([[1 / shown, 0, 0.5 / shown], [0, 1 / shown, 0.5 / shown], [0, 0, 1]])
    return _moved(image.scene, after @ matrix @ before, colours)


def alone(change: dict[str, Strength], stored_side: int, base: AugmentationSettings) -> AugmentationSettings:
    """Returns settings of a single operation with the strengths of `change`; interpolation and fill are those of `base`.

    Raises InputError if `change` is not a valid operation.
    """
    off = dict.fromkeys(STRENGTHS, 0.0) | {"scale": [1.0, 1.0], "crop": stored_side, "jitter": "before", "beyond": "picture"}
    none: dict[str, Any] = {"operations": {}}
    where = "section `analysis`: key `contradictions.alone`"
    return config.parse(AugmentationSettings, base.model_dump() | off | none | change, where)


def count(
    settings: ContradictionSettings, side: int, size: int, augmentations: dict[str, AugmentationSettings]
) -> dict[str, Counts]:
    """Counts, for each augmentation and kind, the statements over all views, and those of them that a view makes false.

    `side` and `size` are pixels along the sides of the stored images and of their views.
    """
    numbers = np.arange(settings.scenes)
    images = [stored(compose(settings.seed, number, "all", PURPOSE), side) for number in numbers.tolist()]
    # All true statements by kind, and three random ones like those of the study's captions.
    true = []
    for number, image in enumerate(images):
        rng = rng_of(settings.seed, PURPOSE, number)
        true.append(statements(image.scene) | {"caption": [describe(image.scene, rng) for _ in range(3)]})
    pixels = np.stack([image.pixels for image in images])
    counts = {}
    for name, chosen in augmentations.items():
        counts[name] = {kind: [0, 0] for kind in KINDS}
        for k in range(settings.views):
            views = augmentation.views(pixels, size, settings.seed, numbers, k, chosen)
            maps = augmentation.maps((side, side), size, settings.seed, numbers, k, chosen)
            for image, statements_of, view, matrix in zip(images, true, views, maps, strict=True):
                scene = seen(image, view, matrix)
                for kind, ones in statements_of.items():
                    counts[name][kind][0] += len(ones)
                    counts[name][kind][1] += sum(not holds(one, scene) for one in ones)
    return counts


def _moved(scene: Scene, matrix: Float[np.ndarray, "3 3"], colours: list[str]) -> Scene:
    """The scene after a map of fractions of the image, with other colours, without the things outside the frame."""
    things = [_thing(thing, matrix, colour) for thing, colour in zip(scene.things, colours, strict=True)]
    place = {old: new for new, old in enumerate(k for k, thing in enumerate(things) if thing is not None)}
    groups = tuple(tuple(place[k] for k in group if k in place) for group in scene.groups)
    # left_of is evaluated anew; the maps keep the other relations.
    relation = scene.relation if all(groups) and scene.relation != "left_of" else None
    kept = tuple(thing for thing in things if thing is not None)
    return dataclasses.replace(scene, things=kept, groups=tuple(filter(None, groups)), relation=relation)


def _thing(thing: Thing, matrix: Float[np.ndarray, "3 3"], colour: str) -> Thing | None:
    """The thing after the map, with an upright box around its centre; None if it is not visible."""
    left, top, right, bottom = thing.box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    middle = np.array([[(left + right) / 2, (top + bottom) / 2]])
    [[x, y]], around = _mapped(middle, matrix), _mapped(corners, matrix).astype(np.float32)
    frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    area = cv2.contourArea(around)
    inside = cv2.intersectConvexConvex(around, frame)[0]
    if not (0 <= x <= 1 and 0 <= y <= 1) or inside < SHOWN * area:
        return None
    scale = (area / ((right - left) * (bottom - top))) ** 0.5 / 2
    across, down = scale * (right - left), scale * (bottom - top)
    return dataclasses.replace(thing, colour=colour, box=(float(x - across), float(y - down), float(x + across), float(y + down)))


def _mapped(points: Float[np.ndarray, "n 2"], matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "n 2"]:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def _colour(view: View, own: Bool[np.ndarray, "side side"], matrix: Float[np.ndarray, "3 3"], thing: Thing) -> str:
    """The colour of most of the thing's own pixels in the view, or its old colour if too few are left."""
    kept = cv2.warpPerspective(own.astype(np.uint8), matrix, view.shape[1::-1], flags=cv2.INTER_NEAREST).astype(bool)
    if kept.sum() < ENOUGH:
        return thing.colour
    names = _names(view[kept][None])
    return list(PROTOTYPES)[np.bincount(names.ravel(), minlength=len(PROTOTYPES)).argmax()]


@functools.cache
def _prototypes() -> Float[np.ndarray, "12 3"]:
    return _lab(np.array([list(PROTOTYPES.values())], np.uint8))[0]


def _lab(pixels: UInt8[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """Pixels in CIE L*a*b*, in which distances correspond to perceived differences."""
    return cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab).astype(np.float64)


def _names(pixels: UInt8[np.ndarray, "rows columns 3"]) -> np.ndarray:
    """The index of the nearest named colour for each pixel."""
    return (((_lab(pixels)[..., None, :] - _prototypes()) ** 2).sum(axis=-1)).argmin(axis=-1)
