"""The leakage audit: finds test images among the training images.

A training image leaks a test image when the two have the same identity (`audited.identity`), the same file (SHA-256), or the same
content, mirrored or not, at any size and in any encoding. Perceptual hashes propose pairs of the same content, and an aligned
comparison of pixels confirms them (duplicates.py), since hashes alone confuse small drawn scenes. Copies without colours are
found; rotated or cropped copies may be missed. A leak is allowed only by name and with a reason.

The report:

    {"duplicates": {"max_bits": b, "max_cell_difference": d},
     "training": {file of pairs: images},
     "tests": {test set: {
         "pictures": n, "captions": n,
         "leaks": [{"training": name, "test": name, "kind": one of KINDS, "bits": b, "difference": d, "allowed": reason or null}],
         "kinds": {kind: leaks},
         "not_allowed": leaks that no allowance covers,
         "nearest": {"training": name, "test": name, "difference": d} or null,
         "repeated_captions": test captions that are training captions too, but for case and punctuation; never a fault}},
     "allowances": [{"test": name, "reason": reason, "leaks": leaks covered}]}

`bits` (of 64) is the distance of the two hashes and `difference` (of 255) the largest of any cell; of a mirrored leak, after
mirroring. A pair that leaks in several ways is listed once, under the first of KINDS. `nearest` is the pair with the smallest
difference among those that hashes propose and pixels do not confirm: the margin between copies and different images.
"""

import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pydantic

from clip_italian.config import Settings
from clip_italian.data import preparation
from clip_italian.data.curation import audited, duplicates, text
from clip_italian.data.curation.audited import AuditedImages, HeldOut
from clip_italian.data.curation.duplicates import DuplicateSettings, Looks
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.preparation import LocatedExample
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

MIRRORED = "mirrored picture"
ALIKE = ("picture", MIRRORED)
KINDS = ("id", "content", *ALIKE)  # how sure a leak is, the surest first

Alike = tuple[str, int, int, int]  # kind, training index, test index, difference


class Allowance(Settings):
    """A leak that is known and let pass."""

    test: str = pydantic.Field(min_length=1)  # a test set, or one image of it as `set/picture`
    reason: str = pydantic.Field(min_length=1)  # printed in the report and in the paper


class AuditSettings(Settings):
    """Section `audit` of a profile."""

    allowances: list[Allowance]


def compare(
    raw: pathlib.Path,
    pairs: pathlib.Path,
    limits: ImageLimits,
    settings: DuplicateSettings,
    allowances: Sequence[Allowance],
    where: WorkersSettings,
) -> dict[str, Any]:
    """Compares all training images with all test sets below `raw`; returns the report.

    Raises InputError naming an image that is missing or cannot be decoded.
    """
    tests = audited.read_held_out(_sets(raw / "test"), limits, where)
    training = preparation.training_pairs(raw, pairs) | _sets(raw / "probe")
    return report(list(training), audited.read(training, limits, where), tests, settings, allowances)


def _sets(folder: pathlib.Path) -> dict[str, Iterator[LocatedExample]]:
    """Returns the examples of each folder of labelled or captioned images below `folder`, by folder name."""
    return {path.parent.name: preparation.read_test(path.parent) for path in sorted(folder.glob("*/images.zip"))}


def report(
    names: Sequence[str],
    training: Iterable[tuple[str, AuditedImages]],
    tests: Mapping[str, HeldOut],
    settings: DuplicateSettings,
    allowances: Sequence[Allowance],
) -> dict[str, Any]:
    """Returns the report on all training images against all test images; the module's docstring has the keys.

    `training` yields (set's name, images): the sets `names` in parts. One part is in memory at a time.
    """
    audits = {name: Audit(test, settings, allowances) for name, test in tests.items()}
    counts = dict.fromkeys(names, 0)
    for name, part in training:
        for audit in audits.values():
            audit.add(part)
        counts[name] += len(part.names)
    found = {name: audit.report() for name, audit in audits.items()}
    leaks = [leak for one in found.values() for leak in one["leaks"]]
    covered = [sum(_covers(allowance, leak["test"]) for leak in leaks) for allowance in allowances]
    return {
        "duplicates": settings.model_dump(),
        "training": counts,
        "tests": found,
        "allowances": [{**vars(one), "leaks": count} for one, count in zip(allowances, covered, strict=True)],
    }


class Audit:
    """The leaks of one test set, collected over parts of the training images."""

    def __init__(self, test: HeldOut, settings: DuplicateSettings, allowances: Sequence[Allowance]) -> None:
        self._test, self._settings, self._allowances = test, settings, allowances
        self._normal_captions = frozenset(map(text.normal_form, test.captions))
        self._repeated = set[str]()
        self._leaks: list[dict[str, Any]] = []
        self._nearest: dict[str, Any] | None = None

    def add(self, part: AuditedImages) -> None:
        """Compares a part of the training images with the test set."""
        alike = [(kind, *pair) for kind in ALIKE for pair in _proposed(part, self._test, kind, self._settings.max_bits)]
        found = _found(part, self._test, [pair for pair in alike if pair[-1] <= self._settings.max_cell_difference])
        self._leaks += [_leak(part, self._test, *pair, kind, self._allowances) for pair, kind in sorted(found.items())]
        self._update_nearest(part, [pair for pair in alike if pair[1:3] not in found])
        self._repeated |= self._normal_captions & part.normal_captions

    def _update_nearest(self, part: AuditedImages, others: Sequence[Alike]) -> None:
        """Updates the nearest pair that is no leak; of equally near pairs the first stays."""
        if others:
            _, row, other, difference = min(others, key=lambda pair: (pair[-1], *pair[1:3]))
            if self._nearest is None or difference < self._nearest["difference"]:
                names = {"training": part.names[row], "test": self._test.names[other]}
                self._nearest = {**names, "difference": difference}

    def report(self) -> dict[str, Any]:
        """Returns the test set's part of the report."""
        kinds = Counter(leak["kind"] for leak in self._leaks)
        return {
            "pictures": len(self._test.names),
            "captions": len(self._test.captions),
            "leaks": self._leaks,
            "kinds": {kind: kinds[kind] for kind in KINDS},
            "not_allowed": sum(leak["allowed"] is None for leak in self._leaks),
            "nearest": self._nearest,
            "repeated_captions": sum(text.normal_form(caption) in self._repeated for caption in self._test.captions),
        }


def check(report: Mapping[str, Any], path: pathlib.Path) -> None:
    """Raises InputError naming the first leak of a report that no allowance covers; `path` is where the report lies."""
    unexplained = [leak for one in report["tests"].values() for leak in one["leaks"] if leak["allowed"] is None]
    if unexplained:
        first = unexplained[0]
        raise InputError(
            f"{path}: leaks that nothing allows: {len(unexplained)}; first, training picture {first['training']} is test "
            f"picture {first['test']} ({first['kind']}, {first['bits']} bits and {first['difference']} levels apart); take them "
            f"out of the training data (pairs by their ids in the profile's `curate.left_out`), or name `{first['test']}` or its "
            "set in `audit.allowances`, with the reason"
        )


def _found(training: AuditedImages, test: HeldOut, same: Sequence[Alike]) -> dict[tuple[int, int], str]:
    """Returns the kind of every leak by its pair of indices (training, test)."""
    ways = [("id", pair) for pair in _equal(training.identities, test.by_identity)]
    ways += [("content", pair) for pair in _equal(training.digests, test.by_digest)]
    ways += [(kind, (row, other)) for kind, row, other, _ in same]
    return {pair: kind for kind, pair in reversed(ways)}  # the surest comes last and stays


def _equal(training: Sequence[str | None], test: Mapping[str, Sequence[int]]) -> Iterator[tuple[int, int]]:
    for row, key in enumerate(training):
        if key is not None:
            yield from ((row, other) for other in test.get(key, ()))


def _seen_as(test: HeldOut, kind: str) -> Looks:
    """Returns the test images' looks that training images are compared with for a kind of leak."""
    return test.mirrored if kind == MIRRORED else test.looks


def _proposed(training: AuditedImages, test: HeldOut, kind: str, max_bits: int) -> Iterator[tuple[int, int, int]]:
    """Yields (training index, test index, difference) of all pairs whose hashes are within `max_bits`."""
    index = test.mirrored_index if kind == MIRRORED else test.index
    for pairs in index.within(training.looks.hashes, max_bits):
        differences = duplicates.differences(training.looks, _seen_as(test, kind), pairs)
        for pair, difference in zip(pairs.tolist(), differences.tolist(), strict=True):
            yield *pair, difference


def _leak(
    training: AuditedImages, test: HeldOut, row: int, other: int, kind: str, allowances: Sequence[Allowance]
) -> dict[str, Any]:
    looks, name = _seen_as(test, kind), test.names[other]
    return {
        "training": training.names[row],
        "test": name,
        "kind": kind,
        "bits": int(np.bitwise_count(training.looks.hashes[row] ^ looks.hashes[other])),
        "difference": int(duplicates.differences(training.looks, looks, np.array([[row, other]]))[0]),
        "allowed": next((allowance.reason for allowance in allowances if _covers(allowance, name)), None),
    }


def _covers(allowance: Allowance, test: str) -> bool:
    return test == allowance.test or test.startswith(f"{allowance.test}/")
