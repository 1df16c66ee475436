"""BERT (Devlin et al. 2019), with the tensor names of the published checkpoints.

XLM-RoBERTa (Conneau et al. 2020) is the same tower with one segment and positions that start at 2; DistilBERT (Sanh et al.
2019) has no segments at all. `formats.py` renames their tensors.
"""

import functools
from typing import Annotated, Literal

import flax.linen as nn
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Depth, Settings, Size
from clip_italian.models import layers
from clip_italian.models.computation import PLAIN, Computation, Keys, dropout, place_keys
from clip_italian.models.products import product

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
    """A post-norm transformer block; with keys it drops weights of attention and what either half adds, at BERT's places."""

    heads: int
    hidden: int
    epsilon: float
    dropout: float = 0.0

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: layers.Mask, keys: Keys | None) -> Float[Array, "n t d"]:
        weights, attended, transformed = (functools.partial(dropout, rate=self.dropout, keys=keys, place=i) for i in range(3))
        names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        added = attended(layers.attention(x, self.heads, names, mask, drop=weights))
        x = layers.norm(x + added, self.epsilon, "attention.output.LayerNorm")
        inner = layers.activated(layers.dense(self.hidden, "intermediate.dense")(x), "gelu")
        added = transformed(layers.dense(x.shape[-1], "output.dense")(inner))
        return layers.norm(x + added, self.epsilon, "output.LayerNorm")


class Bert(nn.Module):
    """Token features and pooled features of token ids, in float32; given a key for each text, those of a draw of dropout."""

    settings: BertSettings
    how: Computation = PLAIN

    @nn.compact
    def __call__(
        self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"], keys: Keys | None = None
    ) -> tuple[Float[Array, "n t d"], Float[Array, "n d"]]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.word_embeddings")(ids)
        rows = s.first_position + jnp.arange(length)
        x = x + layers.embedding(s.first_position + s.positions, s.width, "embeddings.position_embeddings")(rows)[None]
        if s.segments:  # texts have one segment only
            x = x + layers.embedding(s.segments, s.width, "embeddings.token_type_embeddings")(jnp.zeros(1, int))[None]
        x = layers.norm(x.astype(self.how.dtype), s.epsilon, "embeddings.LayerNorm")
        first = x = dropout(x, self.how.text_dropout, keys, s.depth)  # places below are those of the blocks
        block = layers.block(BertBlock, self.how)
        for i in range(s.depth):
            own = None if keys is None else place_keys(keys, i)
            x = block(s.heads, s.hidden, s.epsilon, self.how.text_dropout, name=f"encoder.layer.{i}")(x, mask[:, None, :], own)
        first, x = first.astype(jnp.float32), x.astype(jnp.float32)
        if s.pooling == "pooler":
            return x, jnp.tanh(layers.dense(s.width, "pooler.dense")(x[:, 0]))
        weight = mask[..., None].astype(x.dtype)
        summed = x if s.pooling == "mean" else (first + x) / 2
        return x, (summed * weight).sum(axis=1) / jnp.maximum(weight.sum(axis=1), 1)


class MaskedLanguageModel(nn.Module):
    """BERT with its masked-token head; the output matrix is the word table (tied), as in the original."""

    settings: BertSettings

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"], positions: Int[Array, "n m"]) -> Float[Array, "n m v"]:
        bert = Bert(self.settings, name="bert")
        tokens, _ = bert(ids, mask)
        x = jnp.take_along_axis(tokens, positions[..., None], axis=1)
        x = layers.activated(layers.dense(self.settings.width, "cls.predictions.transform.dense")(x), "gelu")
        x = layers.norm(x, self.settings.epsilon, "cls.predictions.transform.LayerNorm")
        table = bert.variables["params"]["embeddings.word_embeddings"]["embedding"]
        bias = self.param("cls.predictions.bias", nn.initializers.zeros, (self.settings.vocabulary,))
        return product(x, table.T) + bias[None, None]
