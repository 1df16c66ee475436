"""Pooled features of every view by each seed's backbones, once for all arms."""

from clip_italian import config, files, paths
from clip_italian.checkpoints import assembly
from clip_italian.data.images.settings import ImageSettings
from clip_italian.training import features
from clip_italian.training.settings import FeatureSettings
from pipeline import outputs, resuming

BLOCK = 256  # images or texts at once; changes no result beyond rounding


def main() -> None:
    profile = config.params().profile
    backbones, shards = paths.backbones(profile), paths.shards(profile)
    images, settings = config.section(ImageSettings, "images"), config.section(FeatureSettings, "features")
    inputs = [backbones, *(shards / name for name in ("train", "valid", "views"))]
    state = resuming.folder("features", [images, settings, outputs.threads()], inputs)
    for folder in sorted(backbones.iterdir()):
        model = assembly.italian(folder, seed=0, scale=1.0)  # features come before the projection, which a seed draws
        features.write(state / "features" / folder.name, model, shards, settings, BLOCK, images.side)
    files.move_folder(state / "features", paths.data(profile) / "features")
    resuming.forget("features")
