"""What an evaluation is about, read from the publishers' files: images, texts, and which belong together."""

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
    """A retrieval set. `seen` marks images that training data describe; None where the protocol names no training data."""

    pictures: Sequence[Stored]
    texts: list[str]
    truth: Pairing
    seen: Int[np.ndarray, " images"] | None = None


@dataclasses.dataclass(frozen=True)
class Classified:
    """A zero-shot set."""

    pictures: Sequence[Stored]
    classes: list[str]
    templates: list[str]
    truth: Labels

    def merged(self) -> "Classified":
        """The same with all classes of one label as one class, in the place of the first."""
        classes, merged = classification.distinct(self.classes)
        return dataclasses.replace(self, classes=classes, truth=merged[self.truth])


TestSet = Captioned | Classified


def content(path: pathlib.Path) -> bytes:
    """A file's bytes, decompressed where its name ends in `.gz`; raises InputError when it is missing or damaged."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: missing; put the publisher's file there (the protocol's `source` says whose)") from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None


def text(path: pathlib.Path) -> str:
    """A UTF-8 file's text, without a byte-order mark; raises InputError when it is not."""
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(path, error) from None


def lines(path: pathlib.Path) -> list[str]:
    """The lines of a UTF-8 file, cut at line feeds alone: a separator (U+2028) in a caption moves no other to its place."""
    return [line.removesuffix("\r") for line in text(path).removesuffix("\n").split("\n")]


def json_of(path: pathlib.Path) -> Any:
    """A JSON file's value; raises InputError when it is not JSON."""
    try:
        return json.loads(content(path))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"not valid JSON: {error}") from None


def templates_of(path: pathlib.Path, listed: list[str]) -> list[str]:
    """The templates that a file lists; raises InputError where there is none, or one without a place for the label."""
    if not listed:
        raise damaged(path, "no template")
    if without := [template for template in listed if not classification.SLOT.search(template)]:
        raise damaged(path, f"template {without[0]!r} has no {{}} where the label goes")
    return listed


def damaged(path: pathlib.Path, problem: object) -> InputError:
    """The error of a publisher's file that is not what its publisher made."""
    return InputError(f"{path}: damaged or of another data set ({problem}); get it from its publisher again")


def located(folder: pathlib.Path, places: Sequence[str], names: Sequence[str]) -> list[Stored]:
    """The images of those names, each from the first of `places` that has it: a folder in `folder`, or a zip of that name there,
    as MSCOCO's are shipped, whose members are found by the last part of their names.

    Raises InputError with the number of those that are in none and the first of them: to leave such images out, as some
    evaluators do, would make the task easier and the numbers another protocol's.
    """
    found: dict[str, Stored] = {}
    for place in places:
        wanted = [name for name in names if name not in found]
        found |= _in_zip(folder / f"{place}.zip", wanted) if _is_zipped(folder, place) else _in_folder(folder / place, wanted)
    if missing := [name for name in names if name not in found]:
        first = folder / places[0] / missing[0]
        raise InputError(f"{first}: missing, and {len(missing) - 1} more of {len(names)} pictures; all are needed")
    return [found[name] for name in names]


def _is_zipped(folder: pathlib.Path, place: str) -> bool:
    return bool(place) and not (folder / place).is_dir() and (folder / f"{place}.zip").is_file()


def _in_folder(folder: pathlib.Path, names: Sequence[str]) -> dict[str, Stored]:
    return {name: folder / name for name in names if (folder / name).is_file()}


def _in_zip(path: pathlib.Path, names: Sequence[str]) -> dict[str, Stored]:
    archive = Archive(path)
    members = {pathlib.PurePosixPath(member).name: member for member in archive.names}
    return {name: Member(archive, members[name]) for name in names if name in members}
