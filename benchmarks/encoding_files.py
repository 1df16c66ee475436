"""Photograph-like files for the benchmarks of encoding."""

import pathlib

import numpy as np
from PIL import Image


def jpegs(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    """Writes pictures with coarse and fine detail, of about 100 KB."""
    rng, paths = np.random.default_rng(1), []
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
        noisy = np.asarray(coarse) + rng.normal(0, 8, (480, 640, 3))
        paths.append(folder / f"{number}.jpg")
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=88)
    return paths
