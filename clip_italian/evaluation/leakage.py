"""Which test pictures a model has trained on: asked before any number is believed.

A training picture leaks a test picture when it has the same identity (`audited.identity`), the same file (SHA-256), or shows the
same, as it is or mirrored, whatever its size and encoding. What shows the same is proposed by perceptual hashes and confirmed by
an aligned comparison of pixels (clip_italian/data/duplicates.py), since hashes alone mix up small drawn scenes. Pictures that
were cropped or turned need not be found. A leak may pass by name and for a reason only.

The report:

    {"duplicates": {"max_bits": b, "max_cell_difference": d},
     "training": {file of pairs: pictures},
     "tests": {test set: {
         "pictures": n, "captions": n,
         "leaks": [{"training": name, "test": name, "kind": one of KINDS, "bits": b, "difference": d, "allowed": reason or null}],
         "kinds": {kind: leaks},
         "not_allowed": leaks that no allowance covers,
         "nearest": {"training": name, "test": name, "difference": d} or null,
         "repeated_captions": test captions that are training captions too, but for case and punctuation; never a fault}},
     "allowances": [{"test": name, "reason": reason, "leaks": leaks covered}]}

`bits` (of 64) is the distance of the two hashes and `difference` (of 255) the largest of any cell; of a mirrored leak, after
mirroring. A pair that leaks in several ways is listed once, under the first of KINDS. `nearest` are the two pictures that differ
least of those that the hashes propose and the pixels do not confirm: how much room there is between copies and strangers.
"""

import concurrent.futures
import multiprocessing
import pathlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np
import pydantic

from clip_italian import environment
from clip_italian.config import Settings
from clip_italian.data import duplicates, preparation, text
from clip_italian.data.duplicates import DuplicateSettings, Looks
from clip_italian.data.preparation import ImageSettings, Located
from clip_italian.data.shards import Example
from clip_italian.errors import InputError
from clip_italian.evaluation import audited
from clip_italian.evaluation.audited import HeldOut, Pictures

KINDS = ("id", "content", "picture", "mirrored picture")  # how sure a leak is, the surest first

Alike = tuple[str, int, int, int]  # kind, place in training, place in the test set, difference


class Allowance(Settings):
    """A leak that is known and let pass."""

    test: str = pydantic.Field(min_length=1)  # a test set, or one picture of it as `set/picture`
    reason: str = pydantic.Field(min_length=1)  # printed in the report and in the paper


class AuditSettings(Settings):
    """Section `audit` of a profile."""

    allowances: list[Allowance]


def compare(
    raw: pathlib.Path,
    pairs: pathlib.Path,
    images: ImageSettings,
    settings: DuplicateSettings,
    allowances: Sequence[Allowance],
) -> dict[str, Any]:
    """Reads every training picture and every test set below `raw`; returns the report.

    Raises InputError naming a picture that is missing or cannot be decoded, and when a process was killed from outside.
    """
    # Spawned, not forked: the children are the stage's own and die with it.
    context = multiprocessing.get_context("spawn")
    try:
        with concurrent.futures.ProcessPoolExecutor(images.workers, context, environment.die_with_parent) as pool:
            files = preparation.files_of_pairs(raw, pairs)
            learnt = {name: preparation.read_pairs(path) for name, path in files.items()} | _sets(raw / "probe")
            training = {name: audited.read(raw, *content, images.limits, pool) for name, content in learnt.items()}
            tests = {name: audited.read_held_out(raw, *one, images.limits, pool) for name, one in _sets(raw / "test").items()}
    except BrokenProcessPool:
        raise InputError("a process that reads pictures was killed, perhaps for lack of memory; lower `images.workers`") from None
    return report(training, tests, settings, allowances)


def _sets(folder: pathlib.Path) -> dict[str, tuple[list[Example], list[Located]]]:
    """What the folders of labelled or described pictures below `folder` hold, by their names."""
    return {path.parent.name: preparation.read_test(path.parent) for path in sorted(folder.glob("*/images.zip"))}


def report(
    training: Mapping[str, Pictures],
    tests: Mapping[str, HeldOut],
    settings: DuplicateSettings,
    allowances: Sequence[Allowance],
) -> dict[str, Any]:
    """Every training picture against every test picture; the module's docstring has the keys."""
    everything = audited.joined(list(training.values()))
    found = {name: audit(everything, test, settings, allowances) for name, test in tests.items()}
    leaks = [leak for one in found.values() for leak in one["leaks"]]
    covered = [sum(_covers(allowance, leak["test"]) for leak in leaks) for allowance in allowances]
    return {
        "duplicates": settings.model_dump(),
        "training": {name: len(pictures.names) for name, pictures in training.items()},
        "tests": found,
        "allowances": [{**vars(one), "leaks": count} for one, count in zip(allowances, covered, strict=True)],
    }


def audit(
    training: Pictures, test: HeldOut, settings: DuplicateSettings, allowances: Sequence[Allowance] = ()
) -> dict[str, Any]:
    """Returns the report of one test set."""
    alike = [(kind, *pair) for kind, looks in _seen_as(test) for pair in _proposed(training, looks, settings.max_bits)]
    found = _found(training, test, [pair for pair in alike if pair[-1] <= settings.max_cell_difference])
    leaks = [_leak(training, test, *pair, kind, allowances) for pair, kind in sorted(found.items())]
    kinds = Counter(leak["kind"] for leak in leaks)
    return {
        "pictures": len(test.names),
        "captions": len(test.captions),
        "leaks": leaks,
        "kinds": {kind: kinds[kind] for kind in KINDS},
        "not_allowed": sum(leak["allowed"] is None for leak in leaks),
        "nearest": _nearest(training, test, [pair for pair in alike if pair[1:3] not in found]),
        "repeated_captions": sum(text.normal_form(caption) in training.sayings for caption in test.captions),
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


def _found(training: Pictures, test: HeldOut, same: Sequence[Alike]) -> dict[tuple[int, int], str]:
    """The kind of every leak by its places (training, test)."""
    ways = [("id", pair) for pair in _equal(training.identities, test.identities)]
    ways += [("content", pair) for pair in _equal(training.digests, test.digests)]
    ways += [(kind, (place, other)) for kind, place, other, _ in same]
    return {pair: kind for kind, pair in reversed(ways)}  # the surest comes last and stays


def _equal(training: Sequence[str | None], test: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    places = defaultdict(list)
    for place, key in enumerate(test):
        if key is not None:
            places[key].append(place)
    for place, key in enumerate(training):
        if key is not None:
            yield from ((place, other) for other in places.get(key, ()))


def _seen_as(test: HeldOut) -> tuple[tuple[str, Looks], tuple[str, Looks]]:
    """What a training picture may look like to leak a test picture, by the kind of the leak."""
    return ("picture", test.looks), ("mirrored picture", test.mirrored)


def _proposed(training: Pictures, test: Looks, max_bits: int) -> Iterator[tuple[int, int, int]]:
    """(place in training, place in the test set, difference) of all pictures whose hashes are within `max_bits`."""
    for proposed in training.index.within(test.hashes, max_bits):
        pairs = proposed[:, ::-1]
        for pair, difference in zip(pairs.tolist(), duplicates.differences(training.looks, test, pairs).tolist(), strict=True):
            yield *pair, difference


def _nearest(training: Pictures, test: HeldOut, strangers: Sequence[Alike]) -> dict[str, Any] | None:
    if not strangers:
        return None
    _, place, other, difference = min(strangers, key=lambda pair: (pair[-1], *pair[1:3]))
    return {"training": training.names[place], "test": test.names[other], "difference": difference}


def _leak(
    training: Pictures, test: HeldOut, place: int, other: int, kind: str, allowances: Sequence[Allowance]
) -> dict[str, Any]:
    looks, name = dict(_seen_as(test)).get(kind, test.looks), test.names[other]
    return {
        "training": training.names[place],
        "test": name,
        "kind": kind,
        "bits": int(np.bitwise_count(training.looks.hashes[place] ^ looks.hashes[other])),
        "difference": int(duplicates.differences(training.looks, looks, np.array([[place, other]]))[0]),
        "allowed": next((allowance.reason for allowance in allowances if _covers(allowance, name)), None),
    }


def _covers(allowance: Allowance, test: str) -> bool:
    return test == allowance.test or test.startswith(f"{allowance.test}/")
