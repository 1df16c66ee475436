"""The two phases of an arm: the same `fit`, once with both backbones frozen, once with nothing frozen.

The frozen phase trains on features of the backbones, or on pixels with the backbones in every step.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from clip_italian import devices
from clip_italian.checkpoints.model import Model
from clip_italian.data import batches, examples, tokens
from clip_italian.data.examples import Examples
from clip_italian.data.images import augmentation, resizing
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.models import flops
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.dual_encoder import Params
from clip_italian.models.encoder import Encoder
from clip_italian.models.flops import Forward
from clip_italian.training import features, loop, objective
from clip_italian.training.loop import Curve, Plan, Task
from clip_italian.training.objective import Batch
from clip_italian.training.settings import TrainingSettings


# Batches of images and captions for training on pixels.
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


BACKBONES = ("vision_model", "text_model")


class Callbacks(NamedTuple):
    """Functions that training on pixels calls at each validation."""

    eval_fn: Callable[[Params], dict[str, float]] = lambda _: {}  # further metrics; they do not decide which checkpoint is kept
    report: Callable[[str], None] = print  # prints one line about the validation


NO_CALLBACKS = Callbacks()


def frozen_parts(settings: TrainingSettings, params: Params) -> list[str]:
    """The parts of `params` that stay frozen in both phases: the locked ones, and the scale if it is not learned."""
    never = [*settings.locked, *([] if settings.learned_scale else ["logit_scale"])]
    return [part for part in never if part in params]


def without_backbones(params: Params) -> Params:
    """The parameters that act on pooled features: all that the frozen phase on features needs."""
    return {name: part for name, part in params.items() if name not in BACKBONES}


def pretrain(settings: TrainingSettings, model: Model, folder: pathlib.Path, seed: int, state: pathlib.Path) -> tuple[Model, Curve]:
    """Runs the frozen phase on the cached features in `folder`; returns the model and its learning curve.

    Epoch e uses augmented view e modulo the number of views, and caption draw e modulo the number of draws.
    """
    if not settings.frozen_updates:
        return model, []
    names = features.views(folder, settings.frozen_views) if settings.augmentation else ["train-clean"]
    kept = examples.kept(features.read(folder, "train-sources"), settings.left_out, settings.share, seed)
    kept_valid = examples.kept(features.read(folder, "valid-sources"), settings.left_out)
    image = [features.read(folder, name) for name in names]
    captions, offsets = examples.captions_of(features.read(folder, "train-offsets"), kept)
    text = [features.read(folder, name) for name in features.texts(folder, settings.text_dropout)]
    valid = [features.read(folder, name)[kept_valid[: settings.valid_examples]] for name in ("valid", "valid-text")]

    def batch_of(step: int) -> Batch:
        drawn = batches.draw(seed, step, settings.batch, offsets)
        own = devices.own_rows(settings.batch)
        images, texts = kept[drawn.examples[own]], captions[drawn.captions[own]]
        return {"image": image[drawn.epoch % len(image)][images], "text": text[drawn.epoch % len(text)][texts]}

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
    callbacks: Callbacks = NO_CALLBACKS,
) -> tuple[Model, Curve]:
    """Runs the frozen phase on the shards below `data`, computing both frozen backbones in every step.

    With as many `frozen_views` as there are cached views, the result equals that of `pretrain` up to rounding, and takes far
    longer. Without `frozen_views`, each epoch draws a new view. As in the cached features, captions are cut only at the text
    tower's `max_length`.
    """
    if not settings.frozen_updates:
        return model, []
    train, valid = _examples(settings, model, data, seed, model.settings.text.max_length)
    size = model.settings.image.image_size
    batches = PixelBatches(train, settings, views, size, seed, 0, views_seed, settings.frozen_views)
    frozen = [*BACKBONES, *frozen_parts(settings, without_backbones(model.params))]
    plan = Plan(settings.frozen_optimiser, settings.frozen_updates, settings.evaluate_every, settings.sharded)
    return _fit_on_pixels(settings, model, batches, valid, frozen, plan, sum, state, callbacks)


def finetune(
    settings: TrainingSettings,
    views: AugmentationSettings | None,
    model: Model,
    data: pathlib.Path,
    seed: int,
    state: pathlib.Path,
    captions_fn: examples.CaptionsFn = list,
    callbacks: Callbacks = NO_CALLBACKS,
) -> tuple[Model, Curve]:
    """Trains all unlocked parts on the shards below `data`, from what the frozen phase left; its batches go on where that ended.

    Each epoch draws a new augmented view; if `views` is None, images are not augmented. `captions_fn` maps an image's captions
    to those that are trained on, such as their translations.
    """
    if not settings.tuned_updates:
        return model, []
    train, valid = _examples(settings, model, data, seed, settings.max_tokens, captions_fn)
    batches = PixelBatches(train, settings, views, model.settings.image.image_size, seed, settings.frozen_updates, seed)
    plan = Plan(settings.optimiser, settings.tuned_updates, settings.evaluate_every, settings.sharded)
    frozen = frozen_parts(settings, model.params)
    return _fit_on_pixels(settings, model, batches, valid, frozen, plan, flops.training, state, callbacks)


def _examples(
    settings: TrainingSettings,
    model: Model,
    data: pathlib.Path,
    seed: int,
    max_length: int,
    captions_fn: examples.CaptionsFn = list,
) -> tuple[Examples, Examples]:
    """The training and the validation examples of an arm; the seed draws its share of the first."""
    load = functools.partial(examples.load, captions_fn=captions_fn)
    train = load(data / "train", model.tokenizer, max_length, settings.left_out, settings.share, seed)
    return train, load(data / "valid", model.tokenizer, max_length, settings.left_out)


def _fit_on_pixels(
    settings: TrainingSettings,
    model: Model,
    batches: PixelBatches,
    valid: Examples,
    frozen: Sequence[str],
    plan: Plan,
    update_flops: Callable[[Forward], float],
    state: pathlib.Path,
    callbacks: Callbacks,
) -> tuple[Model, Curve]:
    """Trains with both towers in every step; `update_flops` gives the FLOPs of an update from those of a forward pass."""
    devices.check_batch(settings.batch, settings.micro_batches)
    policy = ComputePolicy(settings.dtype, settings.remat, settings.text_dropout)
    loss = objective.loss_on_pixels(model.settings, settings.negatives, policy, settings.micro_batches)

    def flops_of(batch: Batch) -> float:
        return settings.batch * update_flops(flops.pair(model.settings, batch["ids"].shape[1], settings.batch))

    validation = _validator(settings, model, valid)

    def validate(params: Params) -> dict[str, float]:
        return {**validation(params), **callbacks.eval_fn(params)}

    task = Task(model.params, loss, batches, validate, frozen, batches.ids, flops_of)
    params, curve = loop.fit(task, plan, state, callbacks.report)
    return dataclasses.replace(model, params=params), curve


def _validator(settings: TrainingSettings, model: Model, valid: Examples) -> Callable[[Params], dict[str, float]]:
    """The validation on images, each with its first caption."""
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
