"""The drawing styles, each of which turns a thing's plain drawing into its finished form."""

import dataclasses
import functools
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from clip_italian.world.drawing.palette import RGB, luminance

Layer = UInt8[np.ndarray, "h w 4"]  # red, green, blue, and a mask: INSIDE on the thing, less on its outline, else 0
INSIDE = 255
TEXTURE = 480  # pixels; larger than any thing at the study's image sizes


@dataclasses.dataclass(frozen=True)
class Style:
    """`finish(layer, outline colour, outline radius in pixels)` returns the finished layer."""

    contour: bool  # whether parts get contour lines
    opacity: float  # of a thing over the ground
    finish: Callable[[Layer, RGB, int], Layer]


@functools.cache
def _disc(radius: int) -> UInt8[np.ndarray, "d d"]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def outlined(layer: Layer, colour: RGB, radius: int) -> Layer:
    """The layer with an outline of that colour."""
    inside = cv2.extractChannel(layer, 3)
    below = np.empty_like(layer)
    cv2.rectangle(below, (0, 0), layer.shape[1::-1], (*colour, 0), -1)
    cv2.copyTo(layer, inside, below)
    edged = cv2.max(inside, cv2.convertScaleAbs(cv2.dilate(inside, _disc(radius)), alpha=0.5))
    return cv2.insertChannel(edged, below, 3)


@functools.cache
def _noise(grain: float, number: int) -> Float[np.ndarray, "t t"]:
    """A fixed smooth random field with unit variance; `grain` is the size of its features in pixels."""
    rough = np.random.default_rng([20211, number]).standard_normal((TEXTURE, TEXTURE)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), grain)
    return np.round(smooth / smooth.std() * 32) / 32  # rounded, so that all processors give the same values


def _shaken(layer: Layer) -> Layer:
    """The layer with wavy lines, as if drawn by hand; less wavy for small things, which stay recognisable."""
    height, width = layer.shape[:2]
    reach = np.float32(0.9 * min(1.0, max(height, width) / 80))
    across = np.arange(width, dtype=np.float32) + reach * _noise(4, 1)[:height, :width]
    down = np.arange(height, dtype=np.float32)[:, None] + reach * _noise(4, 2)[:height, :width]
    return cv2.remap(layer, across, down, cv2.INTER_NEAREST)


@functools.cache
def _hatching() -> UInt8[np.ndarray, "t t"]:
    rows, columns = np.mgrid[:TEXTURE, :TEXTURE]
    wave = (rows + columns + 1.3 * _noise(3.5, 3)) % 6
    return (wave < 2.7).astype(np.uint8) * 255


def _inside_of(layer: Layer, coloured: Layer) -> Layer:
    """The colours of `coloured` with the mask of `layer`."""
    return cv2.insertChannel(cv2.extractChannel(layer, 3), coloured, 3)


def _pencil(layer: Layer, outline: RGB, radius: int) -> Layer:
    """Hatching in the thing's colours on white, with a thin wavy outline."""
    layer = _shaken(layer)
    height, width = layer.shape[:2]
    paler = cv2.convertScaleAbs(layer, alpha=0.8, beta=51)
    cv2.copyTo(layer, _hatching()[:height, :width], paler)
    return outlined(_inside_of(layer, paler), outline, max(1, radius - 1))


@functools.cache
def _blotches() -> Float[np.ndarray, "t t"]:
    return 0.68 + 0.07 * _noise(3, 4)


def _watercolour(layer: Layer, outline: RGB, radius: int) -> Layer:
    """Colours that are darker towards the edges, with an outline only at night."""
    layer = _shaken(layer)
    height, width = layer.shape[:2]
    inside = cv2.boxFilter(cv2.extractChannel(layer, 3), -1, (7, 7), borderType=cv2.BORDER_CONSTANT)
    tone = _blotches()[:height, :width] + inside * np.float32(0.34 / 255)
    washed = _inside_of(layer, cv2.multiply(layer, cv2.merge([tone] * 4), dtype=cv2.CV_8U))
    return outlined(washed, outline, 1) if luminance(outline) > 150 else washed


def _sticker(layer: Layer, outline: RGB, radius: int) -> Layer:
    """A cut-out with a white border, lit from above."""
    height, width = layer.shape[:2]
    light = (1.1 - 0.22 / height * np.arange(height, dtype=np.float32))[:, None]
    lit = _inside_of(layer, cv2.multiply(layer, cv2.merge([cv2.repeat(light, 1, width)] * 4), dtype=cv2.CV_8U))
    return outlined(outlined(lit, (255, 255, 255), radius + 1), (150, 152, 164), 1)


STYLES: dict[str, Style] = {
    "flat": Style(contour=True, opacity=1.0, finish=outlined),
    "pencil": Style(contour=True, opacity=1.0, finish=_pencil),
    "watercolour": Style(contour=False, opacity=0.92, finish=_watercolour),
    "sticker": Style(contour=False, opacity=1.0, finish=_sticker),
    "mosaic": Style(contour=True, opacity=1.0, finish=outlined),  # render.py lays the tiles over the whole image
}
