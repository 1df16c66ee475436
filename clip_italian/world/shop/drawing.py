"""Draws catalogue images: one product on a light ground."""

import dataclasses
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from clip_italian.world.drawing.palette import DARK, RGB, mix, paints
from clip_italian.world.drawing.render import BITS, OVERSAMPLING, paint_part
from clip_italian.world.drawing.styles import INSIDE, outlined
from clip_italian.world.scenes.statements import pick
from clip_italian.world.shapes.parts import Part
from clip_italian.world.shop import garments
from clip_italian.world.shop.garments import Drawing
from clip_italian.world.shop.products import DETAILS, Product

FRAME = 100  # units along a drawing's side
GROUNDS: tuple[RGB, ...] = ((253, 253, 252), (240, 241, 243), (246, 240, 230), (230, 238, 243), (245, 234, 234))
CLOTH, PATTERN = 1, 2  # content of a pixel of a product; 0: neither


def _centred(drawing: Drawing) -> Drawing:
    """The drawing, centred in its frame."""
    points = np.concatenate([part.points for part in drawing])
    shift = FRAME / 2 - (points.min(0) + points.max(0)) / 2
    return tuple(dataclasses.replace(part, points=part.points + shift) for part in drawing)


DRAWINGS = {
    (kind, detail): _centred(drawn(way))
    for kind, (drawn, *ways) in garments.DRAWINGS.items()
    for detail, way in zip(DETAILS[kind], ways, strict=True)
}

Canvas = UInt8[np.ndarray, "h w 3"]
Plane = UInt8[np.ndarray, "h w"]


@dataclasses.dataclass(frozen=True)
class Placing:
    """The position, ground and light of a product; lengths are fractions of the image's side."""

    left: float
    top: float
    side: float  # of the drawing's frame
    ground: RGB
    light: float  # 1 is full daylight; multiplies all colours a little
    mirrored: bool


class Sprite(NamedTuple):
    """A drawn product of the size of its image: colours, how much of the ground it covers, and the content of each pixel."""

    colours: Canvas
    cover: Plane
    content: Plane


def place(rng: np.random.Generator) -> Placing:
    """A random placing: nearly centred, nearly filling the image, in nearly full light."""
    side = 0.82 + 0.1 * rng.random()
    left, top = (1 - side) / 2 + 0.06 * (rng.random(2) - 0.5)
    return Placing(float(left), float(top), side, pick(rng, GROUNDS), 0.92 + 0.08 * rng.random(), bool(rng.random() < 0.5))


def draw(product: Product, placing: Placing, height: int) -> Canvas:
    """The product as a square 8-bit sRGB image."""
    side = height * OVERSAMPLING
    sprite = sprite_of(product, placing, side)
    canvas = np.full((side, side, 3), placing.ground, np.uint8)
    _throw_shadow(canvas, sprite.cover, side // 32)
    cv2.copyTo(sprite.colours, sprite.cover, canvas)
    image = cv2.resize(canvas, (height, height), interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(image, alpha=placing.light)


def _throw_shadow(canvas: Canvas, cover: Plane, reach: int) -> None:
    """Darkens the ground a little, below and around the product."""
    low = cv2.copyMakeBorder(cover, reach, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)[: len(cover)]
    soft = cv2.boxFilter((low > 0).astype(np.uint8) * 60, -1, (2 * reach + 1, 2 * reach + 1))
    canvas -= np.minimum(canvas, soft[..., None])


def sprite_of(product: Product, placing: Placing, side: int) -> Sprite:
    """The product drawn in an image of `side` pixels."""
    paint = paints(product.colour)
    layer, content = np.zeros((side, side, 4), np.uint8), np.zeros((side, side), np.uint8)
    for part in DRAWINGS[product.kind, product.detail]:
        path, unit = _path(part, placing, side), placing.side * side / FRAME
        paint_part(layer, part, path, (*paint[part.fill], INSIDE), (*paint["ink"], INSIDE), 1, unit)
        paint_part(content, part, path, (CLOTH if part.fill == "main" else 0,), (0,), 1, unit)
    if product.second is not None:
        below = (content == CLOTH) & _pattern(product.pattern, placing, side)
        layer[below] = (*paints(product.second)["main"], INSIDE)
        content[below] = PATTERN
    finished = outlined(layer, mix(paint["main"], DARK, 0.65), 1)
    return Sprite(cv2.cvtColor(finished, cv2.COLOR_RGBA2RGB), cv2.extractChannel(finished, 3), content)


def _path(part: Part, placing: Placing, side: int) -> list[np.ndarray]:
    """The part's outline in OpenCV's fixed-point pixels."""
    points = part.points * (-1, 1) + (FRAME, 0) if placing.mirrored else part.points
    pixels = (points / FRAME * placing.side + (placing.left, placing.top)) * side
    return [np.rint(pixels * (1 << BITS)).astype(np.int32)]


def _pattern(pattern: str, placing: Placing, side: int) -> Bool[np.ndarray, "side side"]:
    """The pixels of a pattern, in the drawing's units, so that it grows with the product."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    down, across = (rows / side - placing.top) / placing.side * FRAME, (columns / side - placing.left) / placing.side * FRAME
    if pattern == "stripes":
        return down % 13 < 5
    if pattern == "checks":
        return (down % 14 < 3.5) | (across % 14 < 3.5)
    shifted = across + 7 * (down // 12 % 2)  # every other row of dots lies between those of its neighbours
    return np.hypot(down % 12 - 6, shifted % 14 - 7) < 3.9
