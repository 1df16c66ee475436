"""BERT (Devlin et al. 2019), with the tensor names of the published checkpoints."""
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Settings
from clip_italian.models import layers

Pooling = Literal["pooler", "mean", "first_last"]


class BertSettings(Settings):
    """A BERT tower."""

    vocabulary: int
    positions: int  # longest text in tokens
    width: int
    depth: int
    heads: int
    hidden: int
    # What stands for the whole text: `pooler` is a tanh layer on the first token (BERT, and CLIP-Italian's choice), `mean`
    # the average over the tokens (Reimers & Gurevych 2019), `first_last` that of the embedded tokens and the last block's
    # (Li et al. 2020, "On the sentence embeddings from pre-trained language models"): the last block alone predicts what
    # could stand in a token's place and forgets which token stands there.
    pooling: Pooling


class BertBlock(nn.Module):
    """A post-norm transformer block."""

    heads: int
    hidden: int

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: layers.Mask) -> Float[Array, "n t d"]:
        names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        x = bert_norm("attention.output.LayerNorm")(x + layers.attention(x, self.heads, names, mask))
        inner = layers.exact_gelu(layers.dense(self.hidden, "intermediate.dense")(x))
        return bert_norm("output.LayerNorm")(x + layers.dense(x.shape[-1], "output.dense")(inner))


def bert_norm(name: str) -> nn.LayerNorm:
    """Layer normalisation with BERT's epsilon."""
    return nn.LayerNorm(epsilon=1e-12, name=name)


class Bert(nn.Module):
    """Token features and pooled features of token ids."""

    settings: BertSettings

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"]) -> tuple[Float[Array, "n t d"], Float[Array, "n d"]]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.word_embeddings")(ids)
        positions = layers.embedding(s.positions, s.width, "embeddings.position_embeddings")(jnp.arange(length))
        segment = layers.embedding(2, s.width, "embeddings.token_type_embeddings")(jnp.zeros(1, int))  # one segment only
        first = x = bert_norm("embeddings.LayerNorm")(x + positions[None] + segment[None])
        for i in range(s.depth):
            x = BertBlock(s.heads, s.hidden, name=f"encoder.layer.{i}")(x, mask[:, None, :])
        # The pooler's weights exist under any pooling, so that one checkpoint serves all.
        pooled = jnp.tanh(layers.dense(s.width, "pooler.dense")(x[:, 0]))
        if s.pooling != "pooler":
            weight = mask[..., None].astype(x.dtype)
            summed = x if s.pooling == "mean" else (first + x) / 2
            pooled = (summed * weight).sum(axis=1) / jnp.maximum(weight.sum(axis=1), 1)
        return x, pooled


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
        x = bert_norm("cls.predictions.transform.LayerNorm")(x)
        table = bert.variables["params"]["embeddings.word_embeddings"]["embedding"]
        bias = self.param("cls.predictions.bias", nn.initializers.zeros, (self.settings.vocabulary,))
        return x @ table.T + bias[None, None]
