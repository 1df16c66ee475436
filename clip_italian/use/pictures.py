"""Pictures as a tower takes them: upright RGB, cut or squashed to its square, exactly as the systems' own processors do it."""
import pathlib
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from clip_italian.data import images
from clip_italian.data.images import ImageLimits, ImageRejected, Pixels
from clip_italian.errors import InputError

Picture = str | pathlib.Path | Image.Image | Pixels
# Of files: bombs are kept out, odd shapes are the user's business.
LIMITS = ImageLimits(max_bytes=1 << 28, max_pixels=1 << 28, min_side=1, max_aspect=1e4)


def opened(picture: Picture) -> Pixels:
    """The picture's pixels, upright; raises InputError naming the file and the reason when it cannot be read."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise InputError(f"a picture of shape {picture.shape} and type {picture.dtype}; uint8 of (height, width, 3) is needed")
        return picture
    if isinstance(picture, Image.Image):
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    try:
        return images.decode(pathlib.Path(picture).read_bytes(), LIMITS)
    except ImageRejected as reason:
        raise InputError(f"{picture}: {reason}; leave it out or replace it") from None
    except OSError as error:
        raise InputError(f"{picture}: cannot be read ({error.strerror}); check the path") from None


def fitted(pixels: Pixels, side: int, fit: Literal["crop", "squash"]) -> UInt8[np.ndarray, "side side 3"]:
    """A square of the picture: `crop` cuts the middle after the short side became `side`, `squash` scales either side.

    Bicubic with Pillow's antialiasing. The long side's pixels are cut off at the point, as torchvision and transformers do.
    """
    height, width = pixels.shape[:2]
    short = min(height, width)
    size = (side, side) if fit == "squash" else (side * width // short, side * height // short)
    resized = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    top, left = (resized.shape[0] - side) // 2, (resized.shape[1] - side) // 2
    return resized[top : top + side, left : left + side]
