"""What an arm of the study is: section `training` of a profile with the overrides of `arms`."""
import difflib
from typing import Literal

import pydantic

from clip_italian.config import Settings
from clip_italian.data.augmentation import AugmentationSettings
from clip_italian.data.settings import ImageSettings
from clip_italian.errors import InputError
from clip_italian.training.optimiser import OptimiserSettings


class TrainingSettings(Settings):
    """Both phases of one arm."""

    batch: int  # pairs
    # Pairs among which a pair has its negatives; divides the batch. All of a batch today; in 2021 one device's share of it.
    negatives: int
    micro_batches: int  # parts of a batch, of which one at a time has its activations in memory; negatives stay as they are
    updates: int  # of both phases together, the same for every arm
    frozen_updates: int  # of them with both backbones frozen
    unfreeze_every: int  # updates after which fine-tuning thaws one more block of either tower, from the top; 0: all at once
    tuned: bool  # false: the model is what the frozen phase leaves
    evaluate_every: int  # updates between validations; the checkpoint of least validation loss is kept
    valid_examples: int  # pictures of the validation split that are used, with their first captions
    max_tokens: int  # longest caption, specials included
    token_multiple: int  # captions of a batch are padded to a multiple of it
    augmentation: str | None  # the name of one of `images.augmentations`; null: none
    learned_scale: bool  # whether the factor on the cosines is a parameter
    scale: float  # its first or only value
    sigmoid_bias: float | None  # first value of a learned bias, with which the loss is the sigmoid one; null: the softmax loss
    locked: list[str]  # parts of the model that no phase trains; LiT locks the image side (Zhai et al. 2022)
    left_out: list[str]  # sources whose pairs the arm never sees
    dtype: Literal["float32", "bfloat16"]  # of activations; weights and optimiser are float32
    text_dropout: float  # share of values that fine-tuning drops in the text tower; 2021: 0.1
    remat: bool  # whether the backward pass computes each block's activations again, for memory
    sharded: bool  # whether weights are cut among the devices; the optimiser's state always is
    frozen_optimiser: OptimiserSettings
    optimiser: OptimiserSettings

    @pydantic.model_validator(mode="after")
    def _whole_parts(self) -> "TrainingSettings":
        if self.negatives < 2 or self.batch % self.negatives:
            raise ValueError(f"`negatives` is {self.negatives}, which must be at least 2 and divide `batch`, {self.batch}")
        if self.micro_batches < 1 or self.batch % self.micro_batches:
            raise ValueError(f"`micro_batches` is {self.micro_batches}, which must be at least 1 and divide `batch`, {self.batch}")
        if self.unfreeze_every < 0:
            raise ValueError(f"`unfreeze_every` is {self.unfreeze_every}; it is a number of updates, or 0")
        return self


def augmentation_of(settings: TrainingSettings, images: ImageSettings, arm: str) -> AugmentationSettings | None:
    """The augmentation that an arm names, None if it has none.

    Raises InputError where the name is unknown, and where the arm has a frozen phase, whose stored views are of another.
    """
    name = settings.augmentation
    if name is None:
        return None
    if name not in images.augmentations:
        near = difflib.get_close_matches(name, images.augmentations, n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known ones: {', '.join(images.augmentations)}"
        raise InputError(f"{arm}: `augmentation` is `{name}`, which `images.augmentations` lacks; {remedy}")
    if settings.frozen_updates and name != images.views_of:
        raise InputError(
            f"{arm}: its frozen phase learns from stored views, which are drawn with `{images.views_of}`, not with `{name}`; set "
            f"its `frozen_updates` to 0, or `images.views_of` to `{name}` for all arms"
        )
    return images.augmentations[name]
