"""Resizes and crops images of any shape to squares, with the same pixels as torchvision and transformers.

CLIP-Italian resized in two ways: for evaluation with Pillow's antialiased filters, and for training with torch's bicubic
interpolation of byte tensors, which does not antialias (clip-italian, hybrid_clip/run_hybrid_clip.py, class Transform). On 40
photographs the two differed by 3.5 of 255 levels on average. A third way, `fast`, decodes JPEGs at a reduced size, halves images
while they are at least twice too large, and resizes them bilinearly. On 40 photographs of 500 x 375 pixels it differed from the
antialiased way by 1.9 levels at 256 pixels, where the tensors' way differed by 2.2; at 224 pixels by 2.3 and 2.9.
benchmarks/augmenting.py measures its speed.
"""

from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from clip_italian.config import Settings
from clip_italian.data.images.images import Pixels

Resize = Literal["antialiased", "tensor", "fast"]
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}  # what the systems use


class Fit(Settings):
    """How an image is made square; the defaults are those of CLIP-Italian's evaluation. The side is given elsewhere."""

    # `crop` scales the short side and crops the centre, `squash` scales both sides.
    kind: Literal["crop", "squash"] = "crop"
    resized: int | None = None  # pixels of the scaled side before the crop; None: the side of the square
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    resize: Resize = "antialiased"  # by Pillow; `tensor` is torch's bicubic on bytes; `fast` is OpenCV's on coarser pixels
    # The first margin where an odd number of pixels is cropped: half of it rounded down (`floor`, transformers) or to even
    # (`round`, torchvision, used by OpenAI's CLIP, CLIP-Italian and open_clip).
    margin: Literal["floor", "round"] = "round"


CLIP_ITALIAN = Fit()
TRANSFORMERS = Fit(margin="floor")  # of CLIP, in its CLIPImageProcessor


def least(side: int, fit: Fit) -> int:
    """The size, in pixels, to which decoding may reduce an image before this resizing; 0: no reduction."""
    return (fit.resized or side) if fit.resize == "fast" else 0


def square(pixels: Pixels, side: int, fit: Fit = CLIP_ITALIAN) -> UInt8[np.ndarray, "side side 3"]:
    """The image resized and cropped to a square; missing pixels are black."""
    height, width = _size(pixels.shape[0], pixels.shape[1], fit.resized or side, fit.kind)
    return _middle(_middle(_resized(pixels, height, width, fit), 0, side, fit), 1, side, fit)


def squares(pixels: UInt8[np.ndarray, "n height width 3"], side: int) -> UInt8[np.ndarray, "n side side 3"]:
    """`square` of every image of a batch, for validation and tests."""
    return np.stack([square(one, side) for one in pixels]) if len(pixels) else np.zeros((0, side, side, 3), np.uint8)


def _size(height: int, width: int, target: int, kind: str) -> tuple[int, int]:
    """The (height, width) after scaling; the long side is rounded down, as in both libraries."""
    short = min(height, width)
    return (target, target) if kind == "squash" else (target * height // short, target * width // short)


def _resized(pixels: Pixels, height: int, width: int, fit: Fit) -> UInt8[np.ndarray, "rows columns 3"]:
    if pixels.shape[:2] == (height, width):
        return pixels
    if fit.resize == "fast":
        return _resized_fast(pixels, height, width)
    if fit.resize == "tensor":
        # The same cubic kernel (a = -0.75) and centres as torch.nn.functional.interpolate. In floats, because OpenCV rounds
        # halves of bytes differently, which changes every image that is enlarged by a power of two.
        floats = cv2.resize(pixels.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        return np.rint(floats).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((width, height), FILTERS[fit.interpolation]))


def _resized_fast(pixels: Pixels, height: int, width: int) -> UInt8[np.ndarray, "rows columns 3"]:
    while pixels.shape[0] >= 2 * height and pixels.shape[1] >= 2 * width:
        pixels = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)


def _middle(pixels: Pixels, axis: int, side: int, fit: Fit) -> UInt8[np.ndarray, "rows columns 3"]:
    """The central `side` pixels along an axis, padded with black if there are fewer."""
    spare = pixels.shape[axis] - side
    start = spare // 2 if fit.margin == "floor" else round(spare / 2)
    if spare >= 0:
        return pixels[start : start + side] if axis == 0 else pixels[:, start : start + side]
    before = -start if fit.margin == "floor" else -spare // 2
    black = [(0, 0)] * 3
    black[axis] = (before, -spare - before)
    return np.pad(pixels, black)
