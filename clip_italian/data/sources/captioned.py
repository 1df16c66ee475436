"""The captioned images of a folder, whose files are read one at a time."""

import dataclasses
import functools
import itertools
import pathlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from clip_italian.data.images.images import ImageRejected
from clip_italian.data.sources.rows import Rejected, Unusable

NamedImage = tuple[str, tuple[str, ...]]  # path of an image as a table writes it, and captions


@dataclasses.dataclass(frozen=True)
class CaptionedImage:
    """An image and its captions. `read` returns the file's bytes; raises Unusable or ImageRejected with the reason."""

    name: str  # in its folder or tar
    captions: tuple[str, ...]
    rows: int  # the number of rows of a table with this image; 1 without a table
    read: Callable[[], bytes]


def by_image(folder: pathlib.Path, named: Iterable[NamedImage], longest: int, rejected: Rejected) -> Iterator[CaptionedImage]:
    """Yields each image once, with the captions of all its rows, in the order of their first rows.

    All captions are in memory before the first image is yielded. Rows with a missing image or without a caption are counted.
    """
    found: dict[pathlib.Path, list[tuple[str, ...]]] = {}
    for name, captions in named:
        try:
            path = inside(folder, name)
            if not any(caption.strip() for caption in captions):
                raise Unusable("empty caption")
            found.setdefault(path, []).append(captions)
        except Unusable as reason:
            rejected[str(reason)] += 1
    root = folder.resolve()
    for path, rows in found.items():
        captions = tuple(itertools.chain.from_iterable(rows))
        yield CaptionedImage(path.relative_to(root).as_posix(), captions, len(rows), functools.partial(content_of, path, longest))


def inside(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Returns the resolved path of a file; raises Unusable if it is missing or outside the folder.

    Accented letters may be composed in the table and decomposed in the file system, or vice versa.
    """
    root = folder.resolve()
    for form in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
        try:
            path = (root / form).resolve()
            if not path.is_relative_to(root):
                raise Unusable("path outside the folder")
            if path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):  # a name that is too long or contains NUL, or circular links
            break
    raise Unusable("missing file")


def content_of(path: pathlib.Path, longest: int) -> bytes:
    """The bytes of a file; raises Unusable when it cannot be read and ImageRejected when it is larger than `longest`."""
    try:
        if path.stat().st_size > longest:
            raise ImageRejected("file too large")
        return path.read_bytes()
    except OSError:
        raise Unusable("file cannot be read") from None
