"""Reads the user's own images, which `python -m clip_italian data import` writes to own/<name> at the root of the repository.

`pairs.jsonl` has one line an image:

    {"captions": ["Un gatto sul divano"], "id": "estate/gatto 1.jpg", "image": "0000001.jpg", "language": "it"}

and `images.zip` has the images. Every folder below own/ is a source `own/<name>` of the study, after those of the profile.
"""

import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.rows import Rejected, Row, Unusable, json_object, lines, parsed, string
from clip_italian.errors import InputError

FOLDER, PAIRS, IMAGES = "own", "pairs.jsonl", "images.zip"


def is_own(source: str) -> bool:
    """Whether a source, or a file of one, is the user's own."""
    return source.startswith(f"{FOLDER}/")


def path_of(raw: pathlib.Path, name: str) -> pathlib.Path:
    """The path of a source or one of its files: below data/<profile>/raw/sources, or below own/, which all profiles share."""
    return raw.parent.parent.parent / name if is_own(name) else raw / "sources" / name


def sources(raw: pathlib.Path) -> list[str]:
    """The user's own sources, sorted by name; raises InputError for a folder that was not imported."""
    folders = (path for path in (raw.parent.parent.parent / FOLDER).glob("[!.]*") if path.is_dir())
    found = sorted(folders, key=lambda path: path.name)
    for folder in found:
        for name in (PAIRS, IMAGES):
            if not (folder / name).is_file():
                remedy = "write the folder by `python -m clip_italian data import`, or move it elsewhere"
                raise InputError(f"{folder / name}: missing; {remedy}")
    return [f"{FOLDER}/{folder.name}" for folder in found]


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Yields the images with captions in one language."""

    def parse(number: int, line: bytes) -> Row:
        entry = json_object(line)
        image, captions = string(entry, "image"), entry.get("captions")
        if not isinstance(captions, list) or not captions or not all(isinstance(caption, str) for caption in captions):
            raise Unusable("no caption")
        if string(entry, "language") != language:
            raise Unusable("another language")
        return Row(f"{FOLDER}/{folder.name}/{number:07d}", image, tuple(captions))

    yield from parsed(enumerate(lines(folder / PAIRS), start=1), parse, rejected)
