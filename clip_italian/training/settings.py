"""The settings of an arm of the study: section `training` of a profile with the overrides of `arms`."""

from typing import Literal

import pydantic

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.settings import ImageSettings
from clip_italian.errors import InputError
from clip_italian.training.optimiser import OptimiserSettings


class FeatureSettings(Settings):
    """Section `features` of a profile: cached features of captions with dropout, besides those without."""

    # How often each training caption is encoded with dropout in the text tower. Each epoch of the frozen phase uses one draw.
    text_draws: int = pydantic.Field(ge=0)
    text_dropout: float = pydantic.Field(ge=0, lt=1)  # dropout rate

    @pydantic.model_validator(mode="after")
    def _both_or_none(self) -> "FeatureSettings":
        if bool(self.text_draws) != bool(self.text_dropout):
            raise ValueError(f"`text_draws` is {self.text_draws} and `text_dropout` {self.text_dropout}: set both, or both to 0")
        return self


class TrainingSettings(Settings):
    """Both phases of one arm."""

    batch: int  # pairs
    # Size of the blocks within which pairs are each other's negatives; divides the batch. The whole batch by default; in 2021 one
    # device's share of it.
    negatives: int
    micro_batches: int  # parts into which a batch's activations are split to save memory; does not change the negatives
    frozen_updates: int = pydantic.Field(ge=0)  # of the first phase, with both backbones frozen
    tuned_updates: int = pydantic.Field(ge=0)  # of the second phase, with nothing frozen but what is locked
    # Input of the frozen phase: features, computed once for all arms, or pixels, with both frozen towers in every step.
    frozen_on: Literal["features", "pixels"]
    # Number of augmented views that the frozen phase cycles through, one per epoch. null: on features all cached views, on pixels a
    # new view in every epoch. View k is the same in all arms and seeds, on features and on pixels.
    frozen_views: int | None = pydantic.Field(ge=1)
    evaluate_every: int  # updates between validations; the checkpoint of least validation loss is kept
    valid_examples: int  # images of the validation split that are used, with their first captions
    max_tokens: int  # longest caption, special tokens included
    token_multiple: int  # captions of a batch are padded to a multiple of it
    augmentation: str | None  # the name of one of `images.augmentations`; null: none
    learned_scale: bool  # whether the factor on the cosines is a parameter
    scale: float  # its initial value, or its only one
    sigmoid_bias: float | None  # initial value of the sigmoid loss's learned bias; null: the softmax loss
    locked: list[str]  # parts of the model that no phase trains; LiT locks the image tower (Zhai et al. 2022)
    left_out: list[str]  # sources whose pairs are not trained on
    # Share of the remaining training images that is used; each seed draws its own, and a smaller share is part of a larger one.
    share: float = pydantic.Field(gt=0, le=1)
    backbones: int | None  # the seed whose backbones all seeds of the arm start from; null: each seed from its own
    dtype: Literal["float32", "bfloat16"]  # of activations; weights and optimiser are float32
    text_dropout: float  # dropout rate in the text tower; 2021: 0.1; section `features` states the rate of the cached features
    remat: bool  # whether the backward pass recomputes each block's activations to save memory
    sharded: bool  # whether weights are sharded over the devices; the optimiser's state always is
    frozen_optimiser: OptimiserSettings
    optimiser: OptimiserSettings

    @pydantic.model_validator(mode="after")
    def _whole_parts(self) -> "TrainingSettings":
        if self.negatives < 2 or self.batch % self.negatives:
            raise ValueError(f"`negatives` is {self.negatives}, which must be at least 2 and divide `batch`, {self.batch}")
        if self.micro_batches < 1 or self.batch % self.micro_batches:
            raise ValueError(f"`micro_batches` is {self.micro_batches}, which must be at least 1 and divide `batch`, {self.batch}")
        if self.frozen_views and not self.augmentation:
            raise ValueError(f"`frozen_views` is {self.frozen_views}, but `augmentation` is null, so there are no views")
        return self


def augmentation_of(settings: TrainingSettings, images: ImageSettings, arm: str) -> AugmentationSettings | None:
    """The augmentation that an arm names, or None.

    Raises InputError if the name is unknown, or if the arm has a frozen phase on features and these are of another augmentation.
    """
    name = settings.augmentation
    if name is None:
        return None
    if name not in images.augmentations:
        remedy = config.remedy(name, images.augmentations, "ones")
        raise InputError(f"{arm}: `augmentation` is `{name}`, which `images.augmentations` lacks; {remedy}")
    if settings.frozen_updates and settings.frozen_on == "features" and name != images.views_of:
        raise InputError(
            f"{arm}: its frozen phase uses stored views, which were augmented with `{images.views_of}`, not with `{name}`; set "
            f"its `frozen_updates` to 0 or its `frozen_on` to pixels, or `images.views_of` to `{name}` for all arms"
        )
    return images.augmentations[name]


def check_features(settings: TrainingSettings, images: ImageSettings, stored: FeatureSettings, arm: str) -> None:
    """Raises InputError if the arm's frozen phase needs features that are not computed."""
    if settings.frozen_on == "pixels" or not settings.frozen_updates:
        return
    if (settings.frozen_views or 1) > images.views:
        raise InputError(
            f"{arm}: `frozen_views` is {settings.frozen_views}, but `images.views` is {images.views}; raise `images.views`, lower "
            "`frozen_views`, or set `frozen_on` to pixels"
        )
    if settings.text_dropout and settings.text_dropout != stored.text_dropout:
        raise InputError(
            f"{arm}: `text_dropout` is {settings.text_dropout} and `features.text_dropout` {stored.text_dropout}; make them equal, "
            "or set `frozen_on` to pixels"
        )
