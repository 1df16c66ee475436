"""The journal of a run: what was computed from what, and nothing about when or where.

A journal is a folder with `journal.json` and `curves.jsonl`. Two runs that computed the same have the same bytes, so the
SHA-256 of the content is the run's key. Clocks, hosts and commits go to a provenance file elsewhere.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import time
from typing import Any

from clip_italian import files

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


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted names."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return result


def write(folder: pathlib.Path, journal: Journal) -> None:
    """Writes the journal's two files into `folder`."""
    head = dataclasses.asdict(journal)
    curves = head.pop("curves")
    files.write_text(folder / "curves.jsonl", "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in curves))
    files.write_json(folder / "journal.json", head)


def read(folder: pathlib.Path) -> Journal:
    """Reads a journal; raises InputError naming the file when it is missing or damaged."""
    head = files.read_json(folder / "journal.json")
    lines = (folder / "curves.jsonl").read_text().splitlines()
    return Journal(**head, curves=[json.loads(line) for line in lines])


def key(*folders: pathlib.Path) -> str:
    """The key of a run: SHA-256 over the contents of its journals, in the order given."""
    contents = "".join(files.tree_digest(folder) for folder in folders)
    return hashlib.sha256(contents.encode()).hexdigest()


def write_provenance(path: pathlib.Path, started: float, **facts: Any) -> None:
    """Writes when, where and with what a run was computed; kept in git, never hashed, never an input."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    clock = {"started": round(started, 3), "ended": round(time.time(), 3)}
    files.write_json(path, clock | machine | {"commit": commit or None} | facts)
