"""Augmented views of images: the augmentation list of 2021 (clip-italian, hybrid_clip/run_hybrid_clip.py, class Transform).

Random crop, colour jitter, horizontal flip, affine, perspective, then colour operations such as autocontrast and equalize.
Crop, flip, affine and perspective are composed to one projective map and applied by a single warp, so that an image is
interpolated once and not three times. Shifts and corners are fractions of pixels; the code of 2021 drew whole pixels.

To add a colour operation: write a function in colours.py, add a line to `OPERATIONS` and one at the end of `DRAWS`, and name it
under `operations` of an augmentation in a profile.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Literal

import cv2
import numpy as np
import pydantic
from jaxtyping import Float, Int, UInt8

from clip_italian.config import Settings
from clip_italian.data.images import colours
from clip_italian.data.images.colours import Jitter
from clip_italian.data.images.draws import uniforms

PURPOSE = 31  # separates these random numbers from other uses of the same seed
INTERPOLATIONS = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
# Images are small: a second thread in OpenCV would cost more time than it saves.
cv2.setNumThreads(1)

Image = UInt8[np.ndarray, "height width 3"]
Batch = UInt8[np.ndarray, "n height width 3"]
Numbers = Float[np.ndarray, " k"]  # uniform in [0, 1)
Draws = dict[str, Float[np.ndarray, "n k"]]  # by step
Maps = Float[np.ndarray, "n 3 3"]
Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Strength = Annotated[float, pydantic.Field(ge=0)]

# The count of uniform numbers that each step of a view takes. Add a new step at the end, so that the others keep their numbers.
DRAWS = {
    "hue": 1,
    "autocontrast": 1,
    "equalize": 1,
    "crop": 2,
    "flip": 1,
    "affine": 6,
    "perspective": 9,
    "factors": 3,  # of brightness, contrast and saturation
    "order": 4,  # of the four colour jitters
}
# Operations on a finished view, by their names in profiles: the step of DRAWS whose first number decides whether it acts, and
# the function of image and numbers. The two definitions of equalize agree unless a level is frequent: they differ by that
# level's share of the image. Torchvision's steps are whole pixels, too coarse for images below some 100 pixels a side.
OPERATIONS: dict[str, tuple[str, Callable[[Image, Numbers], Image]]] = {
    "autocontrast": ("autocontrast", lambda image, _: colours.autocontrast(image)),
    "equalize": ("equalize", lambda image, _: colours.equalize(image)),
    "equalize_opencv": ("equalize", lambda image, _: colours.equalize_opencv(image)),
}


class AugmentationSettings(Settings):
    """One of the named settings under `augmentations` of section `images`; strengths as in torchvision's transforms."""

    crop: Annotated[int, pydantic.Field(gt=0)]  # side of the random crop, in pixels of the stored image
    # The source of pixels beyond the crop, where a step moves the frame inwards: the stored image as far as it extends, or the
    # fill alone, as in 2021.
    beyond: Literal["picture", "fill"]
    brightness: Strength  # factors range from max(0, 1 - brightness) to 1 + brightness; likewise the next two
    contrast: Strength
    saturation: Strength
    hue: Annotated[float, pydantic.Field(ge=0, le=0.5)]  # largest shift either way, in turns of the colour circle
    # Whether the four act before the warp, as in 2021, or after it, which is faster (fewer pixels) but also changes the fill.
    jitter: Literal["before", "after"]
    flip: Share  # probability; captions are not changed, so left and right become wrong in them, as in 2021
    degrees: Strength  # largest rotation either way
    translate: Strength  # largest shift either way, as a share of the side
    scale: list[float]  # smallest and largest
    shear: Annotated[float, pydantic.Field(ge=0, lt=90)]  # degrees, largest either way, along both axes
    distortion: Share  # perspective: how far a corner may move inwards, as a share of half the side
    perspective: Share  # probability
    interpolation: Literal["nearest", "bilinear", "bicubic"]  # of the warp
    fill: Annotated[int, pydantic.Field(ge=0, le=255)]  # grey level of what lies outside the image
    operations: dict[str, Share]  # on the finished view, in this order: names of `OPERATIONS`, each with its probability

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> "AugmentationSettings":
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"`scale` is {self.scale}, which must be a smallest and a largest factor above 0")
        for name in self.operations:
            if name not in OPERATIONS:
                raise ValueError(f"`operations` has `{name}`; known are {', '.join(OPERATIONS)}")
        return self


def views(
    images: Batch, size: int, seed: int, ids: Int[np.ndarray, " n"], view_index: int, settings: AugmentationSettings
) -> UInt8[np.ndarray, "n size size 3"]:
    """One augmented view of each image, `size` pixels a side.

    Element i depends on nothing but images[i], seed, ids[i] and view_index.
    """
    draws = _draws(seed, ids, view_index)
    corners = _corners(draws["crop"], images.shape[1:3], settings)
    result = np.empty((len(images), size, size, 3), np.uint8)
    parts = zip(images, _maps(draws, corners, size, settings), corners, _jitters(draws, settings), result, strict=True)
    for image, matrix, corner, jitter, target in parts:
        window, from_window = _window(image, matrix, corner, settings)
        _warp(colours.jittered(window, jitter) if settings.jitter == "before" else window, from_window, target, settings)
        if settings.jitter == "after":
            target[:] = colours.jittered(target, jitter)
    for name, probability in settings.operations.items():
        step, operation = OPERATIONS[name]
        for i in np.flatnonzero(draws[step][:, 0] < probability):
            result[i] = operation(result[i], draws[step][i, 1:])
    return result


def maps(
    shape: tuple[int, int], size: int, seed: int, ids: Int[np.ndarray, " n"], view_index: int, settings: AugmentationSettings
) -> Maps:
    """The projective map of each view of `views`, from pixel centres of the stored image to pixel centres of the view."""
    draws = _draws(seed, ids, view_index)
    return _maps(draws, _corners(draws["crop"], shape, settings), size, settings)


def _draws(seed: int, ids: Int[np.ndarray, " n"], view_index: int) -> Draws:
    ends = np.cumsum(list(DRAWS.values()))
    numbers = uniforms((seed, PURPOSE, view_index), ids, int(ends[-1]))
    return dict(zip(DRAWS, np.split(numbers, ends[:-1], axis=1), strict=True))


def _window(
    image: Image, matrix: np.ndarray, corner: np.ndarray, settings: AugmentationSettings
) -> tuple[UInt8[np.ndarray, "rows columns 3"], np.ndarray]:
    """The part of the image that a view may show, and the map from that part to the view."""
    if settings.beyond == "picture":
        return image, matrix
    top, left = (int(value) for value in corner)
    moved = matrix @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
    return image[top : top + settings.crop, left : left + settings.crop], moved


def _warp(window: np.ndarray, matrix: np.ndarray, target: np.ndarray, settings: AugmentationSettings) -> None:
    flags, fill = INTERPOLATIONS[settings.interpolation], (settings.fill,) * 3
    cv2.warpPerspective(window, matrix, target.shape[:2], target, flags, cv2.BORDER_CONSTANT, fill)


def _jitters(draws: Draws, settings: AugmentationSettings) -> Iterator[Jitter]:
    """The draws of torchvision.transforms.ColorJitter."""
    strengths = (settings.brightness, settings.contrast, settings.saturation)
    factors = [_between(draws["factors"][:, k], max(0.0, 1 - strength), 1 + strength) for k, strength in enumerate(strengths)]
    hues = _between(draws["hue"][:, 0], -settings.hue, settings.hue)
    orders = np.argsort(draws["order"], axis=1)
    for *values, order in zip(*factors, hues, orders, strict=True):
        yield Jitter(tuple(map(float, values)), tuple(order.tolist()))


def _between(draw: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + draw * (high - low)


def _maps(draws: Draws, corners: Int[np.ndarray, "n 2"], size: int, settings: AugmentationSettings) -> Maps:
    flips = _identities(len(corners))
    flips[draws["flip"][:, 0] < settings.flip, 0, 0] = -1
    to_view = flips @ _crops(corners, settings)
    to_view = _affines(draws["affine"], settings) @ to_view
    to_view = _perspectives(draws["perspective"], settings) @ to_view
    # So far the view was the square [-1/2, 1/2]; its pixel centres lie half a pixel inside.
    centre = size / 2 - 0.5
    return np.array([[size, 0, centre], [0, size, centre], [0, 0, 1]]) @ to_view


def _identities(n: int) -> Maps:
    return np.tile(np.eye(3), (n, 1, 1))


def _corners(draws: Float[np.ndarray, "n 2"], shape: Sequence[int], settings: AugmentationSettings) -> Int[np.ndarray, "n 2"]:
    """The (top, left) corners of the random crops, uniformly distributed."""
    return np.floor(draws * (np.array(shape) - settings.crop + 1)).astype(np.int64)


def _crops(corners: Int[np.ndarray, "n 2"], settings: AugmentationSettings) -> Maps:
    """Maps from the crop of `crop` x `crop` stored pixels to the square [-1/2, 1/2]."""
    maps = _identities(len(corners)) / settings.crop
    maps[:, :2, 2] = (0.5 - corners[:, ::-1]) / settings.crop - 0.5
    maps[:, 2, 2] = 1
    return maps


def _affines(draws: Float[np.ndarray, "n 6"], settings: AugmentationSettings) -> Maps:
    """Random affine maps, as in torchvision.RandomAffine: rotation x shear along y x shear along x x scale, then a shift."""
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
    """Random perspective maps: with the set probability (first draw), each corner of the frame moves inwards at random."""
    maps = _identities(len(draws))
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    for i in np.flatnonzero(draws[:, 0] < settings.perspective):
        inwards = 1 - settings.distortion * draws[i, 1:].reshape(4, 2).astype(np.float32)
        maps[i] = cv2.getPerspectiveTransform(corners, corners * inwards)
    return maps
