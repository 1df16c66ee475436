"""Options that several commands share."""

import argparse

MODEL = "folder or name of a model, as `clip_italian.load` takes it"


def add_model(command: argparse.ArgumentParser) -> None:
    """Adds the options that say which model."""
    command.add_argument("--model", required=True, help=MODEL)
    command.add_argument("--images", help="folder or name of its image tower, where that is a model of its own")


def above_zero(text: str) -> int:
    """A whole number above 0, for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)
