"""What the leakage audit compares of pictures: who they are, their bytes, what they look like, what is said of them.

Every file is read, hashed and decoded once, a held-out picture's mirror image being turned in memory, on as many processes as
the executor has.
"""

import concurrent.futures
import dataclasses
import functools
import hashlib
import itertools
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from clip_italian.data import duplicates, text
from clip_italian.data.archive import Archive
from clip_italian.data.duplicates import Looks
from clip_italian.data.hash_index import HashIndex
from clip_italian.data.images import ImageLimits, ImageRejected, Pixels, decode
from clip_italian.data.preparation import Located
from clip_italian.data.readers import own
from clip_italian.data.shards import Example
from clip_italian.errors import InputError

COCO = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.jpg")  # one number of MSCOCO is one picture, in all its splits
FETCHED = re.compile(r"[0-9a-f]{40}")  # SHA-1 of the address it was fetched from: data/sources.py, member_of
PART = 256  # pictures that a process takes at a time: some 40 ms, so that the last part keeps nobody waiting


@dataclasses.dataclass(frozen=True)
class Pictures:
    """What is compared of some pictures."""

    names: list[str]
    identities: list[str | None]
    digests: list[str]  # SHA-256 of each file
    looks: Looks
    captions: list[str]  # of all pictures together

    @functools.cached_property
    def index(self) -> HashIndex:
        """The perceptual hashes, to be searched."""
        return HashIndex(self.looks.hashes)

    @functools.cached_property
    def sayings(self) -> frozenset[str]:
        """The captions without case and punctuation."""
        return frozenset(map(text.normal_form, self.captions))


@dataclasses.dataclass(frozen=True)
class HeldOut(Pictures):
    """The pictures of a test set, with what their mirror images look like."""

    mirrored: Looks


def identity(member: str) -> str | None:
    """The picture's identity beyond one data set, from its name in an archive: MSCOCO's number, or the address it came from.

    None for other names: `000012` in two archives is not one picture.
    """
    if found := COCO.fullmatch(pathlib.PurePosixPath(member).name):
        return f"coco/{int(found[1])}"
    return f"address/{member}" if FETCHED.fullmatch(member) else None


def read(
    raw: pathlib.Path,
    examples: Sequence[Example],
    located: Sequence[Located],
    limits: ImageLimits,
    pool: concurrent.futures.Executor,
) -> Pictures:
    """The pictures of `preparation.read_pairs`; raises InputError naming one that is missing or cannot be decoded."""
    digests, looks = _in_parts(_seen, raw, located, limits, pool)
    return Pictures(**_described(examples, located), digests=list(itertools.chain(*digests)), looks=duplicates.joined(looks))


def read_held_out(
    raw: pathlib.Path,
    examples: Sequence[Example],
    located: Sequence[Located],
    limits: ImageLimits,
    pool: concurrent.futures.Executor,
) -> HeldOut:
    """The same for `preparation.read_test`, with the mirror images."""
    digests, looks, mirrored = _in_parts(_seen_with_mirror, raw, located, limits, pool)
    return HeldOut(
        **_described(examples, located),
        digests=list(itertools.chain(*digests)),
        looks=duplicates.joined(looks),
        mirrored=duplicates.joined(mirrored),
    )


def joined(parts: Sequence[Pictures]) -> Pictures:
    """The pictures of several files, one after the other."""
    lists = {
        name: [entry for part in parts for entry in getattr(part, name)]
        for name in ("names", "identities", "digests", "captions")
    }
    return Pictures(**lists, looks=duplicates.joined([part.looks for part in parts]))


def _described(examples: Sequence[Example], located: Sequence[Located]) -> dict[str, Any]:
    return {
        "names": [example.id for example in examples],
        "identities": [identity(member) for _, member in located],
        "captions": [caption for example in examples for caption in example.captions],
    }


def _in_parts(
    see: Callable[..., Any],
    raw: pathlib.Path,
    located: Sequence[Located],
    limits: ImageLimits,
    pool: concurrent.futures.Executor,
) -> list[Any]:
    """What `see` returns of each part, by field; there is always one part, if an empty one."""
    parts = [located[start : start + PART] for start in range(0, max(1, len(located)), PART)]
    return list(zip(*pool.map(functools.partial(see, raw, limits), parts), strict=True))


def _seen(raw: pathlib.Path, limits: ImageLimits, located: Sequence[Located]) -> tuple[list[str], Looks]:
    """SHA-256 of the files and looks of the pictures."""
    digests, looks = [], []
    for digest, pixels in _decoded(raw, limits, located):
        digests.append(digest)
        looks.append(duplicates.look(pixels))
    return digests, duplicates.looks(looks)


def _seen_with_mirror(
    raw: pathlib.Path, limits: ImageLimits, located: Sequence[Located]
) -> tuple[list[str], Looks, Looks]:
    """SHA-256 of the files, looks of the pictures and of their mirror images."""
    digests, looks, mirrored = [], [], []
    for digest, pixels in _decoded(raw, limits, located):
        digests.append(digest)
        looks.append(duplicates.look(pixels))
        mirrored.append(duplicates.look(np.ascontiguousarray(pixels[:, ::-1])))
    return digests, duplicates.looks(looks), duplicates.looks(mirrored)


def _decoded(raw: pathlib.Path, limits: ImageLimits, located: Sequence[Located]) -> Iterator[tuple[str, Pixels]]:
    for name, member in located:
        archive = _archive(own.place(raw, name))
        try:
            content = archive.read(member)
            yield hashlib.sha256(content).hexdigest(), decode(content, limits)
        except (ImageRejected, KeyError) as reason:
            message = f"{archive.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
            raise InputError(message) from None


@functools.lru_cache(maxsize=1)
def _archive(path: pathlib.Path) -> Archive:
    """Kept open from one part to the next: reading the list of a large archive takes longer than a part."""
    return Archive(path)
