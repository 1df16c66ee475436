"""Floating-point operations (FLOPs) of a dual encoder, from its architecture; a multiplication and an addition are two.

Only matmuls and convolutions are counted, as is usual; the rest is less than 1 % of a base model. Causal attention is counted in
full, and padding too, because the hardware computes both.
"""

from typing import NamedTuple

from clip_italian.models.dual_encoder import DualEncoderSettings, Head
from clip_italian.models.text_tower import TextTower
from clip_italian.models.vit import ViTSettings

BACKWARD = 2  # a matmul has two operands, so its backward pass is two matmuls of its size


class Forward(NamedTuple):
    """FLOPs of a forward pass over one image, one text or one pair."""

    blocks: float  # of the transformer blocks, which `ComputePolicy.remat` recomputes in the backward pass
    others: float


def pair(settings: DualEncoderSettings, tokens: int, batch: int) -> Forward:
    """FLOPs of one pair from pixels to the loss, for texts of `tokens` tokens and a batch of `batch` pairs over all devices."""
    image, text = image_features(settings), text_features(settings, tokens)
    projections = _head(settings.image_head, settings.image.width, settings.projection)
    projections += _head(settings.text_head, settings.text.width, settings.projection)
    cosines = 2 * batch * settings.projection  # of a row: one image with all texts
    return Forward(image.blocks + text.blocks, image.others + text.others + projections + cosines)


def training(forward: Forward, remat: bool = False) -> float:
    """FLOPs of a forward and a backward pass: three forward passes, and with `remat` the blocks once more.

    Without `remat` these are model FLOPs, with it hardware FLOPs (Chowdhery et al. 2022, "PaLM", appendix B). The real number is
    slightly smaller, because no gradient of the pixels is computed.
    """
    return (1 + BACKWARD) * sum(forward) + (forward.blocks if remat else 0)


def image_features(settings: DualEncoderSettings) -> Forward:
    """FLOPs of one image's pooled features."""
    s = settings.image
    convolutions, patches = _convolutions(s)
    if s.pooling != "attention":  # a class token, also where the patches are averaged
        return Forward(s.depth * _block(s, patches + 1), convolutions)
    return Forward(s.depth * _block(s, patches), convolutions + _block(s, 1, patches))


def text_features(settings: DualEncoderSettings, tokens: int) -> Forward:
    """FLOPs of the pooled features of one text of `tokens` tokens."""
    s = settings.text
    return Forward(s.depth * _block(s, tokens), s.pooling_flops)


def _block(s: ViTSettings | TextTower, queries: int, keys: int | None = None) -> int:
    """FLOPs of a block: query and output, key and value, scores and weighted sum, the two layers of the MLP."""
    seen = queries if keys is None else keys
    return 4 * queries * s.width**2 + 4 * seen * s.width**2 + 4 * queries * seen * s.width + 4 * queries * s.width * s.mlp_dim


def _convolutions(s: ViTSettings) -> tuple[int, int]:
    """FLOPs of the stem and the patch embedding, and the number of patches; overlapping convolutions are padded."""
    total, side, channels = 0, s.image_size, 3
    for width, kernel, stride in (*s.stem, (s.width, s.patch, s.patch)):
        side = side // stride if kernel == stride else -(-side // stride)
        total += 2 * side**2 * kernel**2 * channels * width
        channels = width
    return total, side**2


def _head(kind: Head, width: int, common: int) -> int:
    if kind == "mlp":
        middle = (width + common) // 2
        return 2 * middle * (width + common)
    return 0 if kind == "none" else 2 * width * common
