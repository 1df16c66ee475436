"""Pooled features of every view, once for all arms and seeds."""
import pathlib

from clip_italian import config, files
from clip_italian.data.settings import ImageSettings
from clip_italian.models import assembly
from clip_italian.training import features
from stages import trained

BLOCK = 256  # pictures or texts at once; changes no result beyond rounding


def main() -> None:
    profile = config.params().profile
    model = assembly.italian(trained.backbones(), seed=0, scale=1.0)  # features come before all that a seed changes
    side = config.section(ImageSettings, "images").side
    with files.replacing_folder(pathlib.Path("data", profile, "features")) as folder:
        features.write(folder, model, pathlib.Path("data", profile, "shards"), BLOCK, side)
