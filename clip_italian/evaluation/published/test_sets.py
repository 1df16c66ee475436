"""Test sets read from the publishers' files: images, texts, and which of them belong together."""

import dataclasses
import gzip
import json
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from clip_italian.data.archives import Archive, Member, Stored
from clip_italian.errors import InputError
from clip_italian.evaluation import classification
from clip_italian.evaluation.scoring import Labels, Pairing


@dataclasses.dataclass(frozen=True)
class Captioned:
    """A retrieval set. `seen` marks images of the training data; None if the protocol names no training data."""

    images: Sequence[Stored]
    texts: list[str]
    truth: Pairing
    seen: Int[np.ndarray, " images"] | None = None


@dataclasses.dataclass(frozen=True)
class Classified:
    """A zero-shot set."""

    images: Sequence[Stored]
    classes: list[str]
    templates: list[str]
    truth: Labels

    def merged(self) -> "Classified":
        """The same set with all classes of one label merged into the first of them."""
        classes, merged = classification.distinct(self.classes)
        return dataclasses.replace(self, classes=classes, truth=merged[self.truth])


TestSet = Captioned | Classified


def content(path: pathlib.Path) -> bytes:
    """A file's bytes, decompressed if its name ends in `.gz`; raises InputError if it is missing or damaged."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: missing; put the publisher's file there (the protocol's `source` says whose)") from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None


def text(path: pathlib.Path) -> str:
    """The text of a UTF-8 file, without a byte-order mark; raises InputError if it is not UTF-8."""
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(path, error) from None


def json_of(path: pathlib.Path) -> Any:
    """The value of a JSON file; raises InputError if it is not JSON."""
    try:
        return json.loads(content(path))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"not valid JSON: {error}") from None


def templates_of(path: pathlib.Path, listed: list[str]) -> list[str]:
    """The templates listed in a file; raises InputError if there are none, or if one has no `{}` for the label."""
    if not listed:
        raise damaged(path, "no template")
    if without := [template for template in listed if not classification.SLOT.search(template)]:
        raise damaged(path, f"template {without[0]!r} has no {{}} where the label goes")
    return listed


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """The error for a publisher's file that is damaged or of another data set."""
    return InputError(f"{path}: damaged or of another data set ({problem}); get it from its publisher again")


def located(folder: pathlib.Path, sources: Sequence[str], names: Sequence[str]) -> list[Stored]:
    """The images of those names, each from the first of `sources` that has it.

    A source is a folder in `folder`, or else a zip of that name there, as MSCOCO's are shipped; members are found by the last part
    of their names. Raises InputError with the number of missing images and the first of them: to leave them out, as some
    evaluators do, would make the task easier and the results those of another protocol.
    """
    found: dict[str, Stored] = {}
    for source in sources:
        wanted, archive = [name for name in names if name not in found], folder / f"{source}.zip"
        if source and not (folder / source).is_dir() and archive.is_file():
            found |= _in_zip(archive, wanted)
        else:
            found |= {name: folder / source / name for name in wanted if (folder / source / name).is_file()}
    if missing := [name for name in names if name not in found]:
        first = folder / sources[0] / missing[0]
        raise InputError(f"{first}: missing, and {len(missing) - 1} more of {len(names)} images; all are needed")
    return [found[name] for name in names]


def _in_zip(path: pathlib.Path, names: Sequence[str]) -> dict[str, Stored]:
    archive = Archive(path)
    members = {pathlib.PurePosixPath(member).name: member for member in archive.names}
    return {name: Member(archive, members[name]) for name in names if name in members}
