"""Full fine-tuning of an arm, every seed, from what its frozen phase left."""

import pathlib

from clip_italian import config, journal, paths
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.images.shards import Shards
from clip_italian.training import arms
from clip_italian.training.loop import Curve
from clip_italian.training.settings import TrainingSettings, augmentation_of
from pipeline import cells, outputs


def main(arm: str) -> None:
    params = config.params()
    settings = config.arm(TrainingSettings, arm).model_dump() | {"images": config.section(ImageSettings, "images").model_dump()}
    data = paths.shards(params.profile)
    finished = cells.run(
        [
            cells.Cell("finetune", str(seed), (arm,), settings, (frozen(arm, seed), data / "train", data / "valid"))
            for seed in params.seeds
        ],
        processes=len(params.seeds),
        threads=outputs.threads().cell_threads,
    )
    cells.publish(finished, "model", paths.tuned(params.profile, arm))
    cells.publish_journals(finished, journal.path(params.profile, arm, "finetune"))


def frozen(arm: str, seed: int) -> pathlib.Path:
    return paths.frozen(config.params().profile, arm) / str(seed)


def train(
    settings: TrainingSettings, arm: str, seed: int, model: Model, state: pathlib.Path
) -> tuple[Model, Curve, dict[str, str]]:
    """Fine-tunes a seed from its `model`; returns the model, its learning curve and the digests of its data."""
    views = augmentation_of(settings, config.section(ImageSettings, "images"), f"arm `{arm}`")
    data = paths.shards(config.params().profile)
    model, curve = arms.finetune(settings, views, model, data, seed, state)
    return model, curve, {part: Shards(data / part).digest for part in ("train", "valid")}


def cell(name: str, arm: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, seed = config.arm(TrainingSettings, arm), int(name)
    model, curve, inputs = train(settings, arm, seed, assembly.load(frozen(arm, seed)), state)
    outputs.write(out, "finetune", arm, seed, settings, inputs, model, curve)
