"""Squares by torch and by Pillow, as CLIP-Italian made them in training and in evaluation. Writes tests/golden/squares.npz:

python -m tests.parity.resize_references
"""

import numpy as np
import torch
from PIL import Image

from tests.helpers.resizing_cases import GOLDEN, SIDE, pictures
from tests.parity import references  # noqa: F401  (makes torchvision importable)

import torchvision.transforms as transforms  # isort: skip

BICUBIC = transforms.InterpolationMode.BICUBIC


def tensor(picture: np.ndarray) -> np.ndarray:
    """run_hybrid_clip.py, class Transform: torchvision 0.10 on a tensor of bytes.

    It resized them as float32, without antialiasing, then clamped and rounded; today's has a way of its own for bytes.
    """
    resize = transforms.Resize(SIDE, interpolation=BICUBIC, antialias=False)
    resized = resize(torch.from_numpy(picture.transpose(2, 0, 1)).float()).clamp(0, 255).round().byte()
    return transforms.CenterCrop(SIDE)(resized).numpy().transpose(1, 2, 0)


def antialiased(picture: np.ndarray) -> np.ndarray:
    """The notebooks: torchvision on a picture opened by Pillow."""
    steps = transforms.Compose([transforms.Resize(SIDE, interpolation=BICUBIC), transforms.CenterCrop(SIDE)])
    return np.asarray(steps(Image.fromarray(picture)))


def golden() -> dict[str, np.ndarray]:
    return {f"{way.__name__}/{number}": way(one) for way in (tensor, antialiased) for number, one in enumerate(pictures())}


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **golden())
