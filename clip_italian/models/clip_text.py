"""The text transformers of CLIP and SigLIP, with the tensor names of the checkpoints as Hugging Face ships them."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Depth, Settings, Size
from clip_italian.models import layers
from clip_italian.models.computation import PLAIN, Computation


class ClipTextSettings(Settings):
    """A pre-norm text tower; what has a default is CLIP's."""

    vocabulary: Size  # token ids
    positions: Size  # longest text in tokens
    width: Size
    depth: Depth
    heads: Size
    hidden: Size
    # `last` is CLIP's: tokens look back only, and the last one of each text stands for it. `fixed` is SigLIP's: every text is
    # padded to `positions` tokens, all of them look at all, padding too, and the last position stands for the text.
    reading: Literal["last", "fixed"] = "last"
    activation: layers.Activation = "quick_gelu"
    epsilon: float = layers.CLIP_EPSILON  # of the layer norms

    _heads = pydantic.model_validator(mode="after")(layers.check_heads)


class ClipText(nn.Module):
    """Pooled features of token ids: of one token of each text, after the last layer norm, in float32.

    Looking back only, a token never sees the padding behind it, so no padding mask is needed.
    """

    settings: ClipTextSettings
    how: Computation = PLAIN

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> Float[Array, "n d"]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.token_embedding")(ids)
        positions = layers.embedding(s.positions, s.width, "embeddings.position_embedding")(jnp.arange(length))
        x = (x + positions[None]).astype(self.how.dtype)
        causal = jnp.tril(jnp.ones((1, length, length), bool)) if s.reading == "last" else None
        block = layers.block(layers.ClipBlock, self.how)
        for i in range(s.depth):
            x = block(s.heads, s.hidden, s.activation, s.epsilon, name=f"encoder.layers.{i}")(x, causal)
        last = jnp.maximum(mask.sum(axis=1) - 1, 0) if s.reading == "last" else jnp.full(len(ids), length - 1)
        pooled = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
        return layers.norm(pooled.astype(jnp.float32), s.epsilon, "final_layer_norm")
