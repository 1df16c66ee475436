"""Batches of images and captions for training on pixels."""

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
    """Batches with `pixels`, `ids` and `mask`, each a pure function of the step.

    Each epoch draws a new augmented view, or cycles through `view_count` views. If `views` is None, images are not augmented.
    The captions of a batch are padded to the same length in every process.
    """

    examples: Examples
    settings: TrainingSettings
    views: AugmentationSettings | None
    size: int  # pixels
    seed: int
    first: int  # added to the step: the updates of an earlier phase
    views_seed: int
    view_count: int | None = None

    def __call__(self, step: int) -> Batch:
        """This process's rows of the batch."""
        drawn, own = self._drawn(step), devices.own_rows(self.settings.batch)
        captions = tokens.trim(tokens.take(self.examples.tokens, drawn.captions), self.settings.token_multiple)
        rows = {"pixels": self._pixels(drawn.examples[own], drawn.epoch), **tokens.take(captions, own)._asdict()}
        random = {"seed": np.uint32(self.seed), "step": np.uint32(self.first + step)}
        return rows | (random if self.settings.text_dropout else {})

    def ids(self, step: int) -> list[str]:
        """The ids of all images of the batch."""
        return [self.examples.stored.ids[index] for index in self.examples.indices[self._drawn(step).examples]]

    def _drawn(self, step: int) -> batches.Draw:
        return batches.draw(self.seed, self.first + step, self.settings.batch, self.examples.offsets)

    def _pixels(self, examples: Int[np.ndarray, " b"], epoch: int) -> UInt8[np.ndarray, "b size size 3"]:
        stored = self.examples.pixels(examples)
        if self.views is None:
            return resizing.squares(stored, self.size)
        view = epoch % self.view_count if self.view_count else epoch
        return augmentation.views(stored, self.size, self.views_seed, self.examples.numbers[examples], view, self.views)
