"""`python -m clip_italian compare`: compares two evaluations of the same items."""

import argparse
import pathlib

from clip_italian.evaluation.published import equivalence


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("first", type=pathlib.Path, help="folder OUT/PROTOCOL that `evaluate` wrote")
    command.add_argument("second", type=pathlib.Path, help="the same for another device, library or model")
    margin = "smallest difference that matters, in points (default: %(default)s)"
    command.add_argument("--margin", type=float, default=equivalence.SMALLEST_EFFECT, help=margin)


def run(options: argparse.Namespace) -> None:
    """Prints a line for every metric."""
    print(equivalence.table(equivalence.compare(options.first, options.second, options.margin), options.margin))
