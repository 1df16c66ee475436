"""What the leakage audit compares of pictures: who they are, their bytes, what they look like, what is said of them.

Every file is read, hashed and decoded once by one of the workers, a held-out picture's mirror image being turned in memory. Test
sets are held as a whole, some 2 kB a picture; training pictures stream by.
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
from clip_italian.data.preparation import Described
from clip_italian.data.sources.pictures import opened
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

COCO = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.jpg")  # one number of MSCOCO is one picture, in all its splits
FETCHED = re.compile(r"[0-9a-f]{40}")  # SHA-1 of the address it was fetched from: data/sources.py, member_of
PART = 256  # pictures that a process takes at a time: a second or two of photographs, so that the last part keeps nobody waiting

Task = tuple[str, tuple[Described, ...]]  # a part of the set of that name


@dataclasses.dataclass(frozen=True)
class Pictures:
    """What is compared of some pictures."""

    names: list[str]
    identities: list[str | None]
    digests: list[str]  # SHA-256 of each file
    looks: Looks
    captions: list[str]  # of all pictures together

    @functools.cached_property
    def sayings(self) -> frozenset[str]:
        """The captions without case and punctuation."""
        return frozenset(map(text.normal_form, self.captions))


@dataclasses.dataclass(frozen=True)
class HeldOut(Pictures):
    """The pictures of a test set, with what their mirror images look like; what is searched among them is kept."""

    mirrored: Looks

    @functools.cached_property
    def index(self) -> HashIndex:
        """The perceptual hashes, to be searched."""
        return HashIndex(self.looks.hashes)

    @functools.cached_property
    def mirrored_index(self) -> HashIndex:
        """Those of the mirror images."""
        return HashIndex(self.mirrored.hashes)

    @functools.cached_property
    def by_identity(self) -> dict[str, list[int]]:
        """The places of the pictures that have an identity."""
        return _places(self.identities)

    @functools.cached_property
    def by_digest(self) -> dict[str, list[int]]:
        """The places of equal files."""
        return _places(self.digests)


def _places(keys: Sequence[str | None]) -> dict[str, list[int]]:
    places = collections.defaultdict(list)
    for place, key in enumerate(keys):
        if key is not None:
            places[key].append(place)
    return places


def identity(member: str) -> str | None:
    """The picture's identity beyond one data set, from its name in an archive: MSCOCO's number, or the address it came from.

    None for other names: `000012` in two archives is not one picture.
    """
    if found := COCO.fullmatch(pathlib.PurePosixPath(member).name):
        return f"coco/{int(found[1])}"
    return f"address/{member}" if FETCHED.fullmatch(member) else None


def read(sets: Mapping[str, Iterable[Described]], limits: ImageLimits, where: WorkersSettings) -> Iterator[tuple[str, Pictures]]:
    """What is compared of training pictures: set after set, a part at a time, with the set's name.

    Raises InputError naming a picture that is missing or cannot be decoded.
    """
    tasks = ((name, part) for name, pictures in sets.items() for part in workers.parts(pictures, PART))
    return workers.map(functools.partial(_seen, limits), tasks, where, _told)


def read_held_out(sets: Mapping[str, Iterable[Described]], limits: ImageLimits, where: WorkersSettings) -> dict[str, HeldOut]:
    """The same of test sets, each as a whole, with the mirror images."""
    tasks = ((name, part) for name, pictures in sets.items() for part in workers.parts(pictures, PART))
    parts: dict[str, list[HeldOut]] = {name: [] for name in sets}
    for name, part in workers.map(functools.partial(_seen_with_mirror, limits), tasks, where, _told):
        parts[name].append(part)
    return {name: _joined(found) for name, found in parts.items()}


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    lists = {
        name: [entry for part in parts for entry in getattr(part, name)] for name in ("names", "identities", "digests", "captions")
    }
    none = duplicates.looks([])  # of a set without pictures
    looks, mirrored = (duplicates.joined([none, *(getattr(part, name) for part in parts)]) for name in ("looks", "mirrored"))
    return HeldOut(**lists, looks=looks, mirrored=mirrored)


def _told(task: Task) -> str:
    name, part = task
    return f"{name}, pictures {part[0][0].id} to {part[-1][0].id}"


def _seen(limits: ImageLimits, task: Task) -> tuple[str, Pictures]:
    name, part = task
    found = [(digest, duplicates.look(pixels)) for digest, pixels in _decoded(limits, part)]
    digests, looks = zip(*found, strict=True)
    return name, Pictures(**_described(part), digests=list(digests), looks=duplicates.looks(looks))


def _seen_with_mirror(limits: ImageLimits, task: Task) -> tuple[str, HeldOut]:
    name, part = task
    found = [
        (digest, duplicates.look(pixels), duplicates.look(np.ascontiguousarray(pixels[:, ::-1])))
        for digest, pixels in _decoded(limits, part)
    ]
    digests, looks, mirrored = zip(*found, strict=True)
    described = _described(part) | {"digests": list(digests)}
    return name, HeldOut(**described, looks=duplicates.looks(looks), mirrored=duplicates.looks(mirrored))


def _described(part: Sequence[Described]) -> dict[str, Any]:
    return {
        "names": [example.id for example, _ in part],
        "identities": [identity(member) for _, (_, member) in part],
        "captions": [caption for example, _ in part for caption in example.captions],
    }


def _decoded(limits: ImageLimits, part: Sequence[Described]) -> Iterator[tuple[str, Pixels]]:
    for _, (path, member) in part:
        archive = opened(path)
        try:
            content = archive.read(member)
            yield hashlib.sha256(content).hexdigest(), decode(content, limits)
        except (ImageRejected, KeyError) as reason:
            message = f"{archive.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
            raise InputError(message) from None
