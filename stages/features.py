"""Pooled features of every view, once for all arms and seeds."""

import pathlib

from clip_italian import config, files
from clip_italian.checkpoints import assembly
from clip_italian.data.images.settings import ImageSettings
from clip_italian.training import features
from clip_italian.training.settings import FeatureSettings
from pipeline import outputs, resuming

BLOCK = 256  # pictures or texts at once; changes no result beyond rounding


def main() -> None:
    data, backbones = pathlib.Path("data", config.params().profile), outputs.backbones()
    images, settings = config.section(ImageSettings, "images"), config.section(FeatureSettings, "features")
    model = assembly.italian(backbones, seed=0, scale=1.0)  # features come before all that a seed changes
    inputs = [backbones, *(data / "shards" / name for name in ("train", "valid", "views"))]
    state = resuming.folder("features", [images, settings, outputs.threads()], inputs)
    features.write(state / "features", model, data / "shards", settings, BLOCK, images.side)
    files.move_folder(state / "features", data / "features")
    resuming.forget("features")
