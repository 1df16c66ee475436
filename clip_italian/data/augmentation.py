"""The augmentation list of 2021 (clip-italian, hybrid_clip/run_hybrid_clip.py, class Transform), in its order.

Random crop, hue jitter, horizontal flip, affine, perspective, autocontrast, equalize. Crop, flip, affine and
perspective are one projective map, applied by a single warp; the hue shift commutes with it, because the grey fill has
no hue. One deviation follows: where a step moves the frame inwards, the 2021 code shows fill and this code what lies
beyond the frame, as long as the stored picture reaches that far.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from clip_italian.config import Settings
from clip_italian.data.draws import uniforms

PURPOSE = 31  # keeps these draws apart from every other use of the same seed
FILL = (127, 127, 127)
DRAWS = 21  # uniform numbers per view
# Pictures are small and calls short: a second thread inside OpenCV costs more than it brings.
cv2.setNumThreads(1)

Batch = UInt8[np.ndarray, "n height width 3"]
Maps = Float[np.ndarray, "n 3 3"]


class AugmentationSettings(Settings):
    """Key `augmentation` of section `images`; the strengths of 2021 are those of torchvision's transforms."""

    crop: int  # side of the random crop, in pixels of the stored picture; the view is `side` pixels wide
    side: int  # pixels of a view
    hue: float  # largest shift either way, in turns of the colour circle
    flip: float  # probability; captions keep their left and right, as in 2021
    degrees: float  # largest rotation either way
    translate: float  # largest shift either way, as a share of the side
    scale: list[float]  # smallest and largest
    shear: float  # degrees, largest either way, along both axes
    distortion: float  # perspective: how far a corner may move inwards, as a share of half the side
    perspective: float  # probability
    autocontrast: float  # probability
    equalize: float  # probability


def view(
    image: UInt8[np.ndarray, "height width 3"],
    seed: int,
    example_id: int,
    view_index: int,
    settings: AugmentationSettings,
) -> UInt8[np.ndarray, "side side 3"]:
    """One augmented view of one picture: a pure function of its arguments."""
    return views(image[None], seed, np.array([example_id]), view_index, settings)[0]


def views(
    images: Batch, seed: int, ids: Int[np.ndarray, " n"], view_index: int, settings: AugmentationSettings
) -> UInt8[np.ndarray, "n side side 3"]:
    """One augmented view of each picture; element i depends on nothing but images[i], seed, ids[i] and view_index."""
    draws = uniforms((seed, PURPOSE, view_index), ids, DRAWS)
    maps = _maps(draws, images.shape[1:3], settings)
    result = np.empty((len(images), settings.side, settings.side, 3), np.uint8)
    for image, matrix, target in zip(images, maps, result, strict=True):
        cv2.warpPerspective(
            image, matrix, (settings.side, settings.side), target, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, FILL
        )
    if settings.hue:
        result = _shift_hue(result, _between(draws[:, 0], -settings.hue, settings.hue))
    _apply_some(result, draws[:, 1] < settings.autocontrast, _autocontrast)
    _apply_some(result, draws[:, 2] < settings.equalize, _equalize)
    return result


def _between(draw: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + draw * (high - low)


def _maps(draws: Float[np.ndarray, "n k"], shape: tuple[int, int], settings: AugmentationSettings) -> Maps:
    """From pixel centres of the stored picture to pixel centres of the view."""
    to_view = _random_crops(draws[:, 3:5], shape, settings)
    to_view = _flips(draws[:, 5] < settings.flip) @ to_view
    to_view = _affines(draws[:, 6:12], settings) @ to_view
    to_view = _perspectives(draws[:, 12:21], settings) @ to_view
    # So far the view was the square [-1/2, 1/2]; its pixel centres lie half a pixel inside.
    centre = settings.side / 2 - 0.5
    return np.array([[settings.side, 0, centre], [0, settings.side, centre], [0, 0, 1]]) @ to_view


def _identities(n: int) -> Maps:
    return np.tile(np.eye(3), (n, 1, 1))


def _random_crops(draws: Float[np.ndarray, "n 2"], shape: tuple[int, int], settings: AugmentationSettings) -> Maps:
    """Moves a random square of `crop` stored pixels to [-1/2, 1/2]."""
    free_rows, free_columns = shape[0] - settings.crop, shape[1] - settings.crop
    tops, lefts = np.floor(draws[:, 0] * (free_rows + 1)), np.floor(draws[:, 1] * (free_columns + 1))
    maps = _identities(len(draws)) / settings.crop
    maps[:, 0, 2] = (0.5 - lefts) / settings.crop - 0.5
    maps[:, 1, 2] = (0.5 - tops) / settings.crop - 0.5
    maps[:, 2, 2] = 1
    return maps


def _flips(chosen: np.ndarray) -> Maps:
    maps = _identities(len(chosen))
    maps[chosen, 0, 0] = -1
    return maps


def _affines(draws: Float[np.ndarray, "n 6"], settings: AugmentationSettings) -> Maps:
    """Rotation x shear along y x shear along x x scale, then a shift, as torchvision.RandomAffine."""
    angle = np.radians(_between(draws[:, 0], -settings.degrees, settings.degrees))
    shear_x, shear_y = np.radians(_between(draws[:, 1:3].T, -settings.shear, settings.shear))
    scale = _between(draws[:, 3], *settings.scale)
    rotation, along_x, along_y = (_identities(len(draws)) for _ in range(3))
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(angle)
    rotation[:, 1, 0] = np.sin(angle)
    rotation[:, 0, 1] = -np.sin(angle)
    along_x[:, 0, 1] = -np.tan(shear_x)
    along_y[:, 1, 0] = -np.tan(shear_y)
    maps = rotation @ along_y @ along_x
    maps[:, :2, :2] *= scale[:, None, None]
    maps[:, :2, 2] = _between(draws[:, 4:6], -settings.translate, settings.translate)
    return maps


def _perspectives(draws: Float[np.ndarray, "n 9"], settings: AugmentationSettings) -> Maps:
    """Where the first draw falls below the probability, moves each corner of the frame inwards at random."""
    maps = _identities(len(draws))
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    for i in np.flatnonzero(draws[:, 0] < settings.perspective):
        inwards = 1 - settings.distortion * draws[i, 1:].reshape(4, 2).astype(np.float32)
        maps[i] = cv2.getPerspectiveTransform(corners, corners * inwards)
    return maps


def _shift_hue(images: Batch, turns: Float[np.ndarray, " n"]) -> Batch:
    """Adds to the hue of every pixel; 8-bit hue wraps around by itself."""
    n, height, width, _ = images.shape
    tall = cv2.cvtColor(images.reshape(n * height, width, 3), cv2.COLOR_RGB2HSV_FULL).reshape(images.shape)
    tall[..., 0] += (np.round(turns * 256).astype(np.int64) % 256).astype(np.uint8)[:, None, None]
    return cv2.cvtColor(tall.reshape(n * height, width, 3), cv2.COLOR_HSV2RGB_FULL).reshape(images.shape)


def _apply_some(images: Batch, chosen: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> None:
    for i in np.flatnonzero(chosen):
        images[i] = change(images[i])


def _autocontrast(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Stretches each channel to 0..255; a channel of one value stays."""
    return cv2.merge([_stretched(channel) for channel in cv2.split(image)])


def _stretched(channel: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    low, high, _, _ = cv2.minMaxLoc(channel)
    gain = 255 / (high - low) if high > low else 1
    return cv2.convertScaleAbs(channel, alpha=gain, beta=-low * gain if high > low else 0)


def _equalize(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])
