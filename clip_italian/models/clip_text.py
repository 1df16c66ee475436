"""The text transformers of CLIP and SigLIP, with the tensor names of the checkpoints as Hugging Face ships them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from clip_italian import config as checking
from clip_italian.data.tokens import CLIP_SPECIAL
from clip_italian.models import layers
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.text_tower import Pooling, TextTower


class ClipTextSettings(TextTower):
    """The settings of a pre-norm text tower; the defaults are CLIP's."""

    # `last` (CLIP): attention is causal, and the text's features are those of its last token. `fixed` (SigLIP): texts are padded to
    # `max_length` tokens, attention has no mask, and the text's features are those of the last position.
    reading: Literal["last", "fixed"] = "last"
    activation: layers.Activation = "quick_gelu"
    epsilon: float = layers.CLIP_EPSILON  # of the layer norms

    model_types = ("clip_text_model", "siglip_text_model")
    special_tokens: ClassVar = {
        "bos_token": CLIP_SPECIAL[0],
        **dict.fromkeys(("eos_token", "unk_token", "pad_token"), CLIP_SPECIAL[1]),
    }

    @classmethod
    def from_config(cls, config: Any, where: str, pooling: Pooling, shapes: Mapping[str, tuple[int, ...]]) -> "ClipTextSettings":
        """The tower of a CLIP or SigLIP text configuration; `pooling` is ignored, since each has only one."""
        values = {
            "vocabulary": config.vocab_size,
            "max_length": config.max_position_embeddings,
            "width": config.hidden_size,
            "depth": config.num_hidden_layers,
            "heads": config.num_attention_heads,
            "mlp_dim": config.intermediate_size,
            "reading": "fixed" if config.model_type == "siglip_text_model" else "last",
            "activation": layers.activation_named(config.hidden_act, where),
            "epsilon": config.layer_norm_eps,
        }
        return checking.parse(cls, values, where)

    def module(self, policy: ComputePolicy = PLAIN) -> "ClipText":
        return ClipText(self, policy)

    @property
    def description(self) -> str:
        return "the text transformer of CLIP"

    @property
    def reads_padding(self) -> bool:
        return self.reading == "fixed"


class ClipText(nn.Module):
    """Pooled features of token ids: those of one token of each text, after the last layer norm, in float32.

    Causal attention needs no padding mask, because padding follows the tokens.
    """

    settings: ClipTextSettings
    policy: ComputePolicy = PLAIN

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> Float[Array, "n d"]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.token_embedding")(ids)
        positions = layers.embedding(s.max_length, s.width, "embeddings.position_embedding")(jnp.arange(length))
        x = (x + positions[None]).astype(self.policy.dtype)
        causal = jnp.tril(jnp.ones((1, length, length), bool)) if s.reading == "last" else None
        block = layers.block(layers.ClipBlock, self.policy)
        for i in range(s.depth):
            x = block(s.heads, s.mlp_dim, s.activation, s.epsilon, name=f"encoder.layers.{i}")(x, causal)
        last = jnp.maximum(mask.sum(axis=1) - 1, 0) if s.reading == "last" else jnp.full(len(ids), length - 1)
        pooled = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
        return layers.norm(pooled.astype(jnp.float32), s.epsilon, "final_layer_norm")
