"""`python -m clip_italian index`: encodes a folder of images, or what has changed in it."""

import argparse
import pathlib
import sys

from clip_italian.checkpoints import loading
from clip_italian.cli.options import add_model
from clip_italian.use.search import building, store

RESUMES = True


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("folder", type=pathlib.Path, help="folder of images, with the folders in it, or a zip of them")
    add_model(command)
    command.add_argument("--index", type=pathlib.Path, help=f"folder of the index (default: FOLDER{store.SUFFIX})")


def run(options: argparse.Namespace) -> None:
    """Writes the index and prints what became of the folder's files."""
    path = options.index or store.default_path(options.folder)
    model = loading.load(options.model, images=options.images)
    origin = building.origin(model, options.folder, options.model, options.images)
    report = building.build(model, origin, path, progress=sys.stderr.isatty())
    print(report.lines())
    print(f'{path}: written; search it with `python -m clip_italian search "un gatto" --index {path}`')
