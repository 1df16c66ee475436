"""mCLIP: a multilingual text tower distilled from an English one on translated sentences (Reimers & Gurevych 2020)."""

import functools
import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from clip_italian import devices
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.data import batches, tokens
from clip_italian.data.translation import engines
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.training import loop
from clip_italian.training.backbones import TowerSettings
from clip_italian.training.loop import Curve, Plan, Task
from clip_italian.training.objective import Batch
from clip_italian.training.optimiser import OptimiserSettings


class DistillationSettings(Settings):
    """Architecture and training of the student; it has mean pooling and a linear map, like sentence-transformers' mCLIP."""

    tower: TowerSettings
    vocabulary: int  # maximum number of word pieces, over both languages
    max_tokens: int
    batch: int  # pairs of a sentence and its translation
    updates: int
    evaluate_every: int
    valid_examples: int  # the last pairs of the data, which are never trained on
    optimiser: OptimiserSettings


@functools.cache
def distillation_loss(settings: DualEncoderSettings) -> Callable[[Params, Batch], jax.Array]:
    """Mean squared distance of the student's embeddings of a sentence and its translation to the teacher's (equation 1)."""

    def loss(params: Params, batch: Batch) -> jax.Array:
        features = dual_encoder.text_features(settings, params, batch["ids"], batch["mask"])
        student = features @ params["text_projection"]["kernel"]
        return jnp.mean(jnp.sum((student - batch["target"]) ** 2, axis=-1))

    return loss


def distil(
    settings: DistillationSettings, teacher: Model, sentences: pathlib.Path, seed: int, state: pathlib.Path
) -> tuple[Model, Curve]:
    """Trains the student on a file of parallel sentences; returns it with the teacher's image tower, and its learning curve."""
    english, italian = engines.read(sentences)
    tokenizer = tokens.train_wordpiece(english + italian, settings.vocabulary)
    text = BertSettings(
        vocabulary=tokenizer.get_vocab_size(), max_length=settings.max_tokens, pooling="mean", **settings.tower.model_dump()
    )
    architecture = teacher.settings.model_copy(update={"text": text})
    params = dual_encoder.initial(architecture, jax.random.key(seed), 1.0)
    params |= {name: teacher.params[name] for name in ("vision_model", "visual_projection", "logit_scale")}
    targets = teacher.encode_text(english, settings.batch)
    encoded = [tokens.encode(tokenizer, texts, settings.max_tokens) for texts in (english, italian)]

    def rows(indices: np.ndarray) -> Batch:
        ids, mask = (np.concatenate(parts) for parts in zip(*(tokens.take(one, indices) for one in encoded), strict=True))
        return {"ids": ids, "mask": mask, "target": np.concatenate([targets[indices]] * 2)}

    split = len(english) - settings.valid_examples
    validation_batch, loss = rows(np.arange(split, len(english))), distillation_loss(architecture)
    validation_loss = jax.jit(loss)

    def batch_of(step: int) -> Batch:
        return devices.own(rows(batches.draw(seed, step, settings.batch, np.arange(split + 1)).examples))

    task = Task(
        params,
        loss,
        batch_of,
        lambda params: {"valid_loss": float(validation_loss(params, validation_batch))},
        ("vision_model", "visual_projection", "logit_scale"),
    )
    params, curve = loop.fit(task, Plan(settings.optimiser, settings.updates, settings.evaluate_every), state)
    return Model(architecture, params, tokenizer), curve
