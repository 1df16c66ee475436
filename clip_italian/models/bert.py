"""BERT (Devlin et al. 2019), with the tensor names of the published checkpoints.

XLM-RoBERTa (Conneau et al. 2020) is the same tower with one segment and positions that start at 2; DistilBERT (Sanh et al.
2019) has no segments, and other names for its tensors.
"""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Bool, Float, Int

from clip_italian import config as checking
from clip_italian.errors import InputError
from clip_italian.models import layers
from clip_italian.models.compute_policy import PLAIN, ComputePolicy, Keys, dropout, fold_in
from clip_italian.models.matmul import matmul
from clip_italian.models.text_tower import Exported, Pooling, TextTower

Few = Annotated[int, pydantic.Field(ge=0, le=2)]
ROBERTAS = ("roberta", "xlm-roberta", "camembert")  # their first position is the row after that of the padding
WORD_TABLE = "embeddings.word_embeddings.weight"


class BertSettings(TextTower):
    """The settings of a BERT tower; the defaults are BERT's."""

    # The text's feature vector: `pooler` is a tanh layer on the first token (BERT and CLIP-Italian), `mean` the average over the
    # tokens (Reimers & Gurevych 2019), `first_last` the average over the tokens of the embeddings and of the last block (Li et al.
    # 2020, "On the sentence embeddings from pre-trained language models"). The last block alone predicts which tokens would fit
    # and loses which token is there.
    pooling: Pooling
    segments: Few = 2  # rows of the table of token types: 2, 1 (XLM-RoBERTa) or 0 (DistilBERT)
    first_position: Few = 0  # of a text's first token; 2 in XLM-RoBERTa, whose padding has position 1
    epsilon: float = 1e-12  # of the layer norms

    model_types = ("bert", *ROBERTAS, "distilbert")
    tensor_names = (
        (r"^(?:bert|roberta|distilbert)\.", ""),
        (r"\.gamma$", ".weight"),  # dbmdz's weights of 2019 name layer norms as TensorFlow's BERT did
        (r"\.beta$", ".bias"),
        (r"^transformer\.layer\.", "encoder.layer."),  # from here on DistilBERT
        (r"attention\.q_lin\.", "attention.self.query."),
        (r"attention\.k_lin\.", "attention.self.key."),
        (r"attention\.v_lin\.", "attention.self.value."),
        (r"attention\.out_lin\.", "attention.output.dense."),
        (r"\.sa_layer_norm\.", ".attention.output.LayerNorm."),
        (r"\.ffn\.lin1\.", ".intermediate.dense."),
        (r"\.ffn\.lin2\.", ".output.dense."),
        (r"\.output_layer_norm\.", ".output.LayerNorm."),
    )
    special_tokens: ClassVar = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")}
    has_dropout = True

    @classmethod
    def from_config(cls, config: Any, where: str, pooling: Pooling, shapes: Mapping[str, tuple[int, ...]]) -> "BertSettings":
        """Returns the settings of a BERT, RoBERTa or DistilBERT.

        The vocabulary size is that of the word embeddings in `shapes`, because dbmdz's configurations state a wrong one.
        """
        if config.model_type == "distilbert":
            sizes = {"width": config.dim, "depth": config.n_layers, "heads": config.n_heads, "mlp_dim": config.hidden_dim}
            activation, kind = config.activation, {"segments": 0}
        else:
            sizes = {"width": config.hidden_size, "depth": config.num_hidden_layers, "heads": config.num_attention_heads}
            sizes, activation = sizes | {"mlp_dim": config.intermediate_size}, config.hidden_act
            kind = {"segments": config.type_vocab_size, "epsilon": config.layer_norm_eps}
        if layers.activation_named(activation, where) != "gelu":
            raise InputError(f"{where}: activation `{activation}`; this tower has the exact GELU only")
        first = config.pad_token_id + 1 if config.model_type in ROBERTAS else 0
        sizes |= {"vocabulary": _rows(shapes, where), "max_length": config.max_position_embeddings - first}
        return checking.parse(cls, {"pooling": pooling, "first_position": first} | sizes | kind, where)

    def module(self, policy: ComputePolicy = PLAIN) -> "Bert":
        return Bert(self, policy)

    @property
    def description(self) -> str:
        return f"a BERT, pooled by `{self.pooling}`"

    @property
    def ignored_tensors(self) -> tuple[str, ...]:
        heads = (r"^cls\.", r"^lm_head\.", r"^vocab_(transform|layer_norm|projector)\.")  # of other tasks
        return heads if self.pooling == "pooler" else (*heads, r"^pooler\.")

    @property
    def pooling_flops(self) -> int:
        return 2 * self.width**2 if self.pooling == "pooler" else 0

    def exported(self) -> Exported:
        """The inverse of `from_config`, for BERT only."""
        unlike = []
        if not self.segments:
            unlike.append("the text tower has no token types, as DistilBERT, but BERT has them")
        if self.first_position:
            unlike.append(f"positions begin at {self.first_position}, as in XLM-RoBERTa, but BERT's at 0")
        config = {
            "model_type": "bert",
            "vocab_size": self.vocabulary,
            "max_position_embeddings": self.max_length,
            "type_vocab_size": self.segments,
            "hidden_size": self.width,
            "num_hidden_layers": self.depth,
            "num_attention_heads": self.heads,
            "intermediate_size": self.mlp_dim,
            "hidden_act": "gelu",
            "layer_norm_eps": self.epsilon,
            "pad_token_id": 0,  # as `tokens.encode` pads
        }
        return Exported(config, self.pooling, unlike)


def _rows(shapes: Mapping[str, tuple[int, ...]], where: str) -> int:
    """The number of rows of the word embeddings, whose name may have a prefix."""
    shape = next((shape for name, shape in shapes.items() if name.endswith(WORD_TABLE)), None)
    if shape is None:
        raise InputError(f"{where}: no tensor is `text_model.{WORD_TABLE}`; the file is of another model or damaged")
    if not shape:
        raise InputError(f"{where}: tensor `{WORD_TABLE}` is a single number; the file is of another model")
    return shape[0]


class BertBlock(nn.Module):
    """A post-norm transformer block. With keys, dropout acts on attention weights and on the outputs of both halves, as in BERT."""

    heads: int
    mlp_dim: int
    epsilon: float
    dropout: float = 0.0

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: layers.Mask, keys: Keys | None) -> Float[Array, "n t d"]:
        weights, attended, transformed = (functools.partial(dropout, rate=self.dropout, keys=keys, number=i) for i in range(3))
        names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        added = attended(layers.attention(x, self.heads, names, mask, drop=weights))
        x = layers.norm(x + added, self.epsilon, "attention.output.LayerNorm")
        inner = layers.activated(layers.dense(self.mlp_dim, "intermediate.dense")(x), "gelu")
        added = transformed(layers.dense(x.shape[-1], "output.dense")(inner))
        return layers.norm(x + added, self.epsilon, "output.LayerNorm")


class Bert(nn.Module):
    """Token features and pooled features of token ids, in float32, with dropout if each text has a key."""

    settings: BertSettings
    policy: ComputePolicy = PLAIN

    @nn.compact
    def __call__(
        self, ids: Int[Array, "n t"], mask: Bool[Array, "n t"], keys: Keys | None = None
    ) -> tuple[Float[Array, "n t d"], Float[Array, "n d"]]:
        s, length = self.settings, ids.shape[1]
        x = layers.embedding(s.vocabulary, s.width, "embeddings.word_embeddings")(ids)
        rows = s.first_position + jnp.arange(length)
        x = x + layers.embedding(s.first_position + s.max_length, s.width, "embeddings.position_embeddings")(rows)[None]
        if s.segments:  # texts have one segment only
            x = x + layers.embedding(s.segments, s.width, "embeddings.token_type_embeddings")(jnp.zeros(1, int))[None]
        x = layers.norm(x.astype(self.policy.dtype), s.epsilon, "embeddings.LayerNorm")
        first = x = dropout(x, self.policy.text_dropout, keys, s.depth)  # the blocks have the numbers below
        block = layers.block(BertBlock, self.policy)
        for i in range(s.depth):
            own = None if keys is None else fold_in(keys, i)
            x = block(s.heads, s.mlp_dim, s.epsilon, self.policy.text_dropout, name=f"encoder.layer.{i}")(x, mask[:, None, :], own)
        first, x = first.astype(jnp.float32), x.astype(jnp.float32)
        if s.pooling == "pooler":
            return x, jnp.tanh(layers.dense(s.width, "pooler.dense")(x[:, 0]))
        weight = mask[..., None].astype(x.dtype)
        summed = x if s.pooling == "mean" else (first + x) / 2
        return x, (summed * weight).sum(axis=1) / jnp.maximum(weight.sum(axis=1), 1)


class MaskedLanguageModel(nn.Module):
    """BERT with its masked-token head, whose output matrix is tied to the word embeddings, as in the original."""

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
        return matmul(x, table.T) + bias[None, None]
