"""Pictures with their captions as tokens: what a training phase draws its batches from."""
import dataclasses
import functools
import pathlib

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer

from clip_italian.data import shards, tokens
from clip_italian.data.tokens import Tokens


@dataclasses.dataclass(frozen=True)
class Examples:
    """All pictures of a folder of shards; caption j of picture i is row `offsets[i] + j` of `tokens`."""

    pictures: shards.Pictures
    tokens: Tokens
    offsets: Int[np.ndarray, " n1"]

    @functools.cached_property
    def numbers(self) -> Int[np.ndarray, " n"]:
        """Each picture's number, from which the random numbers of its views are made."""
        return np.array([shards.number(name) for name in self.pictures.ids])

    def first_captions(self) -> Tokens:
        """One caption a picture: always the first, so that a validation repeats."""
        return Tokens(self.tokens.ids[self.offsets[:-1]], self.tokens.mask[self.offsets[:-1]])


def load(folder: pathlib.Path, tokenizer: Tokenizer, length: int) -> Examples:
    """Opens a folder of shards and encodes every caption to `length` tokens."""
    pictures = shards.open_shards(folder)
    offsets = np.cumsum([0, *(len(captions) for captions in pictures.captions)])
    texts = [text for captions in pictures.captions for text in captions]
    return Examples(pictures, tokens.encode(tokenizer, texts, length), offsets)
