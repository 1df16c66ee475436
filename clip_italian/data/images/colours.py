"""The colour operations of the augmentation list, on one 8-bit image, as torchvision defines them on tensors of bytes.

Brightness, contrast and saturation blend the image with black, with its mean grey and with its own greys (ITU-R BT.601);
hue turns the colour circle; autocontrast and equalize work on each channel alone. tests/golden/augmentation.npz holds
torchvision's values, and tests/data/test_augmentation.py states how far each operation is from them.
"""

import typing

import cv2
import numpy as np
from jaxtyping import UInt8

Image = UInt8[np.ndarray, "h w 3"]
Channel = UInt8[np.ndarray, "h w"]
LEVELS = np.arange(256, dtype=np.float64)
# Subtracted before OpenCV rounds, since torch truncates; just under a half, so that whole levels do not change.
CUT = 0.5 - 1e-3


class Jitter(typing.NamedTuple):
    """The parameters of torchvision.transforms.ColorJitter for one image."""

    factors: tuple[float, ...]  # of brightness, contrast, saturation (1: no change) and the hue shift in turns (0: no change)
    order: tuple[int, ...]  # in which the four act, as indices of `factors`


def jittered(image: Image, jitter: Jitter) -> Image:
    """The image after colour jitter; operations with a neutral factor are skipped."""
    for index in jitter.order:
        operation, neutral = OPERATIONS[index]
        if jitter.factors[index] != neutral:
            image = operation(image, jitter.factors[index])
    return image


def brightness(image: Image, factor: float) -> Image:
    """The image with each level multiplied by the factor."""
    return _by_level(image, LEVELS * factor)


def contrast(image: Image, factor: float) -> Image:
    """Returns the image with each level's distance from the mean grey multiplied by `factor`."""
    mean = cv2.mean(_grey(image))[0]
    return _by_level(image, LEVELS * factor + mean * (1 - factor))


def saturation(image: Image, factor: float) -> Image:
    """Returns the image with each pixel's distance from its own grey multiplied by `factor`."""
    grey = cv2.cvtColor(_grey(image), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, factor, grey, 1 - factor, -CUT)


def hue(image: Image, turns: float) -> Image:
    """The image with its hues shifted by `turns` of the colour circle."""
    converted = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    converted[..., 0] += np.uint8(round(turns * 256) % 256)  # hues have 256 levels, so the sum wraps around
    return cv2.cvtColor(converted, cv2.COLOR_HSV2RGB_FULL)


OPERATIONS = ((brightness, 1.0), (contrast, 1.0), (saturation, 1.0), (hue, 0.0))


def autocontrast(image: Image) -> Image:
    """Stretches each channel to 0..255; a constant channel stays."""
    return cv2.merge([_stretched(channel) for channel in cv2.split(image)])


def equalize(image: Image) -> Image:
    """Spreads the histogram of each channel: a level becomes the share of the pixels below it, in 255 whole steps."""
    return cv2.merge([_equalized(channel) for channel in cv2.split(image)])


def equalize_opencv(image: Image) -> Image:
    """Equalizes each channel by cv2.equalizeHist: a level becomes the share of pixels up to it, excluding the lowest level."""
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def _equalized(channel: Channel) -> Channel:
    counts = cv2.calcHist([channel], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    step = (channel.size - counts[np.flatnonzero(counts)[-1]]) // 255
    if not step:
        return channel
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return cv2.LUT(channel, ((below + step // 2) // step).clip(0, 255).astype(np.uint8))


def _stretched(channel: Channel) -> Channel:
    low, high, _, _ = cv2.minMaxLoc(channel)
    gain = 255 / (high - low) if high > low else 1
    return cv2.convertScaleAbs(channel, alpha=gain, beta=-low * gain if high > low else 0)


def _grey(image: Image) -> Channel:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _by_level(image: Image, table: np.ndarray) -> Image:
    return cv2.LUT(image, (table + 1e-6).clip(0, 255).astype(np.uint8))
