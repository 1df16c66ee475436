"""The frozen phase of an arm, every seed: the projections train on cached features, or on pixels where the arm says so."""

import pathlib

from clip_italian import config, files, journal, paths
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Model
from clip_italian.data.images import shards
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.settings import ImageSettings
from clip_italian.training import arms
from clip_italian.training.loop import Curve
from clip_italian.training.settings import FeatureSettings, TrainingSettings, augmentation_of, check_features
from pipeline import cells, outputs


def main(arm: str) -> None:
    params = config.params()
    settings, images = config.arm(TrainingSettings, arm), config.section(ImageSettings, "images")
    views(settings, images, arm)  # refused before it costs anything
    made_from = settings.model_dump() | ({"images": images.model_dump()} if settings.frozen_on == "pixels" else {})
    seeds = [
        cells.Cell("pretrain", str(seed), (arm,), made_from, (backbones(settings, seed), *data(settings, seed).values()))
        for seed in params.seeds
    ]
    if settings.frozen_on == "pixels":
        finished = cells.run(seeds, processes=len(seeds), threads=outputs.threads().cell_threads)
    else:
        finished = cells.run(seeds, processes=1, threads=outputs.threads().threads)  # a second's work each
    cells.publish(finished, "model", paths.frozen(params.profile, arm))
    cells.publish_journals(finished, journal.path(params.profile, arm, "pretrain"))


def views(settings: TrainingSettings, images: ImageSettings, arm: str) -> AugmentationSettings | None:
    """The arm's augmentation; raises InputError when it or its features are not there."""
    check_features(settings, images, config.section(FeatureSettings, "features"), f"arm `{arm}`")
    return augmentation_of(settings, images, f"arm `{arm}`")


def backbones(settings: TrainingSettings, seed: int) -> pathlib.Path:
    """The folder of the backbones that a seed of an arm starts from."""
    return paths.backbones_of(config.params().profile, seed if settings.backbones is None else settings.backbones)


def data(settings: TrainingSettings, seed: int) -> dict[str, pathlib.Path]:
    """The files that name what a seed of the arm learns from to the last byte."""
    profile = config.params().profile
    if settings.frozen_on == "pixels":
        return {part: paths.shards(profile) / part / shards.INDEX for part in ("train", "valid")}
    return {"features": paths.features(profile, backbones(settings, seed).name) / files.MANIFEST}


def train(settings: TrainingSettings, arm: str, seed: int, state: pathlib.Path) -> tuple[Model, Curve, dict[str, str]]:
    """Runs the frozen phase of a seed; returns the model, its learning curve and the digests of its inputs."""
    images, profile = config.section(ImageSettings, "images"), config.params().profile
    folder = backbones(settings, seed)
    model = assembly.italian(folder, seed, settings.scale, settings.sigmoid_bias)
    if settings.frozen_on == "pixels":
        augmentation = views(settings, images, arm)
        model, curve = arms.pretrain_on_pixels(settings, augmentation, images.seed, model, paths.shards(profile), seed, state)
    else:
        model, curve = arms.pretrain(settings, model, paths.features(profile, folder.name), seed, state)
    inputs = {part: files.sha256(path) for part, path in data(settings, seed).items()}
    return model, curve, inputs | {"backbones": files.tree_digest(folder)}


def cell(name: str, arm: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, seed = config.arm(TrainingSettings, arm), int(name)
    model, curve, inputs = train(settings, arm, seed, state)
    outputs.write(out, "pretrain", arm, seed, settings, inputs, model, curve)
