"""The settings of fine-tuning on the user's own pairs, from which the settings of both training phases are derived."""

import importlib.resources
import pathlib
from typing import Annotated, Any, Literal

import pydantic

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.training.optimiser import OptimiserSettings
from clip_italian.training.settings import TrainingSettings

Count = Annotated[int, pydantic.Field(ge=1)]
Rate = Annotated[float, pydantic.Field(gt=0)]
Share = Annotated[float, pydantic.Field(ge=0, lt=1)]


class FinetuningSettings(Settings):
    """The keys of `settings.yaml`, where each is explained."""

    epochs: Count
    frozen_epochs: Annotated[int, pydantic.Field(ge=0)]
    batch: Annotated[int, pydantic.Field(ge=2)]
    learning_rate: Rate
    frozen_learning_rate: Rate
    warmup_share: Share
    weight_decay: Annotated[float, pydantic.Field(ge=0)]
    valid_share: Annotated[float, pydantic.Field(gt=0, lt=1)]
    max_tokens: Count
    text_dropout: Share
    dtype: Literal["float32", "bfloat16"]
    remat: bool
    image_size: Count
    stored: Count
    augmentation: AugmentationSettings | None
    seed: Annotated[int, pydantic.Field(ge=0)]
    places: Count
    resamples: Count
    confidence: Annotated[float, pydantic.Field(gt=0, lt=1)]
    shown: Count

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "FinetuningSettings":
        if self.frozen_epochs > self.epochs:
            raise ValueError(f"`frozen_epochs` is {self.frozen_epochs}, which is more than `epochs`, {self.epochs}")
        if self.augmentation and not self.image_size <= self.augmentation.crop <= self.stored:
            raise ValueError(
                f"`image_size`, `augmentation.crop` and `stored` are {self.image_size}, {self.augmentation.crop} and "
                f"{self.stored}; none may be above the next"
            )
        return self


def load(path: pathlib.Path | None = None, **changed: Any) -> FinetuningSettings:
    """The settings of `settings.yaml`, overridden by those of the file `path`, then by the values of `changed` that are not None.

    Raises InputError naming the file and the key that is unknown or of the wrong type.
    """
    packaged = importlib.resources.files(__package__) / "settings.yaml"
    with importlib.resources.as_file(packaged) as default:
        content = config.read_yaml(default)
    content |= config.read_yaml(path) if path else {}
    content |= {name: value for name, value in changed.items() if value is not None}
    return config.parse(FinetuningSettings, content, str(path or "settings"))


def stored_size(settings: FinetuningSettings, model: DualEncoderSettings) -> int:
    """The size in pixels of stored training images."""
    return _scaled(settings.stored, settings, model) if settings.augmentation else model.image.image_size


def augmentation(settings: FinetuningSettings, model: DualEncoderSettings) -> AugmentationSettings | None:
    """The augmentation, with its crop scaled to the model's image size."""
    if settings.augmentation is None:
        return None
    return settings.augmentation.model_copy(update={"crop": _scaled(settings.augmentation.crop, settings, model)})


def _scaled(pixels: int, settings: FinetuningSettings, model: DualEncoderSettings) -> int:
    return round(pixels * model.image.image_size / settings.image_size)


def training(settings: FinetuningSettings, model: DualEncoderSettings, train: int, valid: int) -> TrainingSettings:
    """The settings of both phases for `train` training and `valid` validation images."""
    batch = min(settings.batch, train, valid)
    epoch = train // batch
    return TrainingSettings(
        batch=batch,
        negatives=batch,
        micro_batches=1,
        frozen_updates=settings.frozen_epochs * epoch,
        tuned_updates=(settings.epochs - settings.frozen_epochs) * epoch,
        frozen_on="pixels",
        frozen_views=None,
        evaluate_every=epoch,
        valid_examples=valid,
        max_tokens=min(settings.max_tokens, model.text.max_length),
        token_multiple=8,
        augmentation=None,  # names one of a profile's; fine-tuning passes its own as an argument
        learned_scale=False,
        scale=1.0,  # the model keeps its own
        sigmoid_bias=None,
        locked=[],
        left_out=[],
        share=1.0,
        backbones=None,
        dtype=settings.dtype,
        text_dropout=settings.text_dropout,
        remat=settings.remat,
        sharded=False,
        frozen_optimiser=_optimiser(settings, settings.frozen_learning_rate),
        optimiser=_optimiser(settings, settings.learning_rate),
    )


def _optimiser(settings: FinetuningSettings, rate: float) -> OptimiserSettings:
    return OptimiserSettings(
        name="adamw",
        learning_rate=rate,
        beta1=0.9,
        beta2=0.999,
        weight_decay=settings.weight_decay,
        clip=0.0,
        warmup_share=settings.warmup_share,
        run_share=1.0,
    )
