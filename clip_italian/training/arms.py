"""The two phases of an arm: the same `fit`, once with both backbones frozen and on their features, once with nothing frozen."""
import pathlib

import numpy as np

from clip_italian.data import augmentation, examples, order, resizing, tokens
from clip_italian.data.augmentation import AugmentationSettings
from clip_italian.models.assembly import Model
from clip_italian.models.dual_encoder import Params
from clip_italian.models.encoder import Encoder
from clip_italian.training import contrastive, features, loop
from clip_italian.training.contrastive import Batch
from clip_italian.training.loop import Curve
from clip_italian.training.settings import TrainingSettings

BACKBONES = ("vision_model", "text_model")


def frozen_parts(settings: TrainingSettings) -> tuple[str, ...]:
    """What no phase of the arm trains: the scale, when it is fixed."""
    return () if settings.learned_scale else ("logit_scale",)


def without_backbones(params: Params) -> Params:
    """What is behind the pooled features: all that the frozen phase needs of a model."""
    return {name: part for name, part in params.items() if name not in BACKBONES}


def pretrain(
    settings: TrainingSettings, model: Model, folder: pathlib.Path, seed: int, state: pathlib.Path
) -> tuple[Model, Curve]:
    """The frozen phase, on the features in `folder`; epoch e sees view e modulo the number of views."""
    if not settings.frozen_updates:
        return model, []
    names = features.views(folder) if settings.augmentation else ["train-clean"]
    image = [features.read(folder, name) for name in names]
    text, offsets = features.read(folder, "train-text"), features.read(folder, "train-offsets")
    valid = [features.read(folder, name)[: settings.valid_examples] for name in ("valid", "valid-text")]

    def batch_of(step: int) -> Batch:
        drawn = order.draw(seed, step, settings.batch, offsets)
        return {"image": image[drawn.epoch % len(image)][drawn.examples], "text": text[drawn.captions]}

    validate = contrastive.validator(lambda _: valid[0], lambda _: valid[1], settings.negatives)
    params, curve = loop.fit(
        without_backbones(model.params), contrastive.loss_on_features(settings.negatives), batch_of, validate,
        settings.frozen_optimiser, settings.frozen_updates, settings.evaluate_every, frozen_parts(settings), state,
    )  # fmt: skip
    return model._replace(params={**model.params, **params}), curve


def finetune(
    settings: TrainingSettings, views: AugmentationSettings, model: Model, data: pathlib.Path, seed: int, state: pathlib.Path
) -> tuple[Model, Curve]:
    """Full fine-tuning on the shards below `data`, for what the frozen phase left of the arm's updates."""
    if not settings.tuned:
        return model, []
    train, valid = (examples.load(data / name, model.tokenizer, settings.max_tokens) for name in ("train", "valid"))
    side = model.settings.image.image_size

    def pixels_of(drawn: order.Draw) -> np.ndarray:
        stored = train.pictures.pixels(drawn.examples)
        if not settings.augmentation:
            return resizing.squares(stored, side)
        return augmentation.views(stored, seed, train.numbers[drawn.examples], drawn.epoch, views)

    def batch_of(step: int) -> Batch:
        drawn = order.draw(seed, settings.frozen_updates + step, settings.batch, train.offsets)
        captions = tokens.trim(tokens.take(train.tokens, drawn.captions), settings.token_multiple)
        return {"pixels": pixels_of(drawn), **captions._asdict()}

    kept = np.arange(min(settings.valid_examples, len(valid.pictures)))
    valid_pixels = resizing.squares(valid.pictures.pixels(kept), side)
    valid_text = tokens.take(valid.first_captions(), kept)
    encoder = Encoder(model.settings, settings.batch)
    validate = contrastive.validator(
        lambda params: encoder.images(params, valid_pixels), lambda params: encoder.texts(params, valid_text),
        settings.negatives,
    )
    params, curve = loop.fit(
        model.params, contrastive.loss_on_pixels(model.settings, settings.negatives), batch_of, validate, settings.optimiser,
        settings.updates - settings.frozen_updates, settings.evaluate_every, frozen_parts(settings), state,
    )  # fmt: skip
    return model._replace(params=params), curve
