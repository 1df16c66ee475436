"""`python -m clip_italian evaluate`: scores a model under a protocol or on a suite."""

import argparse
import pathlib
import sys

from clip_italian.checkpoints import loading
from clip_italian.cli.options import add_model
from clip_italian.errors import InputError
from clip_italian.evaluation.published import evaluating, protocols, suites


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    add_model(command)
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--protocol", help=f"one of {', '.join(protocols.names())}")
    what.add_argument("--suite", help=f"one of {', '.join(suites.names())}: all its sets that are in DATA, as one table")
    command.add_argument("--language", help="for protocols that have several; an unknown one is answered with the known ones")
    command.add_argument("--labels", type=pathlib.Path, help="folder with files of labels, as CLIP_benchmark's (default: DATA)")
    command.add_argument("--data", required=True, type=pathlib.Path, help="folder with the publisher's files, or that of all sets")
    command.add_argument("--out", required=True, type=pathlib.Path, help="folder for metrics, items and embeddings of this model")


def run(options: argparse.Namespace) -> None:
    """Prints each metric by its published name, or the suite's table, and where the files are."""
    if options.suite:
        return _run_suite(options)
    folder = evaluating.where(
        protocols.load(options.protocol), options.language
    )  # raises for a wrong name before a model is loaded
    model = loading.load(options.model, images=options.images)
    more = {"language": options.language, "labels": options.labels, "progress": sys.stderr.isatty()}
    found = evaluating.evaluate(model, options.protocol, options.data, options.out, **more)
    for name, value in found.items():
        print(f"{name}: {'no value' if value is None else format(value, '.6f')}")
    print(f"{options.out / folder}: written")


def _run_suite(options: argparse.Namespace) -> None:
    suites.load(options.suite)
    if options.language:
        raise InputError("--language: a suite says the language of each of its sets; leave it out")
    model = loading.load(options.model, images=options.images)
    table = suites.evaluate(model, options.suite, options.data, options.out, options.labels, progress=sys.stderr.isatty())
    print(suites.lines(table))
    print(f"{options.out / options.suite}: written")
