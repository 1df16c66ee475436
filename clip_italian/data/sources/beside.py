"""Images with a caption file beside them: `gatto.jpg` with `gatto.txt`, or with img2dataset's `gatto.json`."""

import functools
import os
import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.captioned import CaptionedImage, content_of, inside
from clip_italian.data.sources.rows import LONGEST, MARK, Rejected, Unusable, decoded
from clip_italian.data.sources.web_dataset import EXTENSIONS, caption_of


def found(folder: pathlib.Path) -> bool:
    """Returns whether any image has a caption file beside it."""
    return any(_captions_path(path) for path in _images(folder))


def captioned_images(folder: pathlib.Path, longest: int, rejected: Rejected) -> Iterator[CaptionedImage]:
    """Yields the images below the folder in the order of their names; each line of a `.txt` is a caption.

    Images without a caption file are counted, and so are `.txt` files without an image.
    """
    for path in _images(folder):
        name = path.relative_to(folder).as_posix()
        try:
            target, captions = inside(folder, name), _captions(folder, path)
            yield CaptionedImage(name, captions, 1, functools.partial(content_of, target, longest))
        except Unusable as reason:
            rejected[str(reason)] += 1
    rejected["missing file"] += sum(not _image_of(path) for path in _below(folder) if path.suffix.lower() == ".txt")


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields all files below the folder; linked folders are not entered."""
    for directory, folders, names in os.walk(folder):
        folders.sort()
        yield from (pathlib.Path(directory, name) for name in sorted(names))


def _images(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    return (path for path in _below(folder) if path.suffix.lower().removeprefix(".") in EXTENSIONS)


def _captions_path(image: pathlib.Path) -> pathlib.Path | None:
    return next((path for path in map(image.with_suffix, (".txt", ".json")) if path.exists()), None)


def _image_of(text: pathlib.Path) -> bool:
    return any(text.with_suffix(f".{suffix}").exists() for one in EXTENSIONS for suffix in (one, one.upper()))


def _captions(folder: pathlib.Path, image: pathlib.Path) -> tuple[str, ...]:
    path = _captions_path(image)
    if path is None:
        raise Unusable("no caption")
    content = content_of(inside(folder, path.relative_to(folder).as_posix()), LONGEST).removeprefix(MARK)
    if path.suffix == ".json":
        return (caption_of({"json": content}),)
    return tuple(line for line in decoded(content).split("\n") if line.strip()) or ("",)
