"""Pictures of many shapes, and the squares that are kept of them in golden/squares.npz."""

import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/squares.npz"
SIDE = 16  # of the golden squares
SHAPES = (
    (40, 61),
    (61, 40),
    (37, 37),
    (32, 32),
    (32, 33),
    (33, 32),
    (100, 35),
    (7, 300),
    (300, 7),
    (1, 1),
    (3, 2),
    (64, 64),
    (129, 65),
)


def pictures() -> list[np.ndarray]:
    """One picture of each shape: a gradient and noise."""
    rng = np.random.default_rng(5)
    return [_picture(rng, height, width) for height, width in SHAPES]


def _picture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    smooth = np.stack([rows * 200 // height, columns * 200 // width, (rows + columns) * 100 // (height + width)], axis=-1)
    return (smooth + rng.integers(0, 56, smooth.shape)).astype(np.uint8)
