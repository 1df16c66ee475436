"""`python -m clip_italian resume`: goes on with a fine-tuning run."""

import argparse

from clip_italian.cli import finetune
from clip_italian.use.finetuning import runs

RESUMES = True


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("name", help="of the run, as `python -m clip_italian runs` lists it")


def run(options: argparse.Namespace) -> None:
    """Goes on with the run until it is finished."""
    finetune.work(runs.find(options.name))
