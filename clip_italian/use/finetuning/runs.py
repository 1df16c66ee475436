"""The folder of a fine-tuning run; its name is all that is needed to see the run's status and to resume it.

`asked.json` has the request and `log.txt` the log. `data` and `state` are needed to resume, and are removed at the end. `model`,
`journal.jsonl`, `numbers.json`, `report.html` and, if requested, `onnx` are the results.
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
PATHS = ("model", "data", "valid", "queries", "gallery")  # of Request
ASKED, LOG, LOCK, NUMBERS, REPORT = "asked.json", "log.txt", "lock", "numbers.json", "report.html"


class Request(NamedTuple):
    """The request of a run, with absolute paths.

    In `asked.json`, paths below the current folder are relative to the run's folder, so that a project can be moved during a run.
    """

    model: str
    images: str | None  # the model of the image tower, if that is a separate one
    data: str
    valid: str | None
    queries: str | None
    gallery: str | None
    onnx: bool
    settings: dict[str, Any]
    digests: dict[str, str]  # SHA-256 of the data's files, by field


def request(model: str, images: str | None, tables: dict[str, pathlib.Path | None], onnx: bool, settings: Settings) -> Request:
    """The request for `tables`: the paths of `data`, `valid`, `queries` and `gallery`, the last three possibly None."""
    if tables["gallery"] and not tables["queries"]:
        raise InputError(f"{tables['gallery']}: an index without queries; give these too (--queries)")
    given = {name: pathlib.Path(os.path.abspath(path)) for name, path in tables.items() if path}
    digests = {name: files.sha256(files.present(path)) for name, path in given.items()}
    local = os.path.abspath(model) if pathlib.Path(model).is_dir() else model
    valid, queries, gallery = (str(given[name]) if name in given else None for name in ("valid", "queries", "gallery"))
    return Request(local, images, str(given["data"]), valid, queries, gallery, onnx, settings.model_dump(), digests)


def begin(name: str, wanted: Request, root: pathlib.Path = ROOT) -> pathlib.Path:
    """The folder of a new run, or of an existing one with the same request; raises InputError if its request is different."""
    if not NAME.fullmatch(name):
        raise InputError(f"`{name}` is not a valid name of a run; use at most 64 letters, digits, points, hyphens and underscores")
    folder = root / name
    if (folder / ASKED).exists():
        before = read(folder)
        different = [field for field in Request._fields if getattr(before, field) != getattr(wanted, field)]
        if different:
            raise InputError(f"{folder}: this run has another `{different[0]}`; choose another name, or delete the folder")
        return folder
    if any(folder.glob("[!.]*")):
        raise InputError(f"{folder}: exists already and is not a run; choose another name (--name)")
    stored = {name: _portable(path, folder) for name in PATHS if (path := getattr(wanted, name))}
    files.write_json(folder / ASKED, wanted._asdict() | stored)
    return folder


def find(name: str, root: pathlib.Path = ROOT) -> pathlib.Path:
    """The folder of an existing run; raises InputError naming the known runs if there is none of that name."""
    folder = root / name
    if not (folder / ASKED).is_file():
        known = ", ".join(names(root)) or "none"
        raise InputError(f"{folder}: no run of that name; known here: {known}")
    return folder


def names(root: pathlib.Path = ROOT) -> list[str]:
    """The names of the existing runs, sorted."""
    return sorted(path.parent.name for path in root.glob(f"*/{ASKED}"))


def read(folder: pathlib.Path) -> Request:
    """The request of a run; raises InputError if its file is damaged."""
    found = files.read_json(folder / ASKED)
    if not isinstance(found, dict) or set(found) != set(Request._fields):
        raise InputError(f"{folder / ASKED}: not a request of this version; begin the run again under another name")
    return Request(**found | {name: _absolute(path, folder) for name in PATHS if (path := found[name])})


def _portable(path: str, folder: pathlib.Path) -> str:
    """A path below the current folder, made relative to the run's folder; any other path or hub name, unchanged."""
    below = pathlib.Path(path).is_absolute() and pathlib.Path(path).is_relative_to(pathlib.Path.cwd())
    relative = os.path.relpath(path, folder.resolve())
    return relative if below and relative.startswith("..") else path


def _absolute(stored: str, folder: pathlib.Path) -> str:
    return os.path.normpath(folder.resolve() / stored) if stored.startswith("..") else stored


def check(of: Request) -> None:
    """Raises InputError naming a data file that has changed since the run began."""
    for name, digest in of.digests.items():
        path = pathlib.Path(getattr(of, name))
        if not path.is_file() or files.sha256(path) != digest:
            raise InputError(f"{path}: has changed since the run began; start a new run under another name")


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[None]:
    """Holds the lock of a run; raises InputError if another process holds it."""
    try:
        held = filelock.FileLock(folder / LOCK, timeout=0).acquire()
    except filelock.Timeout:
        raise InputError(f"{folder}: is running; `python -m clip_italian runs {folder.name}` shows its progress") from None
    with held:
        yield


def is_running(folder: pathlib.Path) -> bool:
    """Whether a process is working on a run."""
    try:
        with alone(folder):
            return False
    except InputError:
        return True


def status(folder: pathlib.Path) -> str:
    """The status of a run, in one line."""
    if (folder / NUMBERS).is_file():
        return f"{folder.name}: finished; {folder / REPORT}"
    if is_running(folder):
        return f"{folder.name}: running; {_last_line(folder)}"
    return f"{folder.name}: stopped; {_last_line(folder)}; `python -m clip_italian resume {folder.name}` goes on"


def log(folder: pathlib.Path) -> str:
    """The log of a run."""
    path = folder / LOG
    return path.read_text() if path.is_file() else ""


def _last_line(folder: pathlib.Path) -> str:
    return next(reversed(log(folder).splitlines()), "no output yet")
