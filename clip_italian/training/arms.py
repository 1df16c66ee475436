"""The two phases of an arm: the same `fit`, once with both backbones frozen, once with nothing frozen.

The frozen phase trains on features of the backbones, or on pixels with the backbones in every step.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from clip_italian import devices
from clip_italian.checkpoints.model import Model
from clip_italian.data import batches, examples, tokens
from clip_italian.data.examples import Examples
from clip_italian.data.images import resizing
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.models import flops
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.dual_encoder import Params
from clip_italian.models.encoder import Encoder
from clip_italian.models.flops import Forward
from clip_italian.training import features, loop, objective
from clip_italian.training.batches import PixelBatches
from clip_italian.training.loop import Curve, Plan, Task
from clip_italian.training.objective import Batch
from clip_italian.training.settings import TrainingSettings

BACKBONES = ("vision_model", "text_model")


class Watch(NamedTuple):
    """Who looks on while a model is trained on pixels."""

    also: Callable[[Params], dict[str, float]] = lambda _: {}  # measured beside each validation; what it gives chooses nothing
    report: Callable[[str], None] = print  # is told a line of each validation


UNWATCHED = Watch()


def frozen_parts(settings: TrainingSettings, params: Params) -> list[str]:
    """What of these parts no phase of the arm trains: what is locked, and the scale when it is fixed."""
    never = [*settings.locked, *([] if settings.learned_scale else ["logit_scale"])]
    return [part for part in never if part in params]


def without_backbones(params: Params) -> Params:
    """What is behind the pooled features: all that the frozen phase needs of a model."""
    return {name: part for name, part in params.items() if name not in BACKBONES}


def pretrain(settings: TrainingSettings, model: Model, folder: pathlib.Path, seed: int, state: pathlib.Path) -> tuple[Model, Curve]:
    """The frozen phase, on the features in `folder`; epoch e sees view e modulo the number of views, and so draws of captions."""
    if not settings.frozen_updates:
        return model, []
    names = features.views(folder, settings.frozen_views) if settings.augmentation else ["train-clean"]
    kept, kept_valid = (examples.kept(features.read(folder, f"{part}-sources"), settings.left_out) for part in ("train", "valid"))
    image = [features.read(folder, name) for name in names]
    captions, offsets = examples.captions_of(features.read(folder, "train-offsets"), kept)
    text = [features.read(folder, name) for name in features.texts(folder, settings.text_dropout)]
    valid = [features.read(folder, name)[kept_valid[: settings.valid_examples]] for name in ("valid", "valid-text")]

    def batch_of(step: int) -> Batch:
        drawn = batches.draw(seed, step, settings.batch, offsets)
        own = devices.own_rows(settings.batch)
        pictures, texts = kept[drawn.examples[own]], captions[drawn.captions[own]]
        return {"image": image[drawn.epoch % len(image)][pictures], "text": text[drawn.epoch % len(text)][texts]}

    sources = features.read(folder, "valid-sources")[kept_valid[: settings.valid_examples]].tolist()
    validate = objective.validator(lambda _: valid[0], lambda _: valid[1], settings.negatives, sources)
    heads = without_backbones(model.params)
    loss, frozen = objective.loss_on_features(settings.negatives), frozen_parts(settings, heads)
    plan = Plan(settings.frozen_optimiser, settings.frozen_updates, settings.evaluate_every)
    params, curve = loop.fit(Task(heads, loss, batch_of, validate, frozen), plan, state)
    return dataclasses.replace(model, params={**model.params, **params}), curve


def pretrain_on_pixels(
    settings: TrainingSettings,
    views: AugmentationSettings | None,
    views_seed: int,
    model: Model,
    data: pathlib.Path,
    seed: int,
    state: pathlib.Path,
    watch: Watch = UNWATCHED,
) -> tuple[Model, Curve]:
    """The frozen phase on the shards below `data`, with both frozen backbones in every step.

    Takes longer by far than on features, which it equals but for rounding where `frozen_views` are as many; without that, views
    are drawn anew at every pass. Captions are as long as there: as long as the tower takes.
    """
    if not settings.frozen_updates:
        return model, []
    train, valid = (
        examples.load(data / name, model.tokenizer, model.settings.text.max_length, settings.left_out)
        for name in ("train", "valid")
    )
    side = model.settings.image.image_size
    batches = PixelBatches(train, settings, views, side, seed, 0, views_seed, settings.frozen_views)
    frozen = [*BACKBONES, *frozen_parts(settings, without_backbones(model.params))]
    plan = Plan(settings.frozen_optimiser, settings.frozen_updates, settings.evaluate_every, settings.sharded)
    return _fit_on_pixels(settings, model, batches, valid, frozen, plan, sum, state, watch)


def finetune(
    settings: TrainingSettings,
    views: AugmentationSettings | None,
    model: Model,
    data: pathlib.Path,
    seed: int,
    state: pathlib.Path,
    said: examples.Said = list,
    watch: Watch = UNWATCHED,
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
    batches = PixelBatches(train, settings, views, model.settings.image.image_size, seed, settings.frozen_updates, seed)
    plan = Plan(settings.optimiser, settings.updates - settings.frozen_updates, settings.evaluate_every, settings.sharded)
    frozen = frozen_parts(settings, model.params)
    return _fit_on_pixels(settings, model, batches, valid, frozen, plan, flops.training, state, watch)


def _fit_on_pixels(
    settings: TrainingSettings,
    model: Model,
    batches: PixelBatches,
    valid: Examples,
    frozen: Sequence[str],
    plan: Plan,
    operations: Callable[[Forward], float],
    state: pathlib.Path,
    watch: Watch,
) -> tuple[Model, Curve]:
    """Training with both towers in every step; `operations` of an update are so many, of those of a forward pass."""
    devices.check_batch(settings.batch, settings.micro_batches)
    policy = ComputePolicy(settings.dtype, settings.remat, settings.text_dropout)
    loss = objective.loss_on_pixels(model.settings, settings.negatives, policy, settings.micro_batches)

    def flops_of(batch: Batch) -> float:
        return settings.batch * operations(flops.pair(model.settings, batch["ids"].shape[1], settings.batch))

    validation = _on_pixels(settings, model, valid)

    def validate(params: Params) -> dict[str, float]:
        return {**validation(params), **watch.also(params)}

    task = Task(model.params, loss, batches, validate, frozen, batches.ids, flops_of)
    params, curve = loop.fit(task, plan, state, watch.report)
    return dataclasses.replace(model, params=params), curve


def _on_pixels(settings: TrainingSettings, model: Model, valid: Examples) -> Callable[[Params], dict[str, float]]:
    """The validation on pictures with their first captions."""
    kept = np.arange(min(settings.valid_examples, len(valid)))
    pixels = resizing.squares(valid.pixels(kept), model.settings.image.image_size)
    captions = tokens.take(valid.first_captions(), kept)
    encoder = Encoder(model.settings, settings.batch)
    return objective.validator(
        lambda params: encoder.images(params, pixels),
        lambda params: encoder.texts(params, captions),
        settings.negatives,
        valid.sources[: len(kept)],
    )
