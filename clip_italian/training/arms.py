"""The two phases of an arm: the same `fit`, once with both backbones frozen and on their features, once with nothing frozen."""
import pathlib

import numpy as np

from clip_italian.data import augmentation, examples, order, resizing, tokens
from clip_italian.data.augmentation import AugmentationSettings
from clip_italian.models.assembly import Model
from clip_italian.models.dual_encoder import Params
from clip_italian.models.encoder import Encoder
from clip_italian.training import contrastive, features, freezing, loop
from clip_italian.training.contrastive import Batch
from clip_italian.training.loop import Curve, Plan, Task
from clip_italian.training.settings import TrainingSettings

BACKBONES = ("vision_model", "text_model")


def frozen_parts(settings: TrainingSettings, params: Params) -> list[str]:
    """What of these parts no phase of the arm trains: what is locked, and the scale when it is fixed."""
    never = [*settings.locked, *([] if settings.learned_scale else ["logit_scale"])]
    return [part for part in never if part in params]


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
    kept, kept_valid = (examples.kept(features.read(folder, f"{part}-sources"), settings.left_out) for part in ("train", "valid"))
    image = [features.read(folder, name)[kept] for name in names]
    captions, offsets = examples.captions_of(features.read(folder, "train-offsets"), kept)
    text = features.read(folder, "train-text")[captions]
    valid = [features.read(folder, name)[kept_valid[: settings.valid_examples]] for name in ("valid", "valid-text")]

    def batch_of(step: int) -> Batch:
        drawn = order.draw(seed, step, settings.batch, offsets)
        return {"image": image[drawn.epoch % len(image)][drawn.examples], "text": text[drawn.captions]}

    validate = contrastive.validator(lambda _: valid[0], lambda _: valid[1], settings.negatives)
    heads = without_backbones(model.params)
    loss, frozen = contrastive.loss_on_features(settings.negatives), freezing.always(frozen_parts(settings, heads))
    task = Task(heads, loss, batch_of, validate, frozen)
    params, curve = loop.fit(task, Plan(settings.frozen_optimiser, settings.frozen_updates, settings.evaluate_every), state)
    return model._replace(params={**model.params, **params}), curve


def finetune(
    settings: TrainingSettings, views: AugmentationSettings | None, model: Model, data: pathlib.Path, seed: int,
    state: pathlib.Path, said: examples.Said = list,
) -> tuple[Model, Curve]:
    """Full fine-tuning on the shards below `data`, for what the frozen phase left of the arm's updates.

    Views are drawn anew at every pass, and none where `views` is None. `said` gives what is learnt in place of a picture's
    captions, such as their translations.
    """
    if not settings.tuned:
        return model, []
    train, valid = (
        examples.load(data / name, model.tokenizer, settings.max_tokens, settings.left_out, said) for name in ("train", "valid")
    )
    side = model.settings.image.image_size

    def pixels_of(drawn: order.Draw) -> np.ndarray:
        stored = train.pixels(drawn.examples)
        if views is None:
            return resizing.squares(stored, side)
        return augmentation.views(stored, seed, train.numbers[drawn.examples], drawn.epoch, views)

    def batch_of(step: int) -> Batch:
        drawn = order.draw(seed, settings.frozen_updates + step, settings.batch, train.offsets)
        captions = tokens.trim(tokens.take(train.tokens, drawn.captions), settings.token_multiple)
        return {"pixels": pixels_of(drawn), **captions._asdict()}

    kept = np.arange(min(settings.valid_examples, len(valid)))
    valid_pixels = resizing.squares(valid.pixels(kept), side)
    valid_text = tokens.take(valid.first_captions(), kept)
    encoder = Encoder(model.settings, settings.batch)
    validate = contrastive.validator(
        lambda params: encoder.images(params, valid_pixels), lambda params: encoder.texts(params, valid_text),
        settings.negatives,
    )
    loss = contrastive.loss_on_pixels(model.settings, settings.negatives)
    task = Task(model.params, loss, batch_of, validate, freezing.always(frozen_parts(settings, model.params)))
    updates = settings.updates - settings.frozen_updates
    params, curve = loop.fit(task, Plan(settings.optimiser, updates, settings.evaluate_every), state)
    return model._replace(params=params), curve
