"""Towers small enough to compile in a second, and the optimiser settings of the tests."""

from typing import Any

import numpy as np

from clip_italian.data.tokens import Tokens
from clip_italian.models.bert import BertSettings
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.vit import ViTSettings
from clip_italian.training.optimiser import OptimiserSettings

SIZES = {"width": 16, "depth": 2, "heads": 2, "mlp_dim": 32}
IMAGE = ViTSettings(image_size=24, stem=(), patch=8, pooling="class", **SIZES)  # CLIP's own
STEMMED_IMAGE = ViTSettings(image_size=24, stem=((8, 2, 2), (8, 3, 1)), patch=4, pooling="mean", **SIZES)  # the drawn world's
BERT = BertSettings(vocabulary=40, max_length=12, pooling="pooler", **SIZES)
CLIP_TEXT = ClipTextSettings(vocabulary=40, max_length=12, **SIZES)
ITALIAN = DualEncoderSettings(image=IMAGE, text=BERT, projection=8)
ENGLISH = DualEncoderSettings(image=STEMMED_IMAGE, text=CLIP_TEXT, projection=8)


def optimiser(**changes: Any) -> OptimiserSettings:
    """AdaBelief of 2021 with its clipping, a rate at which a few steps show."""
    values = {"name": "adabelief_2021", "learning_rate": 1e-2, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0}
    return OptimiserSettings(**{**values, "clip": 0.01, "warmup_share": 0.1, "run_share": 1.0, **changes})


def texts(seed: int, count: int, length: int = 12) -> Tokens:
    """Random token ids, no two texts need be of one length; zeros behind each."""
    rng = np.random.default_rng(seed)
    mask = np.arange(length)[None] < rng.integers(2, length + 1, count)[:, None]
    return Tokens(np.where(mask, rng.integers(5, 40, mask.shape), 0).astype(np.int32), mask)


def pictures(seed: int, count: int, side: int = 24) -> np.ndarray:
    """Random 8-bit pixels."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype(np.uint8)
