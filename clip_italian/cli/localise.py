"""`python -m clip_italian localise`: draws a heat map of a text over an image."""

import argparse
import pathlib

import numpy as np
from PIL import Image

from clip_italian import files
from clip_italian.checkpoints import loading
from clip_italian.cli.options import add_model
from clip_italian.data.images import opening
from clip_italian.use.search import localising, searching


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("image", type=pathlib.Path, help="file of an image")
    command.add_argument("text", help="what to look for, such as `un gatto`")
    command.add_argument("--out", type=pathlib.Path, help="PNG file to write (default: IMAGE.heat.png here)")
    methods = "compare windows of the image, or take the gradient (default: %(default)s)"
    command.add_argument("--method", default="windows", choices=("windows", "relevance"), help=methods)
    grids = "cells along a side, for each scale of `windows` (default: %(default)s)"
    command.add_argument("--grids", type=int, nargs="+", default=list(localising.GRIDS), help=grids)
    add_model(command)


def run(options: argparse.Namespace) -> None:
    """Writes the image, darker where it is less like the text, and prints where it is most like it."""
    searching.check_query(options.text)
    pixels = opening.read_pixels(options.image)
    out = options.out or pathlib.Path(f"{options.image.stem}.heat.png")
    model = loading.load(options.model, images=options.images)
    heat = localising.localise(model, pixels, [options.text], options.method, options.grids)[0]
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    with files.replacing(out) as temporary:
        Image.fromarray(localising.over(pixels, heat)).save(temporary, format="PNG")
    print(f"{options.text}: brightest at column {column}, row {row} of {heat.shape[1]} x {heat.shape[0]} pixels")
    print(f"{out}: written")
