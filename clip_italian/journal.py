"""The journal of a run: what was computed and from which inputs, but not when or where.

A journal is one line of JSON, and a stage writes the lines of all its seeds to runs/<profile>/<arm>/<stage>.jsonl. Two runs that
computed the same have the same line, and the SHA-256 of its content is the run's key. Clocks, hosts and commits go to provenance/.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from clip_italian import files, paths
from clip_italian.errors import InputError

FILE = "journal.jsonl"  # of one training, beside the model that came of it
KEY_LENGTH = 12  # hexadecimal digits of a key that are printed: 48 bits, enough for any number of runs here


@dataclasses.dataclass(frozen=True)
class Journal:
    """One training phase or evaluation of one seed of one arm."""

    stage: str
    arm: str
    seed: int
    parameters: dict[str, Any]  # flat, dotted names
    inputs: dict[str, str]  # name of a data set or a model -> digest
    outputs: dict[str, str]  # name of a file -> SHA-256
    metrics: dict[str, float]
    curves: list[dict[str, float]] = dataclasses.field(default_factory=list)  # one row a step, key "step" in each

    def line(self) -> str:
        """The journal as it stands in its file; equal journals have equal lines."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def path(profile: str, arm: str, stage: str) -> pathlib.Path:
    """The file with the journals of all seeds of a stage of an arm."""
    return paths.runs(profile) / arm / f"{stage}.jsonl"


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted names."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return result


def write(file: pathlib.Path, journals: Sequence[Journal]) -> None:
    """Writes a file of journals, a line each, in place of what was there: whole or not at all."""
    files.write_text(file, "".join(one.line() for one in journals))


def read(file: pathlib.Path) -> list[Journal]:
    """Reads a file of journals; raises InputError naming file and line when it is missing or damaged."""
    found = []
    for number, line in enumerate(files.present(file).read_bytes().splitlines(), 1):
        try:
            found.append(Journal(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise InputError(f"{file}, line {number}: not a journal ({error}); delete the file and run `dvc repro`") from None
    return found


def key(*journals: Journal) -> str:
    """The key of a run: SHA-256 over the contents of its journals, in the order given."""
    return hashlib.sha256("".join(map(_digest, journals)).encode()).hexdigest()


def _digest(journal: Journal) -> str:
    """SHA-256 over a journal's curves and over the rest of it, under the names of the two files that a journal once was.

    Changing this changes every key, also of runs that nobody computes again.
    """
    rest = dataclasses.asdict(journal)
    curves = "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in rest.pop("curves"))
    digest = hashlib.sha256()
    for name, text in (("curves.jsonl", curves), ("journal.json", files.dumps(rest))):
        digest.update(f"{name}\0{hashlib.sha256(text.encode()).hexdigest()}\0".encode())
    return digest.hexdigest()


def provenance(started: float, **facts: Any) -> dict[str, Any]:
    """When, where and with what something was computed; kept in git, never hashed, never an input."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    clock = {"started": round(started, 3), "ended": round(time.time(), 3)}
    return clock | machine | {"commit": _commit()} | facts


def _commit() -> str | None:
    """The commit of the repository whose root is the current folder; None where that is not one, though it lie inside another."""
    if not pathlib.Path(".git").exists():
        return None
    return subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip() or None
