"""`python -m clip_italian runs`: lists fine-tuning runs."""

import argparse

from clip_italian.use.finetuning import runs


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("name", nargs="*", help="of a run (default: all)")
    command.add_argument("--log", action="store_true", help="print the whole log of each run")


def run(options: argparse.Namespace) -> None:
    """Prints a line for each run, or its log."""
    found = [runs.find(name) for name in options.name or runs.names()]
    if not found:
        print(f"no run in {runs.ROOT}; `python -m clip_italian finetune` begins one")
    for folder in found:
        print(runs.log(folder) if options.log else runs.status(folder))
