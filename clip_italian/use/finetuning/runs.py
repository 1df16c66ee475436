"""A run of fine-tuning on disk: one folder by its name, which is enough to find it again, to see how it goes and to go on with it.

`asked.json` says what is to be done, `log.txt` what was said, `data` and `state` are what is needed to go on and vanish at the end;
`model`, `journal.jsonl`, `numbers.json`, `report.html` and, if it was asked for, `onnx` are what comes out.
"""

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import filelock

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.errors import InputError

ROOT = pathlib.Path("finetuned")
NAME = re.compile(r"[\w][\w.-]{0,63}")
PATHS = ("model", "data", "valid", "queries", "gallery")  # of Asked
ASKED, LOG, LOCK, NUMBERS, REPORT = "asked.json", "log.txt", "lock", "numbers.json", "report.html"


class Asked(NamedTuple):
    """What is to be done. Paths are absolute; `asked.json` has those below the current folder relative to the run's folder, so
    that a project may be moved while a run is unfinished."""

    model: str
    images: str | None  # the model's picture half, where that is a model of its own
    data: str
    valid: str | None
    queries: str | None
    gallery: str | None
    onnx: bool
    settings: dict[str, Any]
    digests: dict[str, str]  # SHA-256 of the files of data, by what they are for


def asked(model: str, images: str | None, tables: dict[str, pathlib.Path | None], onnx: bool, settings: Settings) -> Asked:
    """What is to be done with `tables`: `data`, and `valid`, `queries` and `gallery` or None."""
    if tables["gallery"] and not tables["queries"]:
        raise InputError(f"{tables['gallery']}: an index without queries; give these too (--queries)")
    given = {name: pathlib.Path(os.path.abspath(path)) for name, path in tables.items() if path}
    digests = {name: files.sha256(files.present(path)) for name, path in given.items()}
    local = os.path.abspath(model) if pathlib.Path(model).is_dir() else model
    valid, queries, gallery = (str(given[name]) if name in given else None for name in ("valid", "queries", "gallery"))
    return Asked(local, images, str(given["data"]), valid, queries, gallery, onnx, settings.model_dump(), digests)


def begin(name: str, wanted: Asked, root: pathlib.Path = ROOT) -> pathlib.Path:
    """The folder of a run, which is new or of the same request; raises InputError where it is of another."""
    if not NAME.fullmatch(name):
        raise InputError(f"`{name}` is no name of a run; take letters, digits, points, hyphens and underscores, at most 64")
    folder = root / name
    if (folder / ASKED).exists():
        before = read(folder)
        apart = [field for field in Asked._fields if getattr(before, field) != getattr(wanted, field)]
        if apart:
            raise InputError(f"{folder}: a run of that name has another `{apart[0]}`; choose another name, or delete the folder")
        return folder
    if any(folder.glob("[!.]*")):
        raise InputError(f"{folder}: is there already and is no run; choose another name (--name)")
    stored = {name: _portable(path, folder) for name in PATHS if (path := getattr(wanted, name))}
    files.write_json(folder / ASKED, wanted._asdict() | stored)
    return folder


def find(name: str, root: pathlib.Path = ROOT) -> pathlib.Path:
    """The folder of a run that there is; raises InputError naming those that are known."""
    folder = root / name
    if not (folder / ASKED).is_file():
        known = ", ".join(names(root)) or "none"
        raise InputError(f"{folder}: no run of that name; known here: {known}")
    return folder


def names(root: pathlib.Path = ROOT) -> list[str]:
    """The runs that there are."""
    return sorted(path.parent.name for path in root.glob(f"*/{ASKED}"))


def read(folder: pathlib.Path) -> Asked:
    """What a run is to do; raises InputError where its file is damaged."""
    found = files.read_json(folder / ASKED)
    if not isinstance(found, dict) or set(found) != set(Asked._fields):
        raise InputError(f"{folder / ASKED}: not a request of this version; begin the run again under another name")
    return Asked(**found | {name: _absolute(path, folder) for name in PATHS if (path := found[name])})


def _portable(path: str, folder: pathlib.Path) -> str:
    """A path below the current folder, relative to the run's; any other path, and a name on the hub, as it is."""
    below = pathlib.Path(path).is_absolute() and pathlib.Path(path).is_relative_to(pathlib.Path.cwd())
    relative = os.path.relpath(path, folder.resolve())
    return relative if below and relative.startswith("..") else path


def _absolute(stored: str, folder: pathlib.Path) -> str:
    return os.path.normpath(folder.resolve() / stored) if stored.startswith("..") else stored


def check(of: Asked) -> None:
    """Raises InputError naming a file of data that has changed since the run began."""
    for name, digest in of.digests.items():
        path = pathlib.Path(getattr(of, name))
        if not path.is_file() or files.sha256(path) != digest:
            raise InputError(f"{path}: has changed since the run began; begin one of another name")


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[None]:
    """Holds a run; raises InputError where another process does."""
    try:
        held = filelock.FileLock(folder / LOCK, timeout=0).acquire()
    except filelock.Timeout:
        raise InputError(f"{folder}: is running; `python -m clip_italian runs {folder.name}` tells its progress") from None
    with held:
        yield


def is_running(folder: pathlib.Path) -> bool:
    """Whether a process works on a run."""
    try:
        with alone(folder):
            return False
    except InputError:
        return True


def status(folder: pathlib.Path) -> str:
    """How a run goes, in a line."""
    if (folder / NUMBERS).is_file():
        return f"{folder.name}: finished; {folder / REPORT}"
    if is_running(folder):
        return f"{folder.name}: running; {_last_line(folder)}"
    return f"{folder.name}: stopped; {_last_line(folder)}; `python -m clip_italian resume {folder.name}` goes on"


def log(folder: pathlib.Path) -> str:
    """All that a run has said."""
    path = folder / LOG
    return path.read_text() if path.is_file() else ""


def _last_line(folder: pathlib.Path) -> str:
    return next(reversed(log(folder).splitlines()), "nothing said yet")
