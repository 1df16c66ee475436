"""ELECTRA (Clark et al. 2020) as a text tower: BERT's blocks behind tables of a width of their own; pooled by the mean.

The recipe of docs/training.md to the letter: a test copies this file into clip_italian/models/ and adds it to the table there.
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from clip_italian import config as checking
from clip_italian.models import layers
from clip_italian.models.bert import BertBlock
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.text_tower import Pooling, TextTower


class ElectraSettings(TextTower):
    """An ELECTRA tower."""

    table_width: int  # of the embeddings, which are mapped to `width` where the two differ
    epsilon: float

    model_types = ("electra",)
    tensor_names = ((r"^electra\.", ""),)

    @classmethod
    def from_config(cls, config: Any, where: str, pooling: Pooling, shapes: Mapping[str, tuple[int, ...]]) -> "ElectraSettings":
        values = {
            "vocabulary": config.vocab_size,
            "max_length": config.max_position_embeddings,
            "width": config.hidden_size,
            "depth": config.num_hidden_layers,
            "heads": config.num_attention_heads,
            "mlp_dim": config.intermediate_size,
            "table_width": config.embedding_size,
            "epsilon": config.layer_norm_eps,
        }
        return checking.parse(cls, values, where)

    def module(self, policy: ComputePolicy = PLAIN) -> "Electra":
        return Electra(self, policy)

    @property
    def description(self) -> str:
        return "an ELECTRA, pooled by the mean"

    @property
    def ignored_tensors(self) -> tuple[str, ...]:
        return (r"^(discriminator|generator)_predictions\.",)


class Electra(nn.Module):
    """The mean over a text's tokens, in float32."""

    settings: ElectraSettings
    policy: ComputePolicy = PLAIN

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> Float[Array, "n d"]:
        s = self.settings
        x = layers.embedding(s.vocabulary, s.table_width, "embeddings.word_embeddings")(ids)
        positions = layers.embedding(s.max_length, s.table_width, "embeddings.position_embeddings")(jnp.arange(ids.shape[1]))
        kind = layers.embedding(2, s.table_width, "embeddings.token_type_embeddings")(jnp.zeros(1, int))
        x = layers.norm((x + positions[None] + kind[None]).astype(self.policy.dtype), s.epsilon, "embeddings.LayerNorm")
        if s.table_width != s.width:
            x = layers.dense(s.width, "embeddings_project")(x)
        block = layers.block(BertBlock, self.policy)
        for i in range(s.depth):
            x = block(s.heads, s.mlp_dim, s.epsilon, name=f"encoder.layer.{i}")(x, mask[:, None, :], None)
        weight = mask[..., None].astype(jnp.float32)
        return (x.astype(jnp.float32) * weight).sum(axis=1) / jnp.maximum(weight.sum(axis=1), 1)
