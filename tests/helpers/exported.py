"""A model of the published form with every term of its computation far from zero, and what is fed to it."""

import jax
import numpy as np
from PIL import Image

from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.vit import ViTSettings
from tests.helpers.small_models import IMAGE, SIZES, STEMMED_IMAGE

CORPUS = [
    "un gatto su una sedia",
    "due cavalli marroni",
    "un fiore giallo è accanto all'albero",
    "perché la città è così blu?",
    "l'Italia, il Papa e Firenze",
    "tre barche azzurre, più grandi",
    "c’è un cane",
]
# Accents composed and not, capitals, both apostrophes, nothing, blanks, unknown words, emoji, and far too many tokens.
SENTENCES = [
    *CORPUS,
    "",
    "   ",
    "PERCHÉ LA CITTÀ",
    "perche\u0301 la citta\u0300",
    "L’albero",
    "xyzzy 漢字 😀",
    "due cavalli " * 40,
    "gatto\n\tcane",
]
POSITIONS = 14  # tokens


def model(text: str = "pooler", image: ViTSettings = IMAGE, seed: int = 0) -> Model:
    """A model whose text tower pools by `text`; weights are spread until each moves the result."""
    tokenizer = tokens.train_wordpiece(CORPUS, 150)
    tower = BertSettings(vocabulary=tokenizer.get_vocab_size(), max_length=POSITIONS, pooling=text, **SIZES)
    settings = DualEncoderSettings(image=image, text=tower, projection=8)
    params = jax.device_get(dual_encoder.initial(settings, jax.random.key(seed), 20.0))
    rng = np.random.default_rng(seed)
    spread = jax.tree.map(lambda leaf: (leaf + 0.1 * rng.normal(size=leaf.shape)).astype(np.float32), params)
    return Model(settings, spread, tokenizer)


def stemmed(text: str = "first_last") -> Model:
    """The drawn world's form, which has convolutions ahead of its patches."""
    return model(text, STEMMED_IMAGE)


def pictures() -> list[Image.Image]:
    """Pictures wide, high, square, tiny and large, all of one colour model: the libraries differ over the others."""
    rng, found = np.random.default_rng(0), []
    for width, height in ((40, 30), (31, 57), (24, 24), (9, 14), (200, 121), (25, 24)):
        coarse = rng.integers(0, 256, (4, 5, 3)).astype(np.uint8)
        found.append(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))
    return found
