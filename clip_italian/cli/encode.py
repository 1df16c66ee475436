"""`python -m clip_italian encode`: writes the vectors of texts or of images."""

import argparse
import pathlib
import sys

import numpy as np

from clip_italian import files
from clip_italian.checkpoints import loading
from clip_italian.cli.options import add_model
from clip_italian.errors import InputError


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("input", type=pathlib.Path, help="text file with a text, or the path of an image, in each line")
    command.add_argument("out", type=pathlib.Path, help=".npy file to write: float32, a row for each line")
    command.add_argument("--select", required=True, choices=("text", "image"), help="the tower")
    add_model(command)


def run(options: argparse.Namespace) -> None:
    """Writes the vectors; raises InputError naming a line that is empty."""
    lines = [line.strip() for line in _lines(files.present(options.input))]
    if empty := [number for number, line in enumerate(lines, 1) if not line]:
        raise InputError(f"{options.input}, line {empty[0]}: is empty; write a {options.select} or delete it")
    model = loading.load(options.model, images=options.images)
    encode = model.encode_text if options.select == "text" else model.encode_image
    vectors = encode(lines, progress=sys.stderr.isatty())
    with files.replacing(options.out) as temporary, open(temporary, "wb") as file:
        np.save(file, vectors)
    print(f"{options.out}: {len(vectors):,} vectors of {vectors.shape[1]}")


def _lines(path: pathlib.Path) -> list[str]:
    """The lines of a UTF-8 file, which end at newlines alone: `splitlines` would also cut texts at U+2028 and the like."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return list(file)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 ({error.reason}); save it as UTF-8") from None
