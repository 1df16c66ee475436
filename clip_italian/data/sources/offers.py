"""What a folder offers: pictures with their captions, each read when its turn comes."""

import dataclasses
import functools
import pathlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from clip_italian.data.images.images import ImageRejected
from clip_italian.data.sources.rows import Rejected, Unusable

Named = tuple[str, tuple[str, ...]]  # a picture's path as somebody wrote it, and captions


@dataclasses.dataclass(frozen=True)
class Offer:
    """One picture. `read` raises Unusable or ImageRejected with the reason why its file is none."""

    name: str  # in its folder or tar
    captions: tuple[str, ...]
    rows: int  # that say so
    read: Callable[[], bytes]


def by_picture(folder: pathlib.Path, named: Iterable[Named], longest: int, rejected: Rejected) -> Iterator[Offer]:
    """One offer a picture, in the order in which they are first named; the rows of one picture join.

    All captions are in memory before the first offer is given. Rows whose picture is not there, or that say nothing, are counted.
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
        said = tuple(caption for captions in rows for caption in captions)
        yield Offer(path.relative_to(root).as_posix(), said, len(rows), functools.partial(content_of, path, longest))


def inside(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The file that a name stands for, links followed; raises Unusable where there is none, or it lies outside the folder.

    Accented letters may be composed in the table and decomposed in the file system, or the other way round.
    """
    root = folder.resolve()
    for form in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
        try:
            path = (root / form).resolve()
            if not path.is_relative_to(root):
                raise Unusable("path outside the folder")
            if path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):  # a name that is too long or holds NUL; links in a circle
            break
    raise Unusable("missing file")


def content_of(path: pathlib.Path, longest: int) -> bytes:
    """The bytes of a file; raises Unusable when it cannot be read and ImageRejected when it is too large to be looked at."""
    try:
        if path.stat().st_size > longest:
            raise ImageRejected("file too large")
        return path.read_bytes()
    except OSError:
        raise Unusable("file cannot be read") from None
