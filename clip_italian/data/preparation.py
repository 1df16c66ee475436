"""Writes shards of decoded and resized images, and of the augmented views for the frozen phase."""

import contextlib
import dataclasses
import functools
import json
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping
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
from clip_italian.data.sources.image_index import opened
from clip_italian.data.sources.rows import lines
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError

BATCH = 512  # images in a process's memory at a time: 100 MB, and as much for a view, at 256 pixels
AUGMENTED = ("train", "english")  # sets whose images are augmented in training

Member = tuple[pathlib.Path, str]  # an archive, and the name of a file in it
LocatedExample = tuple[Example, Member]


@dataclasses.dataclass(frozen=True)
class Job:
    """The folders and settings that all shards share."""

    out: pathlib.Path  # a folder for each set
    done: pathlib.Path  # has a file for each finished shard, with its entries for the indices
    settings: ImageSettings
    fits: Mapping[str, Fit]  # how the images of each set are made square


@dataclasses.dataclass(frozen=True)
class Shard:
    """The examples of a shard, which one worker writes."""

    set: str
    number: int
    examples: tuple[LocatedExample, ...]

    def __str__(self) -> str:
        return f"{self.set}, shard {self.number}"


def training_pairs(raw: pathlib.Path, pairs: pathlib.Path) -> dict[str, Iterator[LocatedExample]]:
    """Returns the training and validation pairs of the study and the training pairs of the English CLIP, by set."""
    study = {name: read_pairs(pairs / f"{name}.jsonl", functools.partial(own.path_of, raw)) for name in ("train", "valid")}
    return study | {"english": read_pairs(raw / "english/pairs.jsonl", raw.joinpath)}


def read_pairs(path: pathlib.Path, archive_path: Callable[[str], pathlib.Path]) -> Iterator[LocatedExample]:
    """Yields the examples of a file of pairs, each with its archive and member; `archive_path` maps an archive's name to its path.

    Raises InputError naming a damaged line.
    """
    for line_number, line in enumerate(lines(path), start=1):
        try:
            pair = json.loads(line)
            yield Example(pair["id"], pair["source"], pair["captions"]), (archive_path(pair["archive"]), pair["image"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {line_number}: not a pair ({error!r}); delete it and run `dvc repro`") from None


def read_test(folder: pathlib.Path) -> Iterator[LocatedExample]:
    """Yields the examples of a test set, or the labelled images for linear probes, which have no captions."""
    path = folder / "captions.json"
    content = files.read_json(path if path.exists() else folder / "labels.json")
    captions: dict[int, list[str]] = {image["id"]: [] for image in content["images"]}
    for annotation in content.get("annotations", []):
        captions[annotation["image_id"]].append(annotation["caption"])
    for image in content["images"]:
        name = image["file_name"]
        yield Example(f"{folder.name}/{name}", folder.name, captions[image["id"]]), (folder / "images.zip", name)


def prepare(
    out: pathlib.Path, raw: pathlib.Path, pairs: pathlib.Path, done: pathlib.Path, settings: ImageSettings, where: WorkersSettings
) -> dict[str, int]:
    """Writes all shards below `out`; returns the number of images in each set.

    Shards recorded in `done` are not written again; neither `done` nor the workers change the bytes. Raises InputError naming an
    image that is missing or cannot be decoded.
    """
    sets = training_pairs(raw, pairs)
    sets |= {f"tests/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "test").glob("*/images.zip"))}
    sets |= {f"probe/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "probe").glob("*/images.zip"))}
    written: dict[str, list[dict[str, Any]]] = {name: [] for name in (*sets, *_views(settings))}
    job = Job(out, done, settings, {name: _fit(raw, name, settings) for name in sets})
    numbered = ((name, *one) for name, examples in sets.items() for one in enumerate(workers.parts(examples, settings.per_shard)))
    made = workers.map(functools.partial(make_shard, job), (Shard(*one) for one in numbered), where)
    for entries in tqdm(made, "augment", unit=" shards", disable=not sys.stderr.isatty()):
        for name, entry in entries.items():
            written[name].append(entry)
    for name, entries in written.items():
        shards.write_index(out / name, entries, settings.per_shard)
    return {name: sum(entry["pictures"] for entry in written[name]) for name in sets}


def _views(settings: ImageSettings) -> list[str]:
    return [f"views/{view}" for view in range(settings.views)]


def make_shard(job: Job, shard: Shard) -> dict[str, Any]:
    """Writes a shard, and its views if it is of set `train`; returns its entry in the index of each folder."""
    record = job.done / f"{shard.set}-{shard.number:05d}.json"
    if record.exists():
        entries = files.read_json(record)
        # Files are missing if the process was killed after the folder was moved.
        if all((job.out / name / entry[kind]).exists() for name, entry in entries.items() for kind in ("file", "examples")):
            return entries
    entries = _made(job, shard)
    files.write_json(record, entries)
    return entries


def _made(job: Job, shard: Shard) -> dict[str, Any]:
    settings, examples = job.settings, [example for example, _ in shard.examples]
    names = [shard.set, *(_views(settings) if shard.set == "train" else [])]
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(ShardWriter(job.out / name, shard.number, examples)) for name in names]
        for part in workers.parts(shard.examples, BATCH):
            clean = np.stack([_decode(job, shard.set, *member) for _, member in part])
            writers[0].write(clean)
            numbers = np.array([shards.number(example.id) for example, _ in part], np.int64)
            for view, writer in enumerate(writers[1:]):
                chosen = settings.augmentations[settings.views_of]
                writer.write(augmentation.views(clean, settings.side, settings.seed, numbers, view, chosen))
    return {name: writer.entry() for name, writer in zip(names, writers, strict=True)}


def _decode(job: Job, name: str, archive: pathlib.Path, member: str) -> UInt8[np.ndarray, "side side 3"]:
    content = opened(archive)
    try:
        # Images that are augmented keep pixels for crops; others have the size of the models' input.
        side, fit = job.settings.stored if name in AUGMENTED else job.settings.side, job.fits[name]
        pixels = decode(content.read(member), job.settings.limits, resizing.least(side, fit))
    except ImageRejected as reason:
        message = f"{content.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
        raise InputError(message) from None
    return resizing.square(pixels, side, fit)


def _fit(raw: pathlib.Path, name: str, settings: ImageSettings) -> Fit:
    """Returns how the images of a set are resized and cropped.

    Training pairs are resized as in CLIP-Italian's training of 2021, tests and probes as in its evaluation. Images are cropped as
    by our models, or as the protocol of a published test set states.
    """
    fit = resizing.TRANSFORMERS
    kind, _, test_set = name.partition("/")
    if kind not in ("tests", "probe"):
        return fit.model_copy(update={"resize": settings.resize})
    protocol = raw / ("test" if kind == "tests" else kind) / test_set / "protocol.json"
    margin = files.read_json(protocol)["margin"] if protocol.exists() else None
    return fit.model_copy(update={"margin": margin or fit.margin})
