"""Features of many pictures or texts with a model's towers."""
import functools
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params


class Encoder:
    """Features of many pictures or texts, in blocks of one size, so that one program serves all of them."""

    def __init__(self, settings: DualEncoderSettings, block: int) -> None:
        self.block = block
        self._image = jax.jit(functools.partial(dual_encoder.image_features, settings))
        self._text = jax.jit(functools.partial(dual_encoder.text_features, settings))

    def images(self, params: Params, pixels: UInt8[np.ndarray, "n h w 3"]) -> Float[np.ndarray, "n d"]:
        """Pooled features of pictures, before the projection."""
        return self._blocks(lambda rows: self._image(params, rows), pixels)

    def texts(self, params: Params, tokens: Tokens) -> Float[np.ndarray, "n d"]:
        """Pooled features of texts, before the projection."""
        return self._blocks(lambda ids, mask: self._text(params, ids, mask), *tokens)

    def _blocks(self, function: Callable[..., Array], *arrays: np.ndarray) -> np.ndarray:
        count, parts = len(arrays[0]), []
        for start in range(0, count, self.block):
            rows = [array[start : start + self.block] for array in arrays]
            missing = self.block - len(rows[0])
            padded = [np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) for part in rows]
            parts.append(np.asarray(function(*padded))[: len(rows[0])])
        return np.concatenate(parts)
