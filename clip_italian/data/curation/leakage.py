"""The leakage audit: finds test images among the training images.

A training image leaks a test image if the two have the same identity (`audited.identity`), the same file (SHA-256), or the same
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
         "repeated_captions": test captions that equal training captions, ignoring case and punctuation; not a fault}},
     "allowances": [{"test": name, "reason": reason, "leaks": leaks covered}]}

`bits` (of 64) is the number of differing bits of the two hashes, and `difference` (of 255) is the largest difference of any cell.
For a mirrored leak they are those of the mirror image. A pair that leaks in several ways is listed once, under the first of KINDS.
`nearest` is the pair with the smallest difference among those that hashes propose and pixels do not confirm, which shows the margin
between copies and different images.
"""

import collections
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pydantic

from clip_italian.config import Settings
from clip_italian.data import preparation
from clip_italian.data.curation import audited, duplicates, text
from clip_italian.data.curation.audited import AuditedImages
from clip_italian.data.curation.duplicates import DuplicateSettings
from clip_italian.data.curation.hash_index import HashIndex
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.preparation import LocatedExample
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

KINDS = ID, CONTENT, ALIKE, MIRRORED = ("id", "content", "picture", "mirrored picture")  # of leaks, the surest first


class Allowance(Settings):
    """A known leak that does not stop the study."""

    test: str = pydantic.Field(min_length=1)  # a test set, or one of its images as `set/image`
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
    tests: Mapping[str, AuditedImages],
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

    def __init__(self, test: AuditedImages, settings: DuplicateSettings, allowances: Sequence[Allowance]) -> None:
        self._test, self._settings, self._allowances = test, settings, allowances
        self._looks = {ALIKE: test.looks, MIRRORED: test.mirrored}
        self._hash_indices = {kind: HashIndex(looks.hashes) for kind, looks in self._looks.items()}
        self._by_identity, self._by_digest = _indices(test.identities), _indices(test.digests)
        self._repeated = set[str]()
        self._leaks: list[dict[str, Any]] = []
        self._nearest: dict[str, Any] | None = None

    def add(self, part: AuditedImages) -> None:
        """Compares a part of the training images with the test set."""
        proposed = [(kind, *pair) for kind in self._looks for pair in self._proposed(part, kind)]
        ways = [(ID, pair) for pair in _equal(part.identities, self._by_identity)]
        ways += [(CONTENT, pair) for pair in _equal(part.digests, self._by_digest)]
        ways += [(kind, (row, other)) for kind, row, other, apart in proposed if apart <= self._settings.max_cell_difference]
        found = {pair: kind for kind, pair in reversed(ways)}  # the surest kind is assigned last
        self._leaks += [self._leak(part, *pair, kind) for pair, kind in sorted(found.items())]
        self._update_nearest(part, [pair for pair in proposed if pair[1:3] not in found])
        self._repeated |= self._test.normal_captions & part.normal_captions

    def _proposed(self, part: AuditedImages, kind: str) -> Iterator[tuple[int, int, int]]:
        """Yields (training index, test index, difference) of all pairs whose hashes differ in at most `max_bits` bits."""
        for pairs in self._hash_indices[kind].within(part.looks.hashes, self._settings.max_bits):
            differences = duplicates.differences(part.looks, self._looks[kind], pairs)
            for pair, difference in zip(pairs.tolist(), differences.tolist(), strict=True):
                yield *pair, difference

    def _leak(self, part: AuditedImages, row: int, other: int, kind: str) -> dict[str, Any]:
        looks, name = self._looks.get(kind, self._test.looks), self._test.names[other]
        return {
            "training": part.names[row],
            "test": name,
            "kind": kind,
            "bits": int(np.bitwise_count(part.looks.hashes[row] ^ looks.hashes[other])),
            "difference": int(duplicates.differences(part.looks, looks, np.array([[row, other]]))[0]),
            "allowed": next((allowance.reason for allowance in self._allowances if _covers(allowance, name)), None),
        }

    def _update_nearest(self, part: AuditedImages, others: Sequence[tuple[str, int, int, int]]) -> None:
        """Updates the nearest pair that is no leak; of equally near pairs the first is kept."""
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


def _indices(keys: Sequence[str | None]) -> Mapping[str | None, Sequence[int]]:
    """The indices of each key; images without a key are left out."""
    indices: dict[str | None, list[int]] = collections.defaultdict(list)
    for i, key in enumerate(keys):
        if key is not None:
            indices[key].append(i)
    return indices


def _equal(keys: Sequence[str | None], test: Mapping[str | None, Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Yields (training index, test index) of all images with the same key."""
    return ((row, other) for row, key in enumerate(keys) for other in test.get(key, ()))


def check(report: Mapping[str, Any], path: pathlib.Path) -> None:
    """Raises InputError naming the first leak of a report that no allowance covers; `path` is where the report lies."""
    unexplained = [leak for one in report["tests"].values() for leak in one["leaks"] if leak["allowed"] is None]
    if unexplained:
        first = unexplained[0]
        raise InputError(
            f"{path}: leaks that nothing allows: {len(unexplained)}; first, training image {first['training']} is test "
            f"image {first['test']} ({first['kind']}, {first['bits']} bits and {first['difference']} levels apart); take them "
            f"out of the training data (pairs by their ids in the profile's `curate.left_out`), or name `{first['test']}` or its "
            "set in `audit.allowances`, with the reason"
        )


def _covers(allowance: Allowance, test: str) -> bool:
    return test == allowance.test or test.startswith(f"{allowance.test}/")
