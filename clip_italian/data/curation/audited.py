"""What the leakage audit compares: identities, file hashes, looks and captions of images.

A worker reads, hashes and decodes each file once; it mirrors held-out images in memory. Test sets are in memory as a whole, some
2 kB per image; training images are read in parts.
"""

import collections
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
from clip_italian.data.curation.hash_index import HashIndex
from clip_italian.data.images.images import ImageLimits, ImageRejected, Pixels, decode
from clip_italian.data.preparation import LocatedExample
from clip_italian.data.sources.pictures import opened
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

COCO = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.jpg")  # one number is one image in all of MSCOCO's splits
FETCHED = re.compile(r"[0-9a-f]{40}")  # SHA-1 of the address it was fetched from: rows.member_of
PART = 256  # images that a process takes at a time: a second or two of work, so that workers end together

Task = tuple[str, tuple[LocatedExample, ...]]  # a part of the set of that name


@dataclasses.dataclass(frozen=True)
class AuditedImages:
    """The compared properties of several images; entry i of each list is that of image i."""

    names: list[str]
    identities: list[str | None]
    digests: list[str]  # SHA-256 of each file
    looks: Looks
    captions: list[str]  # of all images together

    @functools.cached_property
    def normal_captions(self) -> frozenset[str]:
        """Returns the captions without case and punctuation."""
        return frozenset(map(text.normal_form, self.captions))


@dataclasses.dataclass(frozen=True)
class HeldOut(AuditedImages):
    """The images of a test set, with the looks of their mirror images and cached search indices."""

    mirrored: Looks

    @functools.cached_property
    def index(self) -> HashIndex:
        """Returns the search index of the perceptual hashes."""
        return HashIndex(self.looks.hashes)

    @functools.cached_property
    def mirrored_index(self) -> HashIndex:
        """Returns the search index of the mirror images' hashes."""
        return HashIndex(self.mirrored.hashes)

    @functools.cached_property
    def by_identity(self) -> dict[str, list[int]]:
        """Returns the indices of the images with each identity."""
        return _indices(self.identities)

    @functools.cached_property
    def by_digest(self) -> dict[str, list[int]]:
        """Returns the indices of the images with each file hash."""
        return _indices(self.digests)


def _indices(keys: Sequence[str | None]) -> dict[str, list[int]]:
    indices = collections.defaultdict(list)
    for i, key in enumerate(keys):
        if key is not None:
            indices[key].append(i)
    return indices


def identity(member: str) -> str | None:
    """Returns an image's identity across data sets from its archive member: MSCOCO's number, or the hash of its address.

    None for other names: `000012` in two archives is not one image.
    """
    if found := COCO.fullmatch(pathlib.PurePosixPath(member).name):
        return f"coco/{int(found[1])}"
    return f"address/{member}" if FETCHED.fullmatch(member) else None


def read(
    sets: Mapping[str, Iterable[LocatedExample]], limits: ImageLimits, where: WorkersSettings
) -> Iterator[tuple[str, AuditedImages]]:
    """Yields what is compared of training images: (set's name, part), set after set.

    Raises InputError naming an image that is missing or cannot be decoded.
    """
    tasks = ((name, part) for name, pictures in sets.items() for part in workers.parts(pictures, PART))
    return workers.map(functools.partial(_examined, limits), tasks, where, _name_of)


def read_held_out(sets: Mapping[str, Iterable[LocatedExample]], limits: ImageLimits, where: WorkersSettings) -> dict[str, HeldOut]:
    """Returns what is compared of each test set, with its mirror images; raises as `read` does."""
    tasks = ((name, part) for name, pictures in sets.items() for part in workers.parts(pictures, PART))
    parts: dict[str, list[HeldOut]] = {name: [] for name in sets}
    for name, part in workers.map(functools.partial(_examined_with_mirror, limits), tasks, where, _name_of):
        parts[name].append(part)
    return {name: _joined(found) for name, found in parts.items()}


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    lists = {
        name: [entry for part in parts for entry in getattr(part, name)] for name in ("names", "identities", "digests", "captions")
    }
    none = duplicates.looks([])  # for a set without images
    looks, mirrored = (duplicates.joined([none, *(getattr(part, name) for part in parts)]) for name in ("looks", "mirrored"))
    return HeldOut(**lists, looks=looks, mirrored=mirrored)


def _name_of(task: Task) -> str:
    name, part = task
    return f"{name}, pictures {part[0][0].id} to {part[-1][0].id}"


def _examined(limits: ImageLimits, task: Task) -> tuple[str, AuditedImages]:
    name, part = task
    found = [(digest, duplicates.look(pixels)) for digest, pixels in _decoded(limits, part)]
    digests, looks = zip(*found, strict=True)
    return name, AuditedImages(**_described(part), digests=list(digests), looks=duplicates.looks(looks))


def _examined_with_mirror(limits: ImageLimits, task: Task) -> tuple[str, HeldOut]:
    name, part = task
    found = [
        (digest, duplicates.look(pixels), duplicates.look(np.ascontiguousarray(pixels[:, ::-1])))
        for digest, pixels in _decoded(limits, part)
    ]
    digests, looks, mirrored = zip(*found, strict=True)
    described = _described(part) | {"digests": list(digests)}
    return name, HeldOut(**described, looks=duplicates.looks(looks), mirrored=duplicates.looks(mirrored))


def _described(part: Sequence[LocatedExample]) -> dict[str, Any]:
    return {
        "names": [example.id for example, _ in part],
        "identities": [identity(member) for _, (_, member) in part],
        "captions": [caption for example, _ in part for caption in example.captions],
    }


def _decoded(limits: ImageLimits, part: Sequence[LocatedExample]) -> Iterator[tuple[str, Pixels]]:
    for _, (path, member) in part:
        archive = opened(path)
        try:
            content = archive.read(member)
            yield hashlib.sha256(content).hexdigest(), decode(content, limits)
        except ImageRejected as reason:
            message = f"{archive.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
            raise InputError(message) from None
