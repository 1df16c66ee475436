"""Floating-point operations of a dual encoder, counted from its architecture: a multiplication and an addition are two.

Only matrix products and convolutions count, as is usual; the rest is less than a hundredth of a base model. Attention counts
whole, also where a token looks back only, and so does padding. Both are what the hardware does.
"""

from typing import NamedTuple

from clip_italian.models.dual_encoder import DualEncoderSettings, Head
from clip_italian.models.text_tower import TextTower
from clip_italian.models.vit import ViTSettings

BACKWARD = 2  # a product has two operands, so its backward pass is two products of its size


class Forward(NamedTuple):
    """Operations of a forward pass of one picture, one text or one pair."""

    blocks: float  # of the transformer blocks, which `ComputePolicy.remat` computes again in the backward pass
    others: float


def pair(settings: DualEncoderSettings, tokens: int, batch: int) -> Forward:
    """Of one pair of a batch of `batch` pairs, over all devices, with texts of `tokens` tokens: from pixels to the loss."""
    image, text = image_features(settings), text_features(settings, tokens)
    projections = image_projection(settings) + text_projection(settings)
    return Forward(image.blocks + text.blocks, image.others + text.others + projections + loss(settings, batch))


def training(forward: Forward, remat: bool = False) -> float:
    """Of a forward and a backward pass: three forward passes, and the blocks once more if they are computed again.

    Without `remat` these are the model FLOPs, with it what the hardware does (Chowdhery et al. 2022, "PaLM", appendix B).
    A little less is done: no gradient of the pixels is computed.
    """
    return (1 + BACKWARD) * sum(forward) + (forward.blocks if remat else 0)


def image_features(settings: DualEncoderSettings) -> Forward:
    """Of one picture's pooled features."""
    s = settings.image
    convolutions, patches = _convolutions(s)
    if s.pooling != "attention":  # a class token, also where the patches are averaged
        return Forward(s.depth * _block(s, patches + 1), convolutions)
    return Forward(s.depth * _block(s, patches), convolutions + _block(s, 1, patches))


def text_features(settings: DualEncoderSettings, tokens: int) -> Forward:
    """Of the pooled features of one text of `tokens` tokens."""
    s = settings.text
    return Forward(s.depth * _block(s, tokens), s.pooling_flops)


def image_projection(settings: DualEncoderSettings) -> int:
    """Of one picture's way from pooled features into the common space."""
    return _head(settings.image_head, settings.image.width, settings.projection)


def text_projection(settings: DualEncoderSettings) -> int:
    """Of one text's way from pooled features into the common space."""
    return _head(settings.text_head, settings.text.width, settings.projection)


def loss(settings: DualEncoderSettings, batch: int) -> int:
    """Of one pair's row of the cosines of all pictures with all texts."""
    return 2 * batch * settings.projection


def _block(s: ViTSettings | TextTower, queries: int, keys: int | None = None) -> int:
    """A transformer block: query and output, key and value, scores and mixture, the two layers behind."""
    seen = queries if keys is None else keys
    return 4 * queries * s.width**2 + 4 * seen * s.width**2 + 4 * queries * seen * s.width + 4 * queries * s.width * s.mlp_dim


def _convolutions(s: ViTSettings) -> tuple[int, int]:
    """The stem and the patches, and how many patches there are; convolutions that overlap also reach over the margin."""
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
