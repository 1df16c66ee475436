"""Which test pictures a model has trained on: asked before any number is believed.

A training picture leaks a test picture when it has the same identity (`identity`), the same file (SHA-256), or shows the same,
as it is or mirrored, whatever its size and encoding. What shows the same is proposed by perceptual hashes and confirmed by an
aligned comparison of pixels (clip_italian/data/duplicates.py), since hashes alone mix up small drawn scenes. Pictures that were
cropped or turned need not be found. Curation compares the study's own pairs by the same rule; this audit takes any
training pictures, the backbones' too, finds the single pictures, and lets them pass by name and for a reason only.

`audit` returns, for one test set:

    {"training": n, "test": m,                       # pictures compared
     "leaks": [{"training": name, "test": name, "kind": one of KINDS, "bits": b, "difference": d, "allowed": reason or null}],
     "kinds": {kind: leaks},
     "not_allowed": leaks that no allowance covers,
     "allowances": [{"test": name, "reason": reason, "leaks": leaks covered}],
     "repeated_captions": test captions that are training captions too, but for case and punctuation; never a fault}

`bits` (of 64) is the distance of the two hashes and `difference` (of 255) the largest of any cell; of a mirrored leak, after
mirroring. A pair that leaks in several ways is listed once, under the first of KINDS.
"""

import dataclasses
import hashlib
import pathlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pydantic

from clip_italian.config import Settings
from clip_italian.data import duplicates, text
from clip_italian.data.archive import Archive
from clip_italian.data.duplicates import DuplicateSettings, Look, Looks
from clip_italian.data.hash_index import HashIndex
from clip_italian.data.images import ImageLimits, ImageRejected, Pixels, decode
from clip_italian.data.preparation import Located
from clip_italian.data.shards import Example
from clip_italian.errors import InputError

KINDS = ("id", "content", "picture", "mirrored picture")  # how sure a leak is, the surest first
COCO = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.jpg")  # one number of MSCOCO is one picture, in all its splits
FETCHED = re.compile(r"[0-9a-f]{40}")  # SHA-1 of the address it was fetched from: data/sources.py, member_of


class Allowance(Settings):
    """A leak that is known and let pass."""

    test: str = pydantic.Field(min_length=1)  # a test set, or one picture of it as `set/picture`
    reason: str = pydantic.Field(min_length=1)  # printed in the report


@dataclasses.dataclass(frozen=True)
class Pictures:
    """What is compared of some pictures. `looks.cells` may be a memory map: only the cells of proposed pairs are read."""

    names: list[str]
    identities: list[str | None]
    digests: list[str]  # SHA-256 of each file
    looks: Looks
    captions: list[str]  # of all pictures together


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


def read(raw: pathlib.Path, examples: Sequence[Example], located: Sequence[Located], limits: ImageLimits) -> Pictures:
    """The pictures of `preparation.read_pairs`; raises InputError naming one that is missing or cannot be decoded."""
    digests, looks = [], []
    for content, pixels in _decoded(raw, located, limits):
        digests.append(hashlib.sha256(content).hexdigest())
        looks.append(duplicates.look(pixels))
    return Pictures(**_described(examples, located), digests=digests, looks=duplicates.looks(looks))


def read_held_out(raw: pathlib.Path, examples: Sequence[Example], located: Sequence[Located], limits: ImageLimits) -> HeldOut:
    """The same for `preparation.read_test`, with the mirror images."""
    plain = read(raw, examples, located, limits)
    mirrored = [_mirrored_look(pixels) for _, pixels in _decoded(raw, located, limits)]
    return HeldOut(**vars(plain), mirrored=duplicates.looks(mirrored))


def _mirrored_look(pixels: Pixels) -> Look:
    return duplicates.look(np.ascontiguousarray(pixels[:, ::-1]))


def _described(examples: Sequence[Example], located: Sequence[Located]) -> dict[str, Any]:
    return {
        "names": [example.id for example in examples],
        "identities": [identity(member) for _, member in located],
        "captions": [caption for example in examples for caption in example.captions],
    }


def _decoded(raw: pathlib.Path, located: Sequence[Located], limits: ImageLimits) -> Iterator[tuple[bytes, Pixels]]:
    archives = {name: Archive(raw / name) for name in sorted({archive for archive, _ in located})}
    for archive, member in located:
        try:
            content = archives[archive].read(member)
            yield content, decode(content, limits)
        except (ImageRejected, KeyError) as reason:
            message = f"{raw / archive}: member `{member}`: {reason}; delete the file and run `dvc repro`"
            raise InputError(message) from None


def audit(
    training: Pictures, test: HeldOut, settings: DuplicateSettings, allowances: Sequence[Allowance] = ()
) -> dict[str, Any]:
    """Returns the report of one test set; the module's docstring has its keys."""
    leaks = [
        _leak(training, test, *pair, kind, allowances) for pair, kind in sorted(_found(training, test, settings).items())
    ]
    kinds = Counter(leak["kind"] for leak in leaks)
    covered = [sum(_covers(allowance, leak["test"]) for leak in leaks) for allowance in allowances]
    return {
        "training": len(training.names),
        "test": len(test.names),
        "leaks": leaks,
        "kinds": {kind: kinds[kind] for kind in KINDS},
        "not_allowed": sum(leak["allowed"] is None for leak in leaks),
        "allowances": [{**vars(one), "leaks": count} for one, count in zip(allowances, covered, strict=True)],
        "repeated_captions": repeated_captions(training.captions, test.captions),
    }


def check(report: dict[str, Any], path: pathlib.Path) -> None:
    """Raises InputError naming the first leak of a report that no allowance covers; `path` is where the report lies."""
    leak = next((leak for leak in report["leaks"] if leak["allowed"] is None), None)
    if leak is not None:
        raise InputError(
            f"{path}: leaks that nothing allows: {report['not_allowed']}; first, training picture {leak['training']} is test "
            f"picture {leak['test']} ({leak['kind']}, {leak['bits']} bits and {leak['difference']} levels apart); take them out "
            f"of the training data, or name `{leak['test']}` or its set in the allowances, with the reason"
        )


def _found(training: Pictures, test: HeldOut, settings: DuplicateSettings) -> dict[tuple[int, int], str]:
    """The kind of every leak by its places (training, test)."""
    index = HashIndex(training.looks.hashes)
    ways = (
        _equal(training.identities, test.identities),
        _equal(training.digests, test.digests),
        _alike(index, training.looks, test.looks, settings),
        _alike(index, training.looks, test.mirrored, settings),
    )
    found: dict[tuple[int, int], str] = {}
    for kind, pairs in zip(KINDS, ways, strict=True):
        for pair in pairs:
            found.setdefault(pair, kind)
    return found


def _equal(training: Sequence[str | None], test: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    places = defaultdict(list)
    for place, key in enumerate(test):
        if key is not None:
            places[key].append(place)
    for place, key in enumerate(training):
        if key is not None:
            yield from ((place, other) for other in places.get(key, ()))


def _alike(index: HashIndex, training: Looks, test: Looks, settings: DuplicateSettings) -> Iterator[tuple[int, int]]:
    for proposed in index.within(test.hashes, settings.max_bits):
        pairs = proposed[:, ::-1]
        same = duplicates.confirmed(training, test, pairs, settings.max_cell_difference)
        yield from ((i, j) for i, j in pairs[same].tolist())


def _leak(
    training: Pictures, test: HeldOut, place: int, other: int, kind: str, allowances: Sequence[Allowance]
) -> dict[str, Any]:
    looks, name = test.mirrored if kind == "mirrored picture" else test.looks, test.names[other]
    cells = training.looks.cells[place].astype(int) - looks.cells[other]
    return {
        "training": training.names[place],
        "test": name,
        "kind": kind,
        "bits": int(np.bitwise_count(training.looks.hashes[place] ^ looks.hashes[other])),
        "difference": int(np.abs(cells).max()),
        "allowed": next((allowance.reason for allowance in allowances if _covers(allowance, name)), None),
    }


def _covers(allowance: Allowance, test: str) -> bool:
    return test == allowance.test or test.startswith(f"{allowance.test}/")


def repeated_captions(training: Sequence[str], test: Sequence[str]) -> int:
    """How many test captions are the words of a training caption: short true sentences repeat by themselves."""
    known = {text.normal_form(caption) for caption in training}
    return sum(text.normal_form(caption) in known for caption in test)
