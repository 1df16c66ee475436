"""Two baselines trained on the study's images with other captions: a multilingual CLIP, and an English control.

Both have the images, number of updates and recipe of the arms, but no frozen phase: the cached features are of the arms' towers.
"""

import dataclasses
import pathlib

from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.translation import engines
from clip_italian.data.translation.engines import Translations
from clip_italian.models import dual_encoder
from clip_italian.training import arms, backbones
from clip_italian.training.backbones import BertTrainingSettings
from clip_italian.training.loop import Curve
from clip_italian.training.settings import TrainingSettings


class PairsSettings(Settings):
    """Training of a baseline on the study's pairs."""

    training: TrainingSettings
    views: AugmentationSettings | None  # None: no augmentation


class MultilingualSettings(PairsSettings):
    """Training of the multilingual CLIP, and of its text tower before."""

    tower: BertTrainingSettings


def unfrozen(settings: TrainingSettings) -> TrainingSettings:
    """The same settings, without the frozen phase."""
    return settings.model_copy(update={"frozen_updates": 0})


def multilingual(
    settings: MultilingualSettings,
    clip: Model,
    sentences: pathlib.Path,
    translations: Translations,
    data: pathlib.Path,
    seed: int,
    state: pathlib.Path,
) -> tuple[Model, Curve]:
    """Trains a multilingual text tower, then the dual encoder on captions in both languages (after LAION's XLM-RoBERTa CLIP).

    XLM-RoBERTa was trained on much text of each language. This tower is trained on sentences concatenated with their
    translations (TLM, Conneau & Lample 2019), which aligns words from less text. Captions are drawn from both languages, so half
    of them are English. The image tower starts from the English CLIP's.
    """
    both = [" ".join(pair) for pair in zip(*engines.read(sentences), strict=True)]
    text, tower, tokenizer, _ = backbones.bert(settings.tower, seed, both, state / "tower")
    model = assembly.with_text_tower(clip, text, tower, tokenizer, seed, settings.training.scale)
    return arms.finetune(
        settings.training, settings.views, model, data, seed, state / "pairs", lambda captions: [*captions, *translations(captions)]
    )


def english_control(
    settings: PairsSettings, clip: Model, translations: Translations, data: pathlib.Path, seed: int, state: pathlib.Path
) -> tuple[Model, Curve]:
    """Fine-tunes the English CLIP on the arms' images with captions translated into English, for as many updates as the arms."""
    model = dataclasses.replace(clip, params={**clip.params, "logit_scale": dual_encoder.log_scale(settings.training.scale)})
    return arms.finetune(settings.training, settings.views, model, data, seed, state, translations)
