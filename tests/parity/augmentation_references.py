"""The operations of the augmentation list by torchvision, on tensors of bytes as in 2021. Writes tests/golden/augmentation.npz:

python -m tests.parity.augmentation_references
"""

import numpy as np
import torch

import tests.parity.torchvision_without_cuda  # noqa: F401  (before torchvision)
from tests.helpers.augmentation_cases import AFFINES, FACTORS, GOLDEN, LARGE, PERSPECTIVES, corners, levels, pictures

import torchvision.transforms.functional as functional  # isort: skip
from torchvision.transforms import InterpolationMode  # isort: skip

COLOURS = {
    "brightness": functional.adjust_brightness,
    "contrast": functional.adjust_contrast,
    "saturation": functional.adjust_saturation,
    "hue": functional.adjust_hue,
}
HOW = {"interpolation": InterpolationMode.BILINEAR, "fill": [127.0, 127.0, 127.0]}


def affine(picture: torch.Tensor, parameters: tuple[float, ...]) -> torch.Tensor:
    angle, x, y, scale, along_x, along_y = parameters
    return functional.affine(picture, angle, [int(x), int(y)], scale, [along_x, along_y], **HOW)


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def golden() -> dict[str, np.ndarray]:
    picture = tensor(pictures()["bright"])
    results = {f"{name}/{factor}": COLOURS[name](picture, factor) for name, factors in FACTORS.items() for factor in factors}
    results |= {f"affine/{k}": affine(picture, one) for k, one in enumerate(AFFINES)}
    results |= {f"perspective/{k}": functional.perspective(picture, *corners(moved), **HOW) for k, moved in enumerate(PERSPECTIVES)}
    arrays = {name: result.numpy().transpose(1, 2, 0) for name, result in results.items()}
    for name, pixels in pictures(LARGE).items():
        for change in (functional.autocontrast, functional.equalize):
            after = change(tensor(pixels)).numpy().transpose(1, 2, 0)
            arrays[f"{change.__name__}/{name}"] = levels(pixels, after)
    return arrays


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **golden())
