"""Images with tokenised captions, from which training draws batches."""

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

STREAM = 43  # keeps the choice of a share apart from all other random numbers

CaptionsFn = Callable[[list[str]], list[str]]  # maps an image's captions to those that are used


@dataclasses.dataclass(frozen=True)
class Examples:
    """Images of a folder of shards with their captions: caption j of image i is row `offsets[i] + j` of `tokens`."""

    stored: shards.Shards
    indices: Int[np.ndarray, " n"]  # in `stored`
    tokens: Tokens
    offsets: Int[np.ndarray, " n1"]

    def __len__(self) -> int:
        return len(self.indices)

    @functools.cached_property
    def numbers(self) -> Int[np.ndarray, " n"]:
        """The number of each image, which seeds its augmentations."""
        return np.array([shards.number(self.stored.ids[index]) for index in self.indices])

    @property
    def sources(self) -> list[str]:
        """The source of each image."""
        return [self.stored.sources[index] for index in self.indices]

    def pixels(self, examples: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b height width 3"]:
        """The stored pixels of some examples."""
        return self.stored.pixels(self.indices[examples])

    def first_captions(self) -> Tokens:
        """The first caption of each image, so that every validation uses the same pairs."""
        return Tokens(self.tokens.ids[self.offsets[:-1]], self.tokens.mask[self.offsets[:-1]])


def load(
    folder: pathlib.Path,
    tokenizer: Tokenizer,
    max_length: int,
    left_out: Collection[str] = (),
    share: float = 1.0,
    seed: int = 0,
    captions_fn: CaptionsFn = list,
) -> Examples:
    """Loads the examples of a folder of shards that `kept` keeps; captions have at most `max_length` tokens."""
    stored = shards.Shards(folder)
    indices = kept(stored.sources, left_out, share, seed)
    captions = [captions_fn(stored.captions[index]) for index in indices]
    offsets = np.cumsum([0, *map(len, captions)])
    texts = [text for some in captions for text in some]
    return Examples(stored, indices, tokens.encode(tokenizer, texts, max_length), offsets)


def kept(sources: Collection[str], left_out: Collection[str], share: float = 1.0, seed: int = 0) -> Int[np.ndarray, " k"]:
    """The rising indices of a random `share` of the examples whose source is not left out.

    With one seed, the examples of a smaller share are among those of a larger one.
    """
    indices = np.flatnonzero([source not in left_out for source in sources])
    drawn = np.random.default_rng((STREAM, seed)).permutation(len(indices))[: round(share * len(indices))]
    return indices[np.sort(drawn)]


def captions_of(
    offsets: Int[np.ndarray, " n1"], examples: Int[np.ndarray, " k"]
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " k1"]]:
    """The rows of the examples' captions, and the offsets of each example's captions among these rows."""
    firsts, counts = offsets[examples], np.diff(offsets)[examples]
    begin = np.concatenate([[0], np.cumsum(counts)])
    return np.arange(begin[-1]) + np.repeat(firsts - begin[:-1], counts), begin
