"""The pictures of a folder: where they are, and whether they have changed."""

import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from clip_italian.errors import InputError

# By name alone; what a file really is its first bytes say, and those of the last three kinds are refused.
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


class Found(NamedTuple):
    """A file of the folder. While size and time of change stay as they are it counts as unchanged."""

    path: str  # below the folder, with slashes
    size: int  # bytes
    changed: int  # nanoseconds since 1970


def pictures(folder: pathlib.Path) -> list[Found]:
    """All files below a folder that are pictures by their names, sorted by path; hidden files and folders are left aside.

    Links to folders are not followed. Raises InputError when the folder is missing or has no picture.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    found = sorted(_below(folder, ""))
    if not found:
        raise InputError(f"{folder}: no picture in it (looked for {', '.join(SUFFIXES)}); check the path")
    return found


def _below(folder: pathlib.Path, prefix: str) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); fix its permissions") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(pathlib.Path(entry.path), f"{prefix}{entry.name}/")
        elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():
            facts = entry.stat()
            yield Found(prefix + entry.name, facts.st_size, facts.st_mtime_ns)
