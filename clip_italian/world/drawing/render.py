"""Renders scenes as images, and the masks of their things."""

import functools
import typing
from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from clip_italian.world.drawing import styles
from clip_italian.world.drawing.grounds import draw_ground
from clip_italian.world.drawing.palette import DARK, PALE, RGB, luminance, mix, paints
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.shapes.every import FRONTS, SHAPES
from clip_italian.world.shapes.parts import Part

cv2.setNumThreads(1)  # one thread a process, since the study's cores are divided between processes

STYLES: tuple[str, ...] = tuple(styles.STYLES)
UNSEEN_STYLE = STYLES[-1]
OVERSAMPLING = 2  # drawn pixels per output pixel along each axis
MARGIN = 6  # drawn pixels around a thing's box, for its outline
BITS = 4  # fractional bits of OpenCV's coordinates
_TILE = 4  # drawn pixels along a tile of the mosaic

Canvas = UInt8[np.ndarray, "h w 3"]
Cover = UInt8[np.ndarray, "h w"]  # the fourth channel of a layer


class Sprite(typing.NamedTuple):
    """The colours and the mask of a finished layer, as OpenCV takes them."""

    colours: Canvas
    cover: Cover


def _outline(colour: str, ground: str) -> RGB:
    """The outline colour: a dark shade of the thing's colour, or a pale one for dark things at night."""
    main = paints(colour)["main"]
    return mix(main, PALE, 0.75) if ground == "night" and luminance(main) < 110 else mix(main, DARK, 0.65)


def paint_part(
    canvas: np.ndarray, part: Part, path: list[np.ndarray], fill: tuple[int, ...], ink: tuple[int, ...], line: int, unit: float
) -> None:
    """Draws a part along `path`, in OpenCV's fixed-point pixels, onto the canvas.

    `line` is the width of its contour in pixels, 0 for none; `unit` is the length of a drawing's unit in pixels.
    """
    contour = part.edged and line > 0
    if part.width:
        thickness = max(1, round(part.width * unit))
        if contour:
            cv2.polylines(canvas, path, False, ink, thickness + 2 * line, shift=BITS)
        cv2.polylines(canvas, path, False, fill, thickness, shift=BITS)
        return
    cv2.fillPoly(canvas, path, fill, shift=BITS)
    if contour:
        cv2.polylines(canvas, path, True, ink, line, shift=BITS)


@functools.lru_cache(maxsize=64)
def _sprite(noun: str, colour: str, style: str, width: int, height: int, mirrored: bool, outline: RGB) -> Sprite:
    """The drawing of a thing with MARGIN around it; read-only, since equal things of a scene share it."""
    shape, paint = SHAPES[noun], paints(colour)
    layer = np.zeros((height + 2 * MARGIN, width + 2 * MARGIN, 4), np.uint8)
    unit = shape.points * (-1, 1) + (1, 0) if mirrored else shape.points
    points = np.rint((unit * (width, height) + MARGIN) * (1 << BITS)).astype(np.int32)
    per_unit = (width * height / (shape.span[0] * shape.span[1])) ** 0.5
    line = 2 if max(width, height) > 140 else 1
    contour = styles.STYLES[style].contour and max(width, height) > 36  # contours would cover smaller things
    start = 0
    for part in shape.parts:
        path = [points[start : start + len(part.points)]]
        start += len(part.points)
        paint_part(layer, part, path, (*paint[part.fill], 255), (*paint["ink"], 255), line if contour else 0, per_unit)
    finished = styles.STYLES[style].finish(layer, outline, 2 if max(width, height) > 66 else 1)
    sprite = Sprite(cv2.cvtColor(finished, cv2.COLOR_RGBA2RGB), cv2.extractChannel(finished, 3))
    for array in sprite:
        array.flags.writeable = False
    return sprite


def _front(thing: Thing, sprite: Sprite, width: int, height: int) -> Sprite:
    """The front of a container, which hides things inside it."""
    unit = np.array(FRONTS[thing.noun])
    unit = unit * (-1, 1) + (1, 0) if thing.mirrored else unit
    wall = np.zeros(sprite.cover.shape, np.uint8)
    cv2.fillPoly(wall, [np.rint(unit * (width, height) + MARGIN).astype(np.int32)], 255)
    return Sprite(sprite.colours, sprite.cover & wall)


def _sprites(scene: Scene, height: int, width: int) -> Iterator[tuple[int, Sprite, int, int]]:
    """Yields (index of the thing, sprite, left, top) from back to front, in drawn pixels."""
    fronts = []
    for index, thing in enumerate(scene.things):
        left, top, right, bottom = thing.box
        x, y = round(left * width), round(top * height)
        across, down = max(2, round((right - left) * width)), max(2, round((bottom - top) * height))
        outline = _outline(thing.colour, scene.ground)
        sprite = _sprite(thing.noun, thing.colour, scene.style, across, down, thing.mirrored, outline)
        yield index, sprite, x - MARGIN, y - MARGIN
        if scene.relation == "inside" and index in scene.groups[1]:
            fronts.append((index, _front(thing, sprite, across, down), x - MARGIN, y - MARGIN))
    yield from fronts


Window = tuple[slice, slice]


def _windows(canvas: np.ndarray, cover: np.ndarray, left: int, top: int) -> tuple[Window, Window]:
    """The overlapping (rows, columns) of the canvas and of a sprite."""
    bottom, right = min(canvas.shape[0], top + cover.shape[0]), min(canvas.shape[1], left + cover.shape[1])
    above, before = max(0, top), max(0, left)
    below = slice(above, bottom), slice(before, right)
    return below, (slice(above - top, bottom - top), slice(before - left, right - left))


def render(scene: Scene, height: int, width: int) -> Canvas:
    """The scene as an 8-bit sRGB image; `image_size_of` gives the width without distortion."""
    canvas = draw_ground(scene, height * OVERSAMPLING, width * OVERSAMPLING)
    opacity = styles.STYLES[scene.style].opacity
    for _, sprite, left, top in _sprites(scene, *canvas.shape[:2]):
        below, above = _windows(canvas, sprite.cover, left, top)
        colours, covered = sprite.colours[above], canvas[below]
        if opacity < 1:
            colours = cv2.addWeighted(colours, opacity, covered, 1 - opacity, 0)
        cv2.copyTo(colours, sprite.cover[above], covered)
    if scene.style == "mosaic":
        canvas = _tiled(canvas)
    image = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(image, alpha=scene.light)


def _tiled(canvas: Canvas) -> Canvas:
    """The image as a mosaic of square tiles of one colour each, with grout between them."""
    height, width = canvas.shape[:2]
    tiles = cv2.resize(canvas, (-(-width // _TILE), -(-height // _TILE)), interpolation=cv2.INTER_AREA)
    laid = np.repeat(np.repeat(tiles, _TILE, 0), _TILE, 1)[:height, :width]
    laid[::_TILE] = laid[::_TILE] // 4 * 3 + 45
    laid[:, ::_TILE] = laid[:, ::_TILE] // 4 * 3 + 45
    return np.ascontiguousarray(laid)


def masks(scene: Scene, height: int, width: int) -> Bool[np.ndarray, "things h w"]:
    """The masks of the things without outlines: pixels of which more than half shows the thing."""
    owner = np.full((height * OVERSAMPLING, width * OVERSAMPLING), -1, np.int16)
    for index, sprite, left, top in _sprites(scene, *owner.shape):
        below, above = _windows(owner, sprite.cover, left, top)
        covered, cover = owner[below], sprite.cover[above]
        covered[cover > 0] = -1
        covered[cover == styles.INSIDE] = index
    shares = [
        cv2.resize((owner == index).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        for index in range(len(scene.things))
    ]
    return np.stack(shares) > 0.5
