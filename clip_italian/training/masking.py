"""Masked language modelling (Devlin et al. 2019, section 3.1)."""
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from clip_italian.data.tokens import BERT_SPECIAL, Tokens
from clip_italian.models.bert import BertSettings, MaskedLanguageModel

Batch = dict[str, Any]
MASKED, KEPT_AS_MASK, REPLACED = 0.15, 0.8, 0.1  # shares of the tokens, and of the chosen ones
PURPOSE = 13
VALIDATION = 2**32 - 1  # stands for a step: the validation sentences are masked once and for all
MASK_ID = BERT_SPECIAL.index("[MASK]")


def mask(tokens: Tokens, seed: int, step: int, vocabulary: int) -> Batch:
    """Chooses 15 % of the real tokens of each text: 80 % become [MASK], 10 % another token, 10 % stay.

    Returns `ids`, `mask`, the chosen `positions`, their true `targets` and the `weights` (0 where a short text has fewer).
    """
    rng = np.random.default_rng([seed, PURPOSE, step])
    count, length = tokens.ids.shape
    chosen = max(1, round(MASKED * length))
    maskable = tokens.mask & (tokens.ids >= len(BERT_SPECIAL))
    order = np.argsort(np.where(maskable, rng.random((count, length)), 2.0), axis=1)[:, :chosen]
    wanted = np.clip(np.round(MASKED * maskable.sum(axis=1, keepdims=True)), 1, None)
    weights = (np.arange(chosen)[None] < wanted) & np.take_along_axis(maskable, order, axis=1)
    targets = np.take_along_axis(tokens.ids, order, axis=1)
    draw = rng.random(order.shape)
    other = rng.integers(len(BERT_SPECIAL), vocabulary, order.shape)
    shown = np.where(draw < KEPT_AS_MASK, MASK_ID, np.where(draw < KEPT_AS_MASK + REPLACED, other, targets))
    ids = tokens.ids.copy()
    np.put_along_axis(ids, order, np.where(weights, shown, targets).astype(ids.dtype), axis=1)
    return {"ids": ids, "mask": tokens.mask, "positions": order, "targets": targets, "weights": weights.astype(np.float32)}


@functools.cache
def masked_loss(settings: BertSettings) -> Callable[[Any, Any], Array]:
    """Mean cross-entropy of the chosen tokens."""

    def loss(params: Any, batch: Any) -> Array:
        logits: Any = MaskedLanguageModel(settings).apply({"params": params}, batch["ids"], batch["mask"], batch["positions"])
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), batch["targets"][..., None], axis=-1)[..., 0]
        return -jnp.sum(picked * batch["weights"]) / jnp.maximum(jnp.sum(batch["weights"]), 1)

    return loss
