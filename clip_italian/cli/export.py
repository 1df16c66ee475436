"""`python -m clip_italian export`: writes a model for other libraries."""

import argparse
import pathlib

from clip_italian.checkpoints import assembly
from clip_italian.use.export import writing
from clip_italian.use.export.card import Facts


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("model", type=pathlib.Path, help="folder of a model, such as models/mini/tuned/full/0")
    command.add_argument("out", type=pathlib.Path, help="folder to write, a sub-folder for each format; replaces an earlier export")
    command.add_argument("--format", action="append", default=[], choices=writing.FORMATS, help="only this one; may be repeated")
    command.add_argument("--licence", default="apache-2.0", help="of the weights, for the model cards (default: %(default)s)")


def run(options: argparse.Namespace) -> None:
    """Writes the formats and prints which were written, and which were left out and why."""
    out: pathlib.Path = options.out
    facts = Facts(name=out.resolve().name, licence=options.licence)
    reasons = writing.write(out, assembly.load(options.model), facts, options.format)
    for name in sorted(path.name for path in out.iterdir() if path.is_dir()):
        print(f"{out / name}: written")
    for name, reason in reasons.items():
        print(f"{name}: left out: {reason}")
