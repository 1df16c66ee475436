"""CLIP's vision transformer, with the tensor names of OpenAI's checkpoint as Hugging Face ships it."""
import flax.linen as nn
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Float

from clip_italian.config import Settings
from clip_italian.models import layers


class ViTSettings(Settings):
    """A vision tower."""

    image_size: int  # pixels a side
    # Channels of 3 x 3 convolutions of stride 2 ahead of the patches (Xiao et al. 2021, "Early convolutions help
    # transformers see better"). CLIP has none; a tower trained on thousands of pictures, not millions, needs them.
    stem: tuple[int, ...] = pydantic.Field(strict=False)  # JSON and YAML have lists only
    patch: int  # a side, in pixels of the stem's output; divides image_size / 2 ** len(stem)
    width: int
    depth: int  # blocks
    heads: int
    hidden: int  # width inside a block's MLP


class VisionTransformer(nn.Module):
    """Pooled features of normalised pixels: the class token after the last layer norm."""

    settings: ViTSettings

    @nn.compact
    def __call__(self, pixels: Float[Array, "n h w 3"]) -> Float[Array, "n d"]:
        s = self.settings
        for i, channels in enumerate(s.stem):
            pixels = nn.Conv(channels, (3, 3), (2, 2), "SAME", use_bias=False, name=f"embeddings.stem.{i}.convolution")(pixels)
            pixels = layers.quick_gelu(layers.clip_norm(f"embeddings.stem.{i}.layer_norm")(pixels))
        patches = nn.Conv(
            s.width, (s.patch, s.patch), (s.patch, s.patch), "VALID", use_bias=False,
            kernel_init=nn.initializers.lecun_normal(), name="embeddings.patch_embedding",
        )(pixels)  # fmt: skip
        patches = patches.reshape(pixels.shape[0], -1, s.width)
        token = self.param("embeddings.class_embedding", nn.initializers.normal(layers.EMBEDDING_DEVIATION), (s.width,))
        x = jnp.concatenate([jnp.broadcast_to(token, (pixels.shape[0], 1, s.width)), patches], axis=1)
        positions = layers.embedding(x.shape[1], s.width, "embeddings.position_embedding")(jnp.arange(x.shape[1]))
        x = layers.clip_norm("pre_layrnorm")(x + positions[None])  # the published checkpoint spells it so
        for i in range(s.depth):
            x = layers.ClipBlock(s.heads, s.hidden, name=f"encoder.layers.{i}")(x, None)
        return layers.clip_norm("post_layernorm")(x[:, 0])
