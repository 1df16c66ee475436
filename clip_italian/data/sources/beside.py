"""Captions that lie beside the pictures: `gatto.jpg` with `gatto.txt`, or with img2dataset's `gatto.json`."""

import functools
import os
import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.lines import LONGEST, MARK
from clip_italian.data.sources.offers import Offer, content_of, inside
from clip_italian.data.sources.rows import Rejected, Unusable, decoded
from clip_italian.data.sources.tars import PICTURES, caption_of


def found(folder: pathlib.Path) -> bool:
    """Whether some picture has its captions beside it."""
    return any(_captions_path(path) for path in _pictures(folder))


def offers(folder: pathlib.Path, longest: int, rejected: Rejected) -> Iterator[Offer]:
    """Every picture below the folder in the order of their names; each line of a `.txt` is a caption.

    A picture with nothing beside it is counted, and so is a `.txt` whose picture is not there.
    """
    for path in _pictures(folder):
        name = path.relative_to(folder).as_posix()
        try:
            target, captions = inside(folder, name), _captions(folder, path)
            yield Offer(name, captions, 1, functools.partial(content_of, target, longest))
        except Unusable as reason:
            rejected[str(reason)] += 1
    rejected["missing file"] += sum(not _picture_of(path) for path in _below(folder) if path.suffix.lower() == ".txt")


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """All files below the folder; linked folders are not entered."""
    for directory, folders, names in os.walk(folder):
        folders.sort()
        yield from (pathlib.Path(directory, name) for name in sorted(names))


def _pictures(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    return (path for path in _below(folder) if path.suffix.lower().removeprefix(".") in PICTURES)


def _captions_path(picture: pathlib.Path) -> pathlib.Path | None:
    return next((path for path in map(picture.with_suffix, (".txt", ".json")) if path.exists()), None)


def _picture_of(text: pathlib.Path) -> bool:
    return any(text.with_suffix(f".{suffix}").exists() for one in PICTURES for suffix in (one, one.upper()))


def _captions(folder: pathlib.Path, picture: pathlib.Path) -> tuple[str, ...]:
    path = _captions_path(picture)
    if path is None:
        raise Unusable("no caption")
    content = content_of(inside(folder, path.relative_to(folder).as_posix()), LONGEST).removeprefix(MARK)
    if path.suffix == ".json":
        return (caption_of({"json": content}),)
    return tuple(line for line in decoded(content).split("\n") if line.strip()) or ("",)
