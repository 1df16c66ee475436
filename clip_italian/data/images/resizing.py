"""Images of any shape to squares, pixel for pixel as torchvision and transformers make them.

CLIP-Italian resized in two ways: files opened by Pillow for its evaluation, with Pillow's antialiasing, and tensors of bytes
for its training, by torch's bicubic without any (clip-italian, hybrid_clip/run_hybrid_clip.py, class Transform). On 40
photographs the two were 3.5 of 255 levels apart on average. A third way, `fast`, decodes JPEGs at a reduced size and as fast as
can be, halves them while they are too large, and interpolates the rest between two pixels: on 40 photographs of 500 x 375 pixels
it was 1.9 levels from the antialiased way at 256 pixels, where the tensors' was 2.2; at 224 pixels 2.3 and 2.9.
benchmarks/augmenting.py has what it saves.
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
    """How an image becomes a square of a side that is given elsewhere; what has a default is CLIP-Italian's evaluation."""

    # `crop` scales the short side and cuts out the middle, `squash` scales either side.
    kind: Literal["crop", "squash"] = "crop"
    resized: int | None = None  # pixels of what is scaled, ahead of the cut; None: the side itself
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    resize: Resize = "antialiased"  # by Pillow; `tensor` is torch's bicubic on bytes; `fast` is OpenCV's on coarser pixels
    # Where an odd number of pixels is cut off: the smaller half in front (`floor`, transformers), or half of it rounded to even
    # (`round`, torchvision, which OpenAI's CLIP, CLIP-Italian and open_clip use).
    margin: Literal["floor", "round"] = "round"


CLIP_ITALIAN = Fit()
TRANSFORMERS = Fit(margin="floor")  # of CLIP, in its CLIPImageProcessor


def least(side: int, fit: Fit) -> int:
    """Pixels along either side that an image must be decoded with for this way of resizing; 0: all it has."""
    return (fit.resized or side) if fit.resize == "fast" else 0


def square(pixels: Pixels, side: int, fit: Fit = CLIP_ITALIAN) -> UInt8[np.ndarray, "side side 3"]:
    """The square of an image; what the resized image lacks on a side is black."""
    height, width = _size(pixels.shape[0], pixels.shape[1], fit.resized or side, fit.kind)
    return _middle(_middle(_resized(pixels, height, width, fit), 0, side, fit), 1, side, fit)


def squares(pixels: UInt8[np.ndarray, "n height width 3"], side: int) -> UInt8[np.ndarray, "n side side 3"]:
    """`square` of every image of a batch: what the models are shown at validation and in the tests."""
    return np.stack([square(one, side) for one in pixels]) if len(pixels) else np.zeros((0, side, side, 3), np.uint8)


def _size(height: int, width: int, target: int, kind: str) -> tuple[int, int]:
    """Height and width after scaling; fractions of the long side's pixels are dropped, as in both libraries."""
    short = min(height, width)
    return (target, target) if kind == "squash" else (target * height // short, target * width // short)


def _resized(pixels: Pixels, height: int, width: int, fit: Fit) -> UInt8[np.ndarray, "rows columns 3"]:
    if pixels.shape[:2] == (height, width):
        return pixels
    if fit.resize == "fast":
        return _resized_fast(pixels, height, width)
    if fit.resize == "tensor":
        # The same cubic (a = -0.75) at the same centres as torch.nn.functional.interpolate. On bytes OpenCV rounds halves
        # another way, which shows in every image that is enlarged by a power of two.
        floats = cv2.resize(pixels.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        return np.rint(floats).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((width, height), FILTERS[fit.interpolation]))


def _resized_fast(pixels: Pixels, height: int, width: int) -> UInt8[np.ndarray, "rows columns 3"]:
    while pixels.shape[0] >= 2 * height and pixels.shape[1] >= 2 * width:
        pixels = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)


def _middle(pixels: Pixels, axis: int, side: int, fit: Fit) -> UInt8[np.ndarray, "rows columns 3"]:
    """The middle `side` pixels along an axis, between black where there are fewer."""
    spare = pixels.shape[axis] - side
    start = spare // 2 if fit.margin == "floor" else round(spare / 2)
    if spare >= 0:
        return pixels[start : start + side] if axis == 0 else pixels[:, start : start + side]
    before = -start if fit.margin == "floor" else -spare // 2
    black = [(0, 0)] * 3
    black[axis] = (before, -spare - before)
    return np.pad(pixels, black)
