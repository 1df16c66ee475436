"""Reads what the leakage audit compares: identities, file hashes, looks and captions of images.

A worker reads, hashes and decodes each file once; test images are mirrored in memory. Test sets are held in memory as a whole, some
2 kB per image; training images are read in parts.
"""

import dataclasses
import functools
import hashlib
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from clip_italian.data import workers
from clip_italian.data.curation import duplicates, text
from clip_italian.data.curation.duplicates import Looks
from clip_italian.data.images.images import ImageLimits, ImageRejected, decode
from clip_italian.data.preparation import LocatedExample
from clip_italian.data.sources.image_index import opened
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

COCO = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.jpg")  # all splits of MSCOCO share one numbering
FETCHED = re.compile(r"[0-9a-f]{40}")  # SHA-1 of the address it was fetched from: rows.member_of
PART = 256  # images in a worker's task: one or two seconds, so that all workers end at about the same time

Task = tuple[str, tuple[LocatedExample, ...]]  # name of a set, and a part of its images


@dataclasses.dataclass(frozen=True)
class AuditedImages:
    """The compared properties of several images; entry i of each list is that of image i."""

    names: list[str]
    identities: list[str | None]
    digests: list[str]  # SHA-256 of each file
    captions: list[str]  # of all images together
    looks: Looks
    mirrored: Looks  # of the mirror images; empty for training images

    @functools.cached_property
    def normal_captions(self) -> frozenset[str]:
        """Returns the captions without case and punctuation."""
        return frozenset(map(text.normal_form, self.captions))


def identity(member: str) -> str | None:
    """Returns an image's identity across data sets from its archive member: MSCOCO's number, or the hash of its address.

    None for other names: `000012` in two archives is not one image.
    """
    if found := COCO.fullmatch(pathlib.PurePosixPath(member).name):
        return f"coco/{int(found[1])}"
    return f"address/{member}" if FETCHED.fullmatch(member) else None


def read(
    sets: Mapping[str, Iterable[LocatedExample]], limits: ImageLimits, where: WorkersSettings, mirror: bool = False
) -> Iterator[tuple[str, AuditedImages]]:
    """Yields (name of the set, part of its images), set after set, with the looks of mirror images if `mirror`.

    Raises InputError naming an image that is missing or cannot be decoded.
    """
    tasks = ((name, part) for name, examples in sets.items() for part in workers.parts(examples, PART))
    return workers.map(functools.partial(_examined, limits, mirror), tasks, where, _name_of)


def read_held_out(
    sets: Mapping[str, Iterable[LocatedExample]], limits: ImageLimits, where: WorkersSettings
) -> dict[str, AuditedImages]:
    """Returns all images of each test set, with the looks of their mirror images; raises as `read` does."""
    parts: dict[str, list[AuditedImages]] = {name: [] for name in sets}
    for name, part in read(sets, limits, where, mirror=True):
        parts[name].append(part)
    return {name: _joined(found) for name, found in parts.items()}


def _joined(parts: Sequence[AuditedImages]) -> AuditedImages:
    fields = ("names", "identities", "digests", "captions")
    lists: dict[str, Any] = {field: [entry for part in parts for entry in getattr(part, field)] for field in fields}
    none = duplicates.looks([])  # for a set without images
    looks, mirrored = (duplicates.joined([none, *(getattr(part, field) for part in parts)]) for field in ("looks", "mirrored"))
    return AuditedImages(**lists, looks=looks, mirrored=mirrored)


def _name_of(task: Task) -> str:
    name, part = task
    return f"{name}, images {part[0][0].id} to {part[-1][0].id}"


def _examined(limits: ImageLimits, mirror: bool, task: Task) -> tuple[str, AuditedImages]:
    name, part = task
    digests, looks, mirrored = list[str](), list[duplicates.Look](), list[duplicates.Look]()
    for _, (path, member) in part:
        archive = opened(path)
        try:
            content = archive.read(member)
            pixels = decode(content, limits)
        except ImageRejected as reason:
            message = f"{archive.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
            raise InputError(message) from None
        digests.append(hashlib.sha256(content).hexdigest())
        looks.append(duplicates.look(pixels))
        if mirror:
            mirrored.append(duplicates.look(np.ascontiguousarray(pixels[:, ::-1])))
    identities = [identity(member) for _, (_, member) in part]
    captions = [caption for example, _ in part for caption in example.captions]
    names = [example.id for example, _ in part]
    return name, AuditedImages(names, identities, digests, captions, duplicates.looks(looks), duplicates.looks(mirrored))
