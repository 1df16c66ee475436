"""Pictures with their captions as tokens: what a training phase draws its batches from."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Collection

import numpy as np
from jaxtyping import Int, UInt8
from tokenizers import Tokenizer

from clip_italian.data import tokens
from clip_italian.data.images import shards
from clip_italian.data.tokens import Tokens

Said = Callable[[list[str]], list[str]]  # what is said of a picture in place of its captions


@dataclasses.dataclass(frozen=True)
class Examples:
    """Pictures of a folder of shards; caption j of picture i is row `offsets[i] + j` of `tokens`."""

    stored: shards.Pictures
    places: Int[np.ndarray, " n"]  # in `stored`
    tokens: Tokens
    offsets: Int[np.ndarray, " n1"]

    def __len__(self) -> int:
        return len(self.places)

    @functools.cached_property
    def numbers(self) -> Int[np.ndarray, " n"]:
        """Each picture's number, from which the random numbers of its views are made."""
        return np.array([shards.number(self.stored.ids[place]) for place in self.places])

    @property
    def sources(self) -> list[str]:
        """Where each picture is from."""
        return [self.stored.sources[place] for place in self.places]

    def pixels(self, examples: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b height width 3"]:
        """The stored pictures."""
        return self.stored.pixels(self.places[examples])

    def first_captions(self) -> Tokens:
        """One caption a picture: always the first, so that a validation repeats."""
        return Tokens(self.tokens.ids[self.offsets[:-1]], self.tokens.mask[self.offsets[:-1]])


def load(folder: pathlib.Path, tokenizer: Tokenizer, length: int, without: Collection[str] = (), said: Said = list) -> Examples:
    """Opens a folder of shards, leaves out some sources, and encodes what is `said` of each picture to `length` tokens."""
    pictures = shards.open_shards(folder)
    places = kept(pictures.sources, without)
    captions = [said(pictures.captions[place]) for place in places]
    offsets = np.cumsum([0, *map(len, captions)])
    texts = [text for some in captions for text in some]
    return Examples(pictures, places, tokens.encode(tokenizer, texts, length), offsets)


def kept(sources: Collection[str], without: Collection[str]) -> Int[np.ndarray, " k"]:
    """The places of what is from other sources than those left out."""
    return np.flatnonzero([source not in without for source in sources])


def captions_of(
    offsets: Int[np.ndarray, " n1"], examples: Int[np.ndarray, " k"]
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " k1"]]:
    """The rows of some examples' captions, and where each example's begin among these."""
    firsts, counts = offsets[examples], np.diff(offsets)[examples]
    begin = np.concatenate([[0], np.cumsum(counts)])
    return np.arange(begin[-1]) + np.repeat(firsts - begin[:-1], counts), begin
