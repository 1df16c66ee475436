"""BERT (Devlin et al. 2019), with the tensor names of the published checkpoints.

XLM-RoBERTa (Conneau et al. 2020) is the same tower with one segment and positions that start at 2; DistilBERT (Sanh et al.
2019) has no segments at all. `formats.py` renames their tensors.
"""
from typing import Annotated, Literal

import flax.linen as nn
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Depth, Settings, Size
from clip_italian.models import layers

Few = Annotated[int, pydantic.Field(ge=0, le=2)]
Pooling = Literal["pooler", "mean", "first_last"]


class BertSettings(Settings):
    """A BERT tower; what has a default is BERT's."""

    vocabulary: Size
    positions: Size  # longest text in tokens
    width: Size
    depth: Depth
    heads: Size
    hidden: Size
    # What stands for the whole text: `pooler` is a tanh layer on the first token (BERT, and CLIP-Italian's choice), `mean`
    # the average over the tokens (Reimers & Gurevych 2019), `first_last` that of the embedded tokens and the last block's
    # (Li et al. 2020, "On the sentence embeddings from pre-trained language models"): the last block alone predicts what
    # could stand in a token's place and forgets which token stands there.
    pooling: Pooling
    segments: Few = 2  # rows of the table of token types: 2, 1 (XLM-RoBERTa) or 0 (DistilBERT)
    first_position: Few = 0  # of a text's first token; 2 in XLM-RoBERTa, whose padding has position 1
    epsilon: float = 1e-12  # of the layer norms

    _heads = pydantic.model_validator(mode="after")(layers.check_heads)


class BertBlock(nn.Module):
    """A post-norm transformer block."""

    heads: int
    hidden: int
    epsilon: float

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: layers.Mask) -> Float[Array, "n t d"]:
        names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        x = nn.LayerNorm(self.epsilon, name="attention.output.LayerNorm")(x + layers.attention(x, self.heads, names, mask))
        inner = layers.exact_gelu(layers.dense(self.hidden, "intermediate.dense")(x))
        return nn.LayerNorm(self.epsilon, name="output.LayerNorm")(x + layers.dense(x.shape[-1], "output.dense")(inner))


class Bert(nn.Module):
    """Token features and pooled features of token ids."""

    settings: BertSettings

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> tuple[Float[Array, "n t d"], Float[Array, "n d"]]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.word_embeddings")(ids)
        rows = s.first_position + jnp.arange(length)
        x = x + layers.embedding(s.first_position + s.positions, s.width, "embeddings.position_embeddings")(rows)[None]
        if s.segments:  # texts have one segment only
            x = x + layers.embedding(s.segments, s.width, "embeddings.token_type_embeddings")(jnp.zeros(1, int))[None]
        first = x = nn.LayerNorm(s.epsilon, name="embeddings.LayerNorm")(x)
        for i in range(s.depth):
            x = BertBlock(s.heads, s.hidden, s.epsilon, name=f"encoder.layer.{i}")(x, mask[:, None, :])
        if s.pooling == "pooler":
            return x, jnp.tanh(layers.dense(s.width, "pooler.dense")(x[:, 0]))
        weight = mask[..., None].astype(x.dtype)
        summed = x if s.pooling == "mean" else (first + x) / 2
        return x, (summed * weight).sum(axis=1) / jnp.maximum(weight.sum(axis=1), 1)


class MaskedLanguageModel(nn.Module):
    """BERT with its masked-token head; the output matrix is the word table (tied), as in the original."""

    settings: BertSettings

    @nn.compact
    def __call__(
        self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"], positions: Int[Array, "n m"]
    ) -> Float[Array, "n m v"]:
        bert = Bert(self.settings, name="bert")
        tokens, _ = bert(ids, mask)
        x = jnp.take_along_axis(tokens, positions[..., None], axis=1)
        x = layers.exact_gelu(layers.dense(self.settings.width, "cls.predictions.transform.dense")(x))
        x = nn.LayerNorm(self.settings.epsilon, name="cls.predictions.transform.LayerNorm")(x)
        table = bert.variables["params"]["embeddings.word_embeddings"]["embedding"]
        bias = self.param("cls.predictions.bias", nn.initializers.zeros, (self.settings.vocabulary,))
        return x @ table.T + bias[None, None]
