"""Runs one stage: `python -m stages <name> [argument]`; dvc.yaml calls nothing else.

Around every stage: the fixed environment, a lock so that it runs once at a time, a copy of dvc.lock, and errors of input as one
line and exit code 1.
"""

import importlib
import sys

from clip_italian import config, environment
from clip_italian.environment import EnvironmentSettings
from clip_italian.errors import InputError
from pipeline import lock


def main(name: str, *arguments: str) -> None:
    try:
        environment.enter(config.section(EnvironmentSettings, "environment").threads)
        with environment.only_one("-".join([name, *arguments])):
            lock.keep()
            importlib.import_module(f"stages.{name}").main(*arguments)
    except InputError as error:
        sys.exit(f"{name}: {error}")
    except MemoryError:
        sys.exit(f"{name}: out of memory; close other programs or lower the batch size in the profile")


if __name__ == "__main__":
    main(*sys.argv[1:])
