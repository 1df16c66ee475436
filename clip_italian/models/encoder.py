"""Features of many pictures or texts with a model's towers."""
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params

LENGTH_MULTIPLE = 4  # tokens: few distinct lengths mean few programs
# One program for all encoders of an architecture: seeds and validations share it.
_image_features = jax.jit(dual_encoder.image_features, static_argnums=0)
_text_features = jax.jit(dual_encoder.text_features, static_argnums=0)


class Encoder:
    """Features of many pictures or texts, in blocks of one size, so that one program serves all of them."""

    def __init__(self, settings: DualEncoderSettings, block: int) -> None:
        self.settings, self.block = settings, block

    def images(self, params: Params, pixels: UInt8[np.ndarray, "n h w 3"]) -> Float[np.ndarray, "n d"]:
        """Pooled features of pictures, before the projection."""
        return self._blocks(lambda rows: _image_features(self.settings, params, rows), pixels)

    def texts(self, params: Params, encoded: Tokens) -> Float[np.ndarray, "n d"]:
        """Pooled features of texts, before the projection; a block holds texts of like length, with little padding."""
        order, parts = np.argsort(encoded.mask.sum(axis=1), kind="stable"), []
        for start in range(0, len(order), self.block):
            rows = tokens.trim(tokens.take(encoded, order[start : start + self.block]), LENGTH_MULTIPLE)
            parts.append(self._blocks(lambda ids, mask: _text_features(self.settings, params, ids, mask), *rows))
        return np.concatenate(parts)[np.argsort(order)]

    def _blocks(self, function: Callable[..., Array], *arrays: np.ndarray) -> np.ndarray:
        count, parts = len(arrays[0]), []
        for start in range(0, count, self.block):
            rows = [array[start : start + self.block] for array in arrays]
            missing = self.block - len(rows[0])
            padded = [np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) for part in rows]
            parts.append(np.asarray(function(*padded))[: len(rows[0])])
        return np.concatenate(parts)
