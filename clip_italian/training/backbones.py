"""Training of the two backbones from scratch: an English CLIP, and a BERT of the study's language."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from clip_italian import devices
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.data import batches, examples, tokens
from clip_italian.data.images import augmentation, resizing
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.shards import Shards
from clip_italian.data.tokens import BERT_SPECIAL, Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings, MaskedLanguageModel
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.encoder import Encoder
from clip_italian.models.text_tower import Pooling
from clip_italian.models.vit import Stem, ViTSettings
from clip_italian.training import loop, objective
from clip_italian.training.loop import Curve, Plan, Task
from clip_italian.training.optimiser import OptimiserSettings

# Masked language modelling (Devlin et al. 2019, section 3.1).
Batch = dict[str, Any]
MASKED = 0.15  # share of the tokens that are chosen
SHOWN_AS_MASK, REPLACED = 0.8, 0.1  # shares of the chosen tokens
STREAM = 13  # keeps these random numbers apart from all others
VALIDATION = 2**32 - 1  # used as the step of the validation sentences, which are masked only once
MASK_ID = BERT_SPECIAL.index("[MASK]")


def mask(tokens: Tokens, seed: int, step: int, vocabulary: int) -> Batch:
    """Masks 15 % of each text's tokens: 80 % of them become [MASK], 10 % a random token, and 10 % stay as they are.

    Returns `ids`, `mask`, the masked `positions`, the true tokens there as `targets`, and `weights`, which are 0 where a short
    text has fewer masked positions than the longest.
    """
    rng = np.random.default_rng([seed, STREAM, step])
    count, length = tokens.ids.shape
    chosen = max(1, round(MASKED * length))
    maskable = tokens.mask & (tokens.ids >= len(BERT_SPECIAL))
    order = np.argsort(np.where(maskable, rng.random((count, length)), 2.0), axis=1)[:, :chosen]
    wanted = np.clip(np.round(MASKED * maskable.sum(axis=1, keepdims=True)), 1, None)
    weights = (np.arange(chosen)[None] < wanted) & np.take_along_axis(maskable, order, axis=1)
    targets = np.take_along_axis(tokens.ids, order, axis=1)
    draw = rng.random(order.shape)
    other = rng.integers(len(BERT_SPECIAL), vocabulary, order.shape)
    shown = np.where(draw < SHOWN_AS_MASK, MASK_ID, np.where(draw < SHOWN_AS_MASK + REPLACED, other, targets))
    ids = tokens.ids.copy()
    np.put_along_axis(ids, order, np.where(weights, shown, targets).astype(ids.dtype), axis=1)
    return {"ids": ids, "mask": tokens.mask, "positions": order, "targets": targets, "weights": weights.astype(np.float32)}


@functools.partial(jax.jit, static_argnums=0)
def initial_bert(settings: BertSettings, key: Array) -> Params:
    """Randomly initialised parameters of a masked language model."""
    ids = jnp.zeros((1, 2), int)
    return MaskedLanguageModel(settings).init(key, ids, ids == 0, ids)["params"]


@functools.cache
def masked_loss(settings: BertSettings) -> Callable[[Any, Any], Array]:
    """The mean cross-entropy at the masked positions."""

    def loss(params: Any, batch: Any) -> Array:
        logits: Any = MaskedLanguageModel(settings).apply({"params": params}, batch["ids"], batch["mask"], batch["positions"])
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), batch["targets"][..., None], axis=-1)[..., 0]
        return -jnp.sum(picked * batch["weights"]) / jnp.maximum(jnp.sum(batch["weights"]), 1)

    return loss


SINGLES = "english-singles"  # the source whose images show a single object
NAME_ALONE = 1  # index, among the captions of such an image, of the one that names the object without its colour


class TowerSettings(Settings):
    """The size of a transformer."""

    width: int
    depth: int
    heads: int
    hidden: int


class EnglishClipSettings(Settings):
    """Architecture and training of the English CLIP: AdamW, a learned scale, light augmentation (Radford et al. 2021)."""

    stem: Stem  # see ViTSettings
    patch: int  # pixels along a patch's edge, in the stem's output
    pooling: Literal["class", "mean"]  # see ViTSettings
    image: TowerSettings
    text: TowerSettings
    projection: int
    vocabulary: int  # maximum number of byte-pair tokens
    max_tokens: int
    batch: int
    updates: int
    # Every second one of the first `noun_updates` updates uses single objects, named without their colours. On full captions
    # alone a tower of this size learns colours and backgrounds, which distinguish most pairs of a batch, but few shapes (LOG.md).
    noun_updates: int
    evaluate_every: int
    valid_examples: int  # the last pairs of the data, which are never trained on
    # Initial factor on the cosines. With CLIP's 1 / 0.07 both towers soon collapse to one vector for all inputs and need
    # hundreds of updates to recover (LOG.md).
    scale: float
    image_size: int  # pixels
    augmentation: AugmentationSettings
    optimiser: OptimiserSettings


class BertTrainingSettings(Settings):
    """Architecture and training of a BERT."""

    tower: TowerSettings
    pooling: Pooling
    vocabulary: int  # maximum number of word pieces
    max_tokens: int
    batch: int
    updates: int
    evaluate_every: int
    valid_examples: int  # the last sentences of the data, which are never trained on
    optimiser: OptimiserSettings


class RepositorySettings(Settings):
    """A repository of the Hugging Face hub."""

    repository: str
    revision: str | None  # a branch, tag or commit; None is the main branch
    sha256: dict[str, str]  # by file name; if weights are listed here, no other weights are read


class ImportedSettings(Settings):
    """The repositories of published backbones."""

    english_clip: RepositorySettings
    italian_bert: RepositorySettings


class BackboneSettings(Settings):
    """Section `backbones` of a profile; with `kind: imported`, the training settings have no effect."""

    kind: Literal["trained", "imported"]
    imported: ImportedSettings
    english_clip: EnglishClipSettings
    italian_bert: BertTrainingSettings


def english_architecture(settings: EnglishClipSettings, vocabulary: int) -> DualEncoderSettings:
    """The architecture of the English CLIP with a vocabulary of that size."""
    image = ViTSettings(
        image_size=settings.image_size,
        stem=settings.stem,
        patch=settings.patch,
        pooling=settings.pooling,
        **settings.image.model_dump(),
    )
    text = ClipTextSettings(vocabulary=vocabulary, max_length=settings.max_tokens, **settings.text.model_dump())
    return DualEncoderSettings(image=image, text=text, projection=settings.projection)


def bert_architecture(settings: BertTrainingSettings, vocabulary: int) -> BertSettings:
    """The architecture of a BERT with a vocabulary of that size."""
    return BertSettings(
        vocabulary=vocabulary, max_length=settings.max_tokens, pooling=settings.pooling, **settings.tower.model_dump()
    )


def english_clip(settings: EnglishClipSettings, seed: int, folder: pathlib.Path, state: pathlib.Path) -> tuple[Model, Curve]:
    """Trains the English CLIP on the pairs in the shards of `folder`; returns it and its learning curve."""
    captions = [text for group in Shards(folder).captions for text in group]
    tokenizer = tokens.train_clip_bpe(captions, settings.vocabulary)
    data = examples.load(folder, tokenizer, settings.max_tokens)
    architecture, size = english_architecture(settings, tokenizer.get_vocab_size()), settings.image_size
    params = dual_encoder.initial(architecture, jax.random.key(seed), settings.scale)
    held_out = np.arange(len(data) - settings.valid_examples, len(data))

    singles = np.flatnonzero([source == SINGLES for source in data.sources[: held_out[0]]])

    def batch_of(step: int) -> objective.Batch:
        drawn = batches.draw(seed, step, settings.batch, data.offsets[: held_out[0] + 1])
        nouns_only = step < settings.noun_updates and step % 2 == 0
        drawn = _single_objects(drawn, singles, data.offsets) if nouns_only else _full_captions(drawn, data.offsets)
        stored = data.pixels(drawn.examples)
        pixels = augmentation.views(stored, size, seed, data.numbers[drawn.examples], drawn.epoch, settings.augmentation)
        return devices.own({"pixels": pixels, **tokens.take(data.tokens, drawn.captions)._asdict()})

    encoder = Encoder(architecture, settings.batch)
    pixels = resizing.squares(data.pixels(held_out), size)
    first = tokens.take(data.first_captions(), held_out)
    validate = objective.validator(
        lambda params: encoder.images(params, pixels), lambda params: encoder.texts(params, first), settings.batch
    )
    task = Task(params, objective.loss_on_pixels(architecture, settings.batch), batch_of, validate)
    params, curve = loop.fit(task, Plan(settings.optimiser, settings.updates, settings.evaluate_every), state)
    return Model(architecture, params, tokenizer), curve


def _single_objects(drawn: batches.Draw, singles: Int[np.ndarray, " m"], offsets: Int[np.ndarray, " n1"]) -> batches.Draw:
    """Maps a draw to images of a single object, with the captions that only name it."""
    examples = singles[drawn.examples % len(singles)]
    return batches.Draw(examples, drawn.epoch, offsets[examples] + NAME_ALONE)


def _full_captions(drawn: batches.Draw, offsets: Int[np.ndarray, " n1"]) -> batches.Draw:
    """The same draw with an image's first caption in place of the one without colours."""
    first = offsets[drawn.examples]
    return drawn._replace(captions=np.where(drawn.captions == first + NAME_ALONE, first, drawn.captions))


def bert(
    settings: BertTrainingSettings, seed: int, sentences: list[str], state: pathlib.Path
) -> tuple[BertSettings, Params, tokens.Tokenizer, Curve]:
    """Trains a BERT on sentences; returns its architecture, its parameters without the prediction head, tokeniser and curve."""
    tokenizer = tokens.train_wordpiece(sentences, settings.vocabulary)
    architecture = bert_architecture(settings, tokenizer.get_vocab_size())
    encoded = tokens.encode(tokenizer, sentences, settings.max_tokens)
    split = len(sentences) - settings.valid_examples
    loss = masked_loss(architecture)
    validation_batch = mask(tokens.take(encoded, slice(split, None)), seed, VALIDATION, architecture.vocabulary)
    validation_loss = jax.jit(loss)

    def batch_of(step: int) -> Batch:
        drawn = batches.draw(seed, step, settings.batch, np.arange(split + 1))
        return devices.own(mask(tokens.take(encoded, drawn.examples), seed, step, architecture.vocabulary))

    task = Task(
        initial_bert(architecture, jax.random.key(seed)),
        loss,
        batch_of,
        lambda params: {"valid_loss": float(validation_loss(params, validation_batch))},
    )
    params, curve = loop.fit(task, Plan(settings.optimiser, settings.updates, settings.evaluate_every), state)
    return architecture, params["bert"], tokenizer, curve
