"""The colour operations of the augmentation list, on one 8-bit image, as torchvision defines them on tensors of bytes.

Brightness, contrast and saturation blend the image with black, with its mean grey and with its own greys (ITU-R BT.601);
hue turns the colour circle; autocontrast and equalize work on each channel alone. tests/golden/augmentation.npz holds
torchvision's values, and tests/data/test_augmentation.py states how far each operation is from them.
"""

import typing

import cv2
import numpy as np
from jaxtyping import UInt8

Picture = UInt8[np.ndarray, "h w 3"]
Channel = UInt8[np.ndarray, "h w"]
LEVELS = np.arange(256, dtype=np.float64)
# torch cuts fractions of a level off where OpenCV rounds; just under a half, so that whole levels stay what they are.
CUT = 0.5 - 1e-3


class Jitter(typing.NamedTuple):
    """torchvision.transforms.ColorJitter: three factors, a share of the colour circle, and in which order they act."""

    # Of brightness, contrast, saturation and hue: what changes nothing is 1, and of the hue, which is in turns, 0.
    factors: tuple[float, ...]
    order: tuple[int, ...]  # of the four, by their places there


def jittered(image: Picture, jitter: Jitter) -> Picture:
    """The image after those of the four operations that change anything, one after the other."""
    for place in jitter.order:
        operation, neutral = OPERATIONS[place]
        if jitter.factors[place] != neutral:
            image = operation(image, jitter.factors[place])
    return image


def brightness(image: Picture, factor: float) -> Picture:
    """Every level times the factor."""
    return _by_level(image, LEVELS * factor)


def contrast(image: Picture, factor: float) -> Picture:
    """Returns the image with each level's distance from the mean grey multiplied by `factor`."""
    mean = cv2.mean(_grey(image))[0]
    return _by_level(image, LEVELS * factor + mean * (1 - factor))


def saturation(image: Picture, factor: float) -> Picture:
    """Returns the image with each pixel's distance from its own grey multiplied by `factor`."""
    grey = cv2.cvtColor(_grey(image), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, factor, grey, 1 - factor, -CUT)


def hue(image: Picture, turns: float) -> Picture:
    """Every hue turned; hues have 256 levels, which wrap around by themselves."""
    converted = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    converted[..., 0] += np.uint8(round(turns * 256) % 256)
    return cv2.cvtColor(converted, cv2.COLOR_HSV2RGB_FULL)


OPERATIONS = ((brightness, 1.0), (contrast, 1.0), (saturation, 1.0), (hue, 0.0))


def autocontrast(image: Picture) -> Picture:
    """Stretches each channel to 0..255; a channel of one value stays."""
    return cv2.merge([_stretched(channel) for channel in cv2.split(image)])


def equalize(image: Picture) -> Picture:
    """Spreads the histogram of each channel: a level becomes the share of the pixels below it, in 255 whole steps."""
    return cv2.merge([_equalized(channel) for channel in cv2.split(image)])


def equalize_opencv(image: Picture) -> Picture:
    """The same as cv2.equalizeHist has it: a level becomes the share of the pixels up to it, without those of the lowest."""
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


def _grey(image: Picture) -> Channel:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _by_level(image: Picture, table: np.ndarray) -> Picture:
    return cv2.LUT(image, (table + 1e-6).clip(0, 255).astype(np.uint8))
