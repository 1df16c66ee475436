"""Two baselines that learn the study's pictures in other words: a multilingual CLIP, and an English control.

Both have the pictures, updates and recipe of the arms, but no frozen phase: that one works on cached features of the arms' towers.
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
    """How a baseline learns the study's pairs."""

    training: TrainingSettings
    views: AugmentationSettings | None  # None: the pictures as they are


class MultilingualSettings(PairsSettings):
    """The same, and how its text tower is made before."""

    tower: BertTrainingSettings


def unfrozen(settings: TrainingSettings) -> TrainingSettings:
    """The same recipe and as many updates, none of them with frozen backbones."""
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
    """A multilingual text tower, then pictures with captions in both languages: LAION's XLM-RoBERTa CLIP in miniature.

    Where XLM-RoBERTa saw much text of each language, the tower sees each sentence of the file beside its translation (Conneau
    & Lample 2019, TLM), so that it learns from little which words belong together. Of a picture's captions in either language
    one is drawn, so half of what is seen is English. The image side starts as the English CLIP's.
    """
    both = [" ".join(pair) for pair in zip(*engines.read(sentences), strict=True)]
    text, tower, tokenizer, _ = backbones.bert(settings.tower, seed, both, state / "tower")
    model = assembly.with_text_tower(clip, text, tower, tokenizer, seed, settings.training.scale)
    return arms.finetune(
        settings.training, settings.views, model, data, seed, state / "pairs", lambda said: [*said, *translations(said)]
    )


def english_control(
    settings: PairsSettings, clip: Model, translations: Translations, data: pathlib.Path, seed: int, state: pathlib.Path
) -> tuple[Model, Curve]:
    """The English CLIP trained on for as long as the arms, on their pictures with the captions' translations."""
    model = dataclasses.replace(clip, params={**clip.params, "logit_scale": dual_encoder.log_scale(settings.training.scale)})
    return arms.finetune(settings.training, settings.views, model, data, seed, state, translations)
