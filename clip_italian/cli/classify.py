"""`python -m clip_italian classify`: ranks labels for images."""

import argparse
import pathlib

import numpy as np

from clip_italian.checkpoints import loading
from clip_italian.cli.options import add_model
from clip_italian.use.search import classifying


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("image", nargs="+", type=pathlib.Path, help="file of an image; may be repeated")
    command.add_argument("--labels", nargs="+", required=True, help="at least two, such as `un gatto` `un cane`")
    command.add_argument("--templates", nargs="+", default=list(classifying.TEMPLATES), help="such as `una foto di {}`")
    add_model(command)


def run(options: argparse.Namespace) -> None:
    """Prints every image's labels with their probabilities, the most probable first."""
    model = loading.load(options.model, images=options.images)
    rows = classifying.probabilities(model, options.image, options.labels, options.templates)
    for path, row in zip(options.image, rows, strict=True):
        print(path)
        for index in np.argsort(-row, kind="stable"):
            print(f"  {row[index]:7.2%}  {options.labels[index]}")
