"""The frozen phase of an arm, every seed: the projections train on cached features."""
import pathlib

from clip_italian import config, files
from clip_italian.data.settings import ImageSettings
from clip_italian.models import assembly
from clip_italian.training import arms
from clip_italian.training.settings import TrainingSettings, augmentation_of
from stages import cells, trained


def main(arm: str) -> None:
    params = config.params()
    settings = config.arm(TrainingSettings, arm)
    augmentation_of(settings, config.section(ImageSettings, "images"), f"arm `{arm}`")  # refused before it costs anything
    inputs = (trained.backbones(), stored() / files.MANIFEST)
    seeds = [cells.Cell("pretrain", str(seed), (arm,), settings.model_dump(), inputs) for seed in params.seeds]
    outputs = cells.run(seeds, processes=1, threads=trained.threads().threads)  # a second's work each
    cells.publish(outputs, "model", pathlib.Path("models", params.profile, "frozen", arm))
    cells.publish(outputs, "journal", pathlib.Path("runs", params.profile, arm, "pretrain"))


def stored() -> pathlib.Path:
    """The features, which the manifest names to the last byte."""
    return pathlib.Path("data", config.params().profile, "features")


def cell(name: str, arm: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, seed = config.arm(TrainingSettings, arm), int(name)
    model = assembly.italian(trained.backbones(), seed, settings.scale, settings.sigmoid_bias)
    model, curve = arms.pretrain(settings, model, stored(), seed, state)
    inputs = {"features": files.sha256(stored() / files.MANIFEST), "backbones": files.tree_digest(trained.backbones())}
    trained.write(out, "pretrain", arm, seed, settings, inputs, model, curve)
