"""Makes the baselines: the unchanged English CLIP, mCLIP distilled on parallel captions, and two that `make study` adds.

`english_clip` and `translated` are the same model. Queries are in the study's language for the first and in English for the
second. `multilingual` and `english_control` are trained on the study's images (clip_italian/training/multilingual.py).
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

from clip_italian import config, files, journal, paths
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.translation.engines import Translations
from clip_italian.errors import InputError
from clip_italian.training import distillation, multilingual
from clip_italian.training.backbones import BertTrainingSettings
from clip_italian.training.distillation import DistillationSettings
from clip_italian.training.loop import Curve
from clip_italian.training.multilingual import MultilingualSettings, PairsSettings
from clip_italian.training.settings import TrainingSettings, augmentation_of
from pipeline import cells, outputs

AS_IT_IS = ("english_clip", "translated")  # not trained: a model for each seed's backbones


class BaselineSettings(Settings):
    """Section `baselines` of a profile."""

    mclip: DistillationSettings
    multilingual: BertTrainingSettings  # of its text tower; section `training` has the settings for its pairs


class Baseline(NamedTuple):
    """How a baseline is made."""

    settings: Settings | None  # None: the English CLIP's own
    inputs: tuple[pathlib.Path, ...]  # beside the English CLIP
    make: Callable[[Model, int, pathlib.Path], tuple[Model, Curve]]  # of the English CLIP, a seed and a folder to resume from


def main(baseline: str) -> None:
    params, known = config.params(), baselines()
    if baseline not in known:
        raise InputError(f"params.yaml: key `baselines` has `{baseline}`; known baselines: {', '.join(known)}")
    shared = paths.backbones_of(params.profile, params.seeds[0]).name == paths.SHARED
    seeds = [0] if baseline in AS_IT_IS and shared else params.seeds
    chosen = known[baseline]
    settings = chosen.settings.model_dump() if chosen.settings else {}
    pieces = [cells.Cell("baselines", str(seed), (baseline,), settings, (english_clip(seed), *chosen.inputs)) for seed in seeds]
    finished = cells.run(pieces, processes=len(seeds), threads=outputs.threads().cell_threads)
    cells.publish(finished, "model", paths.tuned(params.profile, baseline))
    cells.publish_journals(finished, journal.path(params.profile, baseline, "baseline"))


def cell(name: str, baseline: str, state: pathlib.Path, out: pathlib.Path) -> None:
    seed, chosen = int(name), baselines()[baseline]
    model, curve = chosen.make(assembly.load(english_clip(seed)), seed, state)
    inputs = {path.name: files.tree_digest(path) for path in (english_clip(seed), *chosen.inputs)}
    outputs.write(out, "baseline", baseline, seed, chosen.settings or model.settings, inputs, model, curve)


def baselines() -> dict[str, Baseline]:
    """Every known baseline by name."""
    own = config.section(BaselineSettings, "baselines")
    training = multilingual.unfrozen(config.section(TrainingSettings, "training"))
    views = augmentation_of(training, config.section(ImageSettings, "images"), "section `training`")
    pairs = PairsSettings(training=training, views=views)
    both = MultilingualSettings(**dict(pairs), tower=own.multilingual)
    profile = config.params().profile
    parallel, translations = (paths.translated(profile) / f"{name}.tsv" for name in ("parallel", "translations"))
    shards = paths.shards(profile)
    drawn_from = (shards / "train", shards / "valid")

    def distilled(clip: Model, seed: int, state: pathlib.Path) -> tuple[Model, Curve]:
        return distillation.distil(own.mclip, clip, parallel, seed, state)

    def in_both(clip: Model, seed: int, state: pathlib.Path) -> tuple[Model, Curve]:
        return multilingual.multilingual(both, clip, parallel, Translations(translations), shards, seed, state)

    def in_english(clip: Model, seed: int, state: pathlib.Path) -> tuple[Model, Curve]:
        return multilingual.english_control(pairs, clip, Translations(translations), shards, seed, state)

    return {
        **{name: Baseline(None, (), lambda clip, seed, state: (clip, [])) for name in AS_IT_IS},
        "mclip": Baseline(own.mclip, (parallel,), distilled),
        "multilingual": Baseline(both, (parallel, translations, *drawn_from), in_both),
        "english_control": Baseline(pairs, (translations, *drawn_from), in_english),
    }


def english_clip(seed: int) -> pathlib.Path:
    """The English CLIP that a seed starts from."""
    return paths.backbones_of(config.params().profile, seed) / "english_clip"
