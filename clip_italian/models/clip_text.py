"""CLIP's causal text transformer, with the tensor names of OpenAI's checkpoint as Hugging Face ships it."""
import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Settings
from clip_italian.models import layers


class ClipTextSettings(Settings):
    """A causal text tower."""

    vocabulary: int  # token ids
    positions: int  # longest text in tokens
    width: int
    depth: int
    heads: int
    hidden: int


class ClipText(nn.Module):
    """Pooled features of token ids: the last token of each text, after the last layer norm.

    Looking back only, a token never sees the padding behind it, so no padding mask is needed.
    """

    settings: ClipTextSettings

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> Float[Array, "n d"]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.token_embedding")(ids)
        positions = layers.embedding(s.positions, s.width, "embeddings.position_embedding")(jnp.arange(length))
        x = x + positions[None]
        causal = jnp.tril(jnp.ones((1, length, length), bool))
        for i in range(s.depth):
            x = layers.ClipBlock(s.heads, s.hidden, name=f"encoder.layers.{i}")(x, causal)
        last = jnp.maximum(mask.sum(axis=1) - 1, 0)
        pooled = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
        return layers.clip_norm("final_layer_norm")(pooled)
