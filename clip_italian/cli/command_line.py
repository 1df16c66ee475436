"""The command line: a module of this folder for each command, imported only when that command is asked for.

Such a module has `add_options(command)`, which adds its options to a parser, and `run(options)`. `RESUMES = True` says that a
command that was stopped goes on when it is run again.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from clip_italian.errors import InputError

COMMANDS = {
    "index": "encode a folder of images once, so that it can be searched; later, bring the index up to date",
    "search": "find the images of an index that show what a text says",
    "classify": "rank labels for an image, with their probabilities",
    "localise": "show where in an image something is, as a heat map over it",
    "encode": "write the vectors of texts or of images",
    "demo": "show a model in a browser: search, captions, heat maps; nothing leaves the machine",
    "finetune": "train a model on your own pairs of images and texts",
    "resume": "go on with a fine-tuning run that was stopped",
    "runs": "list the fine-tuning runs and how far they are",
    "evaluate": "score a model under a named protocol, or on a suite of them",
    "compare": "test whether two evaluations of the same items differ, or are equivalent",
    "associate": "test whether words of one kind lie nearer to one of two others (WEAT)",
    "replicate-2021": "test whether the published weights give the published numbers",
    "export": "write a model for transformers, onnxruntime, open_clip and sentence-transformers",
    "data": "bring images and captions into the study, and out of it",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command. Bad input ends it with one line and exit code 1, ^C with one line and exit code 130."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given and given[0] in COMMANDS else None
    module = None
    try:
        module = _module(command) if command else None
        options = _parser(command, module).parse_args(given)
        options.run(options)
    except InputError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        again = "; run the same command again to go on" if getattr(module, "RESUMES", False) else ""
        print(f"\nstopped{again}", file=sys.stderr)
        sys.exit(130)  # 128 and the signal's number, as shells have it


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"clip_italian.cli.{command.replace('-', '_')}")


def _parser(command: str | None, module: ModuleType | None) -> argparse.ArgumentParser:
    """Knows every command by its name and the one that is asked for with its options."""
    parser = argparse.ArgumentParser("python -m clip_italian", description="Use, measure, fine-tune and export CLIP models.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        added = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if module and name == command:
            added.set_defaults(run=getattr(module, "run", None))
            module.add_options(added)
    return parser
