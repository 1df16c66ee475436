"""The vision transformers of CLIP and SigLIP, with the tensor names of the checkpoints as Hugging Face ships them."""

import math
from typing import Annotated, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Float

from clip_italian.config import Depth, Settings, Size
from clip_italian.data.images.resizing import TRANSFORMERS, Fit
from clip_italian.models import layers
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.matmul import matmul

MOST_PATCHES = 1 << 24  # a bound like those of config.Size
Lax = pydantic.Field(strict=False)  # JSON and YAML have lists only
Triple = Annotated[tuple[float, float, float], Lax]
Stem = Annotated[tuple[Annotated[tuple[Size, Size, Size], Lax], ...], Lax]


class ViTSettings(Settings):
    """The settings of a vision tower; the defaults are CLIP's."""

    image_size: Size  # pixels a side
    # Convolutions before the patch embedding, each as [channels, kernel, stride] (Xiao et al. 2021, "Early convolutions help
    # transformers see better"). CLIP has none; a tower trained on thousands of images, not millions, needs them.
    stem: Stem
    patch: Size  # size in pixels of the stem's output; divides image_size / (product of the stem's strides)
    width: Size
    depth: Depth  # blocks
    heads: Size
    mlp_dim: Size = layers.stored_as("hidden", "mlp_dim")
    # The image's feature vector: `class` is the class token (CLIP), `mean` the average over the patches. Initially the class token
    # is nearly the same for every image, and thousands of images are too few to change that soon (LOG.md). `attention` is SigLIP's
    # form (Zhai et al. 2023): no class token, no norm before the blocks, a bias on the patches, and a learned query that attends
    # to all of them.
    pooling: Literal["class", "mean", "attention"]
    activation: layers.Activation = "quick_gelu"
    epsilon: float = layers.CLIP_EPSILON  # of the layer norms
    mean: Triple = (0.48145466, 0.4578275, 0.40821073)  # of the channels of pixels from 0 to 1; openai/CLIP, clip.py
    std: Triple = layers.stored_as("deviation", "std", (0.26862954, 0.26130258, 0.27577711))
    fit: Fit = TRANSFORMERS  # how images are made square; the default is that of transformers, also after an export

    _heads = pydantic.model_validator(mode="after")(layers.check_heads)

    @pydantic.model_validator(mode="after")
    def _patch_fits(self) -> "ViTSettings":
        if self.patch * math.prod(stride for _, _, stride in self.stem) > self.image_size:
            raise ValueError(f"no patch of {self.patch} pixels fits into `image_size` {self.image_size}")
        if (self.image_size // self.patch) ** 2 > MOST_PATCHES:
            raise ValueError(f"`image_size` {self.image_size} and `patch` {self.patch} are more than {MOST_PATCHES} patches")
        return self

    @property
    def grid(self) -> int:
        """The number of patches along a side; a remainder smaller than a patch is cropped."""
        size = self.image_size
        for _, kernel, stride in self.stem:
            size = size // stride if kernel == stride else -(-size // stride)
        return size // self.patch


class PatchConvolution(nn.Module):
    """A convolution whose windows do not overlap, as one matmul, which is faster on CPUs."""

    channels: int
    kernel: int
    bias: bool

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n y x d"]:
        n, height, width, c = x.shape
        k = self.kernel
        rows, columns = height // k, width // k
        windows = x[:, : rows * k, : columns * k].reshape(n, rows, k, columns, k, c).swapaxes(2, 3)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (k, k, c, self.channels))
        y = matmul(windows.reshape(n, rows, columns, k * k * c), kernel.reshape(-1, self.channels).astype(x.dtype))
        return layers.with_bias(y, self.param("bias", nn.initializers.zeros, (self.channels,))) if self.bias else y


class Convolution(nn.Module):
    """A convolution with overlapping windows and zero padding ("SAME")."""

    channels: int
    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n y x d"]:
        k, axes = self.kernel, ("NHWC", "HWIO", "NHWC")
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (k, k, x.shape[-1], self.channels)).astype(x.dtype)
        strides = (self.stride, self.stride)
        y = jax.lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=axes)
        return layers.with_bias(y, self.param("bias", nn.initializers.zeros, (self.channels,)))


def convolution(channels: int, kernel: int, stride: int, name: str, bias: bool) -> nn.Module:
    """A square convolution. If its windows do not overlap, it crops the remainder, as CLIP does, and may have no bias."""
    if kernel == stride:
        return PatchConvolution(channels, kernel, bias, name=name)
    return Convolution(channels, kernel, stride, name=name)


class VisionTransformer(nn.Module):
    """Pooled features of normalised pixels, after the last layer norm, in float32."""

    settings: ViTSettings
    policy: ComputePolicy = PLAIN

    @nn.compact
    def __call__(self, pixels: Float[Array, "n h w 3"]) -> Float[Array, "n d"]:
        s, pixels = self.settings, pixels.astype(self.policy.dtype)
        for i, (channels, kernel, stride) in enumerate(s.stem):
            pixels = nn.relu(convolution(channels, kernel, stride, f"embeddings.stem.{i}", bias=True)(pixels))
        siglip, n = s.pooling == "attention", pixels.shape[0]
        x = convolution(s.width, s.patch, s.patch, "embeddings.patch_embedding", bias=siglip)(pixels).reshape(n, -1, s.width)
        if not siglip:
            token = self.param("embeddings.class_embedding", nn.initializers.normal(layers.EMBEDDING_STD), (s.width,))
            x = jnp.concatenate([jnp.broadcast_to(token, (n, 1, s.width)).astype(x.dtype), x], axis=1)
        positions = layers.embedding(x.shape[1], s.width, "embeddings.position_embedding")(jnp.arange(x.shape[1]))
        x = (x + positions[None]).astype(x.dtype)
        if not siglip:
            x = layers.norm(x, s.epsilon, "pre_layrnorm")  # the published checkpoint spells it so
        block = layers.block(layers.ClipBlock, self.policy)
        for i in range(s.depth):
            x = block(s.heads, s.mlp_dim, s.activation, s.epsilon, name=f"encoder.layers.{i}")(x, None)
        if siglip:
            x = layers.norm(x, s.epsilon, "post_layernorm")
            return AttentionPooling(s.heads, s.mlp_dim, s.activation, s.epsilon, name="head")(x).astype(jnp.float32)
        pooled = (x[:, 0] if s.pooling == "class" else x[:, 1:]).astype(jnp.float32)
        return layers.norm(pooled if s.pooling == "class" else pooled.mean(axis=1), s.epsilon, "post_layernorm")


class AttentionPooling(nn.Module):
    """SigLIP's pooling: a learned query attends to all patches, then a feed-forward block (Lee et al. 2019, "Set transformer")."""

    heads: int
    mlp_dim: int
    activation: layers.Activation
    epsilon: float

    @nn.compact
    def __call__(self, patches: Float[Array, "n t d"]) -> Float[Array, "n d"]:
        n, _, width = patches.shape
        learned = self.param("probe", nn.initializers.lecun_normal(), (1, 1, width))
        probe = jnp.broadcast_to(learned, (n, 1, width)).astype(patches.dtype)
        names = ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.out_proj")
        x = layers.attention(probe, self.heads, names, None, patches)
        return (x + layers.feed_forward(layers.norm(x, self.epsilon, "layernorm"), self.mlp_dim, self.activation))[:, 0]
