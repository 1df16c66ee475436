"""Batches for any step: pictures with captions, of which a process makes its own rows."""

import dataclasses

import numpy as np
from jaxtyping import Int, UInt8

from clip_italian import devices
from clip_italian.data import batches, tokens
from clip_italian.data.examples import Examples
from clip_italian.data.images import augmentation, resizing
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.training.objective import Batch
from clip_italian.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class PixelBatches:
    """Batches with `pixels`, `ids` and `mask`; pure functions of the step, which is counted from `first`.

    Views are drawn anew at every pass, or are `kinds` in turn, and none where `views` is None. A batch's captions are as long in
    every process.
    """

    examples: Examples
    settings: TrainingSettings
    views: AugmentationSettings | None
    side: int  # pixels
    seed: int
    first: int
    views_seed: int
    kinds: int | None = None

    def __call__(self, step: int) -> Batch:
        """The rows of a batch that this process makes."""
        drawn, own = self._drawn(step), devices.own_rows(self.settings.batch)
        captions = tokens.trim(tokens.take(self.examples.tokens, drawn.captions), self.settings.token_multiple)
        rows = {"pixels": self._pixels(drawn.examples[own], drawn.epoch), **tokens.take(captions, own)._asdict()}
        random = {"seed": np.uint32(self.seed), "step": np.uint32(self.first + step)}
        return rows | (random if self.settings.text_dropout else {})

    def ids(self, step: int) -> list[str]:
        """The ids of all pictures of a batch."""
        return [self.examples.stored.ids[place] for place in self.examples.places[self._drawn(step).examples]]

    def _drawn(self, step: int) -> batches.Draw:
        return batches.draw(self.seed, self.first + step, self.settings.batch, self.examples.offsets)

    def _pixels(self, examples: Int[np.ndarray, " b"], epoch: int) -> UInt8[np.ndarray, "b side side 3"]:
        stored = self.examples.pixels(examples)
        if self.views is None:
            return resizing.squares(stored, self.side)
        view = epoch % self.kinds if self.kinds else epoch
        return augmentation.views(stored, self.side, self.views_seed, self.examples.numbers[examples], view, self.views)
