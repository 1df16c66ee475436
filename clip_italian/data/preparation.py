"""Pairs to shards: every picture is decoded and resized once, and the frozen phase's views are drawn once."""

import contextlib
import dataclasses
import functools
import json
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from clip_italian import files
from clip_italian.data import workers
from clip_italian.data.images import augmentation, resizing, shards
from clip_italian.data.images.images import ImageRejected, decode
from clip_italian.data.images.resizing import Fit
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.images.shards import Example, ShardWriter
from clip_italian.data.sources import own
from clip_italian.data.sources.pictures import opened
from clip_italian.data.sources.rows import lines
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

BATCH = 512  # pictures in a process's memory at a time: 100 MB of them, and as much of views, at 256 pixels
AUGMENTED = ("train", "english")  # sets that views are drawn of


Located = tuple[pathlib.Path, str]  # (archive, member)
Described = tuple[Example, Located]


@dataclasses.dataclass(frozen=True)
class Job:
    """What all shards have in common."""

    out: pathlib.Path  # a folder for each set
    done: pathlib.Path  # a file for each finished shard, with its entries of the indices
    settings: ImageSettings
    fits: Mapping[str, Fit]  # how the images of each set become squares


@dataclasses.dataclass(frozen=True)
class Shard:
    """The pictures that one process makes one shard of."""

    set: str
    place: int
    pictures: tuple[Described, ...]

    def __str__(self) -> str:
        return f"{self.set}, shard {self.place}"


def training_pairs(raw: pathlib.Path, pairs: pathlib.Path) -> dict[str, Iterator[Described]]:
    """All pairs that models learn from, or are chosen by, by set: the study's, and the English CLIP's."""
    study = {name: read_pairs(pairs / f"{name}.jsonl", functools.partial(own.place, raw)) for name in ("train", "valid")}
    return study | {"english": read_pairs(raw / "english/pairs.jsonl", raw.joinpath)}


def read_pairs(path: pathlib.Path, place: Callable[[str], pathlib.Path]) -> Iterator[Described]:
    """The examples of a file of pairs with the archives and members of their images; `place` gives the path of an archive.

    Raises InputError naming a damaged line.
    """
    for line_number, line in enumerate(lines(path), start=1):
        try:
            pair = json.loads(line)
            yield Example(pair["id"], pair["source"], pair["captions"]), (place(pair["archive"]), pair["image"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {line_number}: not a pair ({error!r}); delete it and run `dvc repro`") from None


def read_test(folder: pathlib.Path) -> Iterator[Described]:
    """The same for a test set, or for labelled pictures of the linear probes. A picture of a class has no captions."""
    described = folder / "captions.json"
    content = files.read_json(described if described.exists() else folder / "labels.json")
    captions: dict[int, list[str]] = {image["id"]: [] for image in content["images"]}
    for annotation in content.get("annotations", []):
        captions[annotation["image_id"]].append(annotation["caption"])
    for image in content["images"]:
        name = image["file_name"]
        yield Example(f"{folder.name}/{name}", folder.name, captions[image["id"]]), (folder / "images.zip", name)


def prepare(
    out: pathlib.Path, raw: pathlib.Path, pairs: pathlib.Path, done: pathlib.Path, settings: ImageSettings, where: WorkersSettings
) -> dict[str, int]:
    """Writes all shards below `out`; returns the number of pictures in each set.

    A shard that `done` says is finished is not made again. The bytes depend neither on that nor on the workers. Raises InputError
    naming a picture that is missing or cannot be decoded.
    """
    sets = training_pairs(raw, pairs)
    sets |= {f"tests/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "test").glob("*/images.zip"))}
    sets |= {f"probe/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "probe").glob("*/images.zip"))}
    written: dict[str, list[dict[str, Any]]] = {name: [] for name in (*sets, *_views(settings))}
    job = Job(out, done, settings, {name: _fit(raw, name, settings) for name in sets})
    made = workers.map(functools.partial(make_shard, job), _shards(sets, settings), where)
    for entries in tqdm(made, "augment", unit=" shards", disable=not sys.stderr.isatty()):
        for name, entry in entries.items():
            written[name].append(entry)
    for name, entries in written.items():
        shards.write_index(out / name, entries, settings.per_shard)
    return {name: sum(entry["pictures"] for entry in written[name]) for name in sets}


def _views(settings: ImageSettings) -> list[str]:
    return [f"views/{view}" for view in range(settings.views)]


def _shards(sets: Mapping[str, Iterable[Described]], settings: ImageSettings) -> Iterator[Shard]:
    for name, pictures in sets.items():
        for place, part in enumerate(workers.parts(pictures, settings.per_shard)):
            yield Shard(name, place, part)


def make_shard(job: Job, shard: Shard) -> dict[str, Any]:
    """Writes a shard, and the views of its pictures if it is one of training pictures; returns the indices' entries by folder."""
    record = job.done / f"{shard.set}-{shard.place:05d}.json"
    if record.exists() and _is_there(job.out, entries := files.read_json(record)):
        return entries
    entries = _made(job, shard)
    files.write_json(record, entries)
    return entries


def _is_there(out: pathlib.Path, entries: Mapping[str, Any]) -> bool:
    """Whether a shard that was finished still lies where it was: a kill may have come after the folder was handed on."""
    return all((out / name / entry[kind]).exists() for name, entry in entries.items() for kind in ("file", "examples"))


def _made(job: Job, shard: Shard) -> dict[str, Any]:
    settings, examples = job.settings, [example for example, _ in shard.pictures]
    names = [shard.set, *(_views(settings) if shard.set == "train" else [])]
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(ShardWriter(job.out / name, shard.place, examples)) for name in names]
        for part in workers.parts(shard.pictures, BATCH):
            clean = np.stack([_decode(job, shard.set, *located) for _, located in part])
            writers[0].write(clean)
            numbers = np.array([shards.number(example.id) for example, _ in part], np.int64)
            for view, writer in enumerate(writers[1:]):
                chosen = settings.augmentations[settings.views_of]
                writer.write(augmentation.views(clean, settings.side, settings.seed, numbers, view, chosen))
    return {name: writer.entry() for name, writer in zip(names, writers, strict=True)}


def _decode(job: Job, name: str, archive: pathlib.Path, member: str) -> UInt8[np.ndarray, "side side 3"]:
    content = opened(archive)
    try:
        side, fit = _side(name, job.settings), job.fits[name]
        pixels = decode(content.read(member), job.settings.limits, resizing.least(side, fit))
    except (ImageRejected, KeyError) as reason:
        message = f"{content.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
        raise InputError(message) from None
    return resizing.square(pixels, side, fit)


def _side(name: str, settings: ImageSettings) -> int:
    """Pictures that are augmented keep pixels to spare; the others are stored as the models see them."""
    return settings.stored if name in AUGMENTED else settings.side


def _fit(raw: pathlib.Path, name: str, settings: ImageSettings) -> Fit:
    """How the images of a set become squares: of the two ways of 2021, the training's for all pairs, the evaluation's for the tests
    and for what probes learn from. They are cut as our models cut images, or as the protocol of a published test set says.
    """
    fit = resizing.TRANSFORMERS
    kind, _, test_set = name.partition("/")
    if kind not in ("tests", "probe"):
        return fit.model_copy(update={"resize": settings.resize})
    protocol = raw / ("test" if kind == "tests" else kind) / test_set / "protocol.json"
    margin = files.read_json(protocol)["margin"] if protocol.exists() else None
    return fit.model_copy(update={"margin": margin or fit.margin})
