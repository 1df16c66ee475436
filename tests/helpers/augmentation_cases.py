"""Pictures and parameters of the operations that golden/augmentation.npz holds torchvision's results of."""

import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/augmentation.npz"
SIDE = 24
LARGE = 224  # pixels along the sides of what is equalized: torchvision's steps are whole pixels, too coarse for small pictures
FACTORS = {"brightness": (0.6, 1.0, 1.4), "contrast": (0.6, 1.4), "saturation": (0.0, 0.6, 1.4), "hue": (-0.1, 0.02, 0.1, 0.5)}
# Degrees, shift in pixels along x and y, factor, shear in degrees along x and y.
AFFINES = ((15.0, 0, 0, 1.0, 0.0, 0.0), (0.0, 3, -2, 0.8, 0.0, 0.0), (-7.0, -1, 2, 1.2, 12.0, -9.0))
# How far each corner moves inwards, in pixels along x and y: top left, top right, bottom right, bottom left.
PERSPECTIVES = (((4, 2), (1, 3), (0, 4), (2, 0)), ((0, 0), (4, 4), (3, 1), (0, 2)))


def pictures(side: int = SIDE) -> dict[str, np.ndarray]:
    """Smooth colours with a hard edge, and the same with little contrast."""
    rows, columns = np.mgrid[:side, :side] / (side - 1)
    channels = [0.5 + 0.5 * np.sin(3 * rows + 2 * columns), columns**2, (rows + columns) / 2]
    bright = np.rint(255 * np.stack(channels, axis=-1)).astype(np.uint8)
    bright[side // 4 : side // 2, side // 3 : side // 2] = (212, 32, 38)
    return {"bright": bright, "dull": (60 + bright // 4).astype(np.uint8)}


def levels(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """What each level of each channel has become, [3, 256]; -1 where a picture lacks the level."""
    table = np.full((3, 256), -1, np.int16)
    for channel in range(3):
        table[channel, before[..., channel]] = after[..., channel]
    return table


def corners(moved: tuple[tuple[int, int], ...]) -> tuple[list[list[int]], list[list[int]]]:
    """Corner pixels, (x, y), before and after."""
    end, inwards = SIDE - 1, ((1, 1), (-1, 1), (-1, -1), (1, -1))
    start = [[0, 0], [end, 0], [end, end], [0, end]]
    return start, [[x + a * dx, y + b * dy] for (x, y), (a, b), (dx, dy) in zip(start, inwards, moved, strict=True)]
