"""Pairs to shards: every picture is decoded and resized once, and the frozen phase's views are drawn once."""

import concurrent.futures
import functools
import json
import multiprocessing
import pathlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8

from clip_italian import environment, files
from clip_italian.config import Settings
from clip_italian.data import augmentation, resizing, shards
from clip_italian.data.archive import Archive
from clip_italian.data.augmentation import AugmentationSettings
from clip_italian.data.images import ImageLimits, ImageRejected, decode
from clip_italian.data.resizing import Fit, Resize
from clip_italian.data.shards import Example
from clip_italian.data.sources import lines
from clip_italian.errors import InputError

BATCH = 512  # pictures in memory at a time
AUGMENTED = ("train", "english")  # sets that views are drawn of


class ImageSettings(Settings):
    """Section `images` of a profile."""

    seed: int  # of the augmented views
    limits: ImageLimits
    resize: Resize  # of the pictures that models learn from and are validated on; those of the tests are antialiased, as in 2021
    stored: int  # pixels along the sides of stored pictures that views are drawn of
    side: int  # pixels along the sides of what the models see, and of all other stored pictures
    views: int  # augmented views of each training picture for the frozen phase
    per_shard: int  # pictures in a shard
    workers: int  # processes that prepare pictures
    augmentation: AugmentationSettings


Located = tuple[str, str]  # (archive below raw, member)
T = TypeVar("T")


def read_pairs(path: pathlib.Path) -> tuple[list[Example], list[Located]]:
    """The examples of a file of pairs and where their pictures lie; raises InputError naming the damaged line."""
    examples, located = [], []
    for line_number, line in enumerate(lines(path), start=1):
        try:
            pair = json.loads(line)
            examples.append(Example(pair["id"], pair["source"], pair["captions"]))
            located.append((pair["archive"], pair["image"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}, line {line_number}: not a pair ({error!r}); delete it and run `dvc repro`"
            ) from None
    return examples, located


def read_test(folder: pathlib.Path) -> tuple[list[Example], list[Located]]:
    """The same for a test set, or for labelled pictures of the linear probes. A picture of a class has no captions."""
    described = folder / "captions.json"
    content = files.read_json(described if described.exists() else folder / "labels.json")
    captions: dict[int, list[str]] = {image["id"]: [] for image in content["images"]}
    for annotation in content.get("annotations", []):
        captions[annotation["image_id"]].append(annotation["caption"])
    examples = [
        Example(f"{folder.name}/{image['file_name']}", folder.name, captions[image["id"]])
        for image in content["images"]
    ]
    archive = f"{folder.parent.name}/{folder.name}/images.zip"
    return examples, [(archive, image["file_name"]) for image in content["images"]]


def write_clean(
    folder: pathlib.Path,
    raw: pathlib.Path,
    examples: list[Example],
    located: list[Located],
    side: int,
    fit: Fit,
    settings: ImageSettings,
) -> None:
    """Writes the pictures, `side` pixels along their sides, as a new folder of shards.

    Raises InputError naming a picture that is missing or cannot be decoded.
    """
    archives = {name: Archive(raw / name) for name in {archive for archive, _ in located}}

    def decoded(part: Sequence[Located]) -> UInt8[np.ndarray, "n side side 3"]:
        return np.stack([_decode(archives[archive], member, side, fit, settings.limits) for archive, member in part])

    shards.write_shards(folder, examples, map(decoded, _parts(located)), settings.per_shard)


def _decode(
    archive: Archive, member: str, side: int, fit: Fit, limits: ImageLimits
) -> UInt8[np.ndarray, "side side 3"]:
    try:
        return resizing.square(decode(archive.read(member), limits), side, fit)
    except (ImageRejected, KeyError) as reason:
        message = f"{archive.path}: member `{member}`: {reason}; delete the file and run `dvc repro`"
        raise InputError(message) from None


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def write_views(folder: pathlib.Path, clean: pathlib.Path, view_index: int, settings: ImageSettings) -> None:
    """Writes augmented view number `view_index` of every picture of the shards at `clean` as a new folder of shards."""
    pictures = shards.open_shards(clean)
    examples = [Example(*entry) for entry in zip(pictures.ids, pictures.sources, pictures.captions, strict=True)]
    numbers = np.array([shards.number(example_id) for example_id in pictures.ids], np.int64)
    draw = functools.partial(
        augmentation.views, seed=settings.seed, view_index=view_index, settings=settings.augmentation
    )
    parts = _parts(range(len(pictures)))
    batches = (draw(pictures.pixels(part), ids=numbers[part[0] : part[-1] + 1]) for part in parts)
    shards.write_shards(folder, examples, batches, settings.per_shard)


def prepare(folder: pathlib.Path, raw: pathlib.Path, pairs: pathlib.Path, settings: ImageSettings) -> dict[str, int]:
    """Writes all shards below `folder`, a new one; returns the number of pictures in each set.

    Raises InputError on damaged input, and when a process was killed from outside.
    """
    sets = {name: read_pairs(path) for name, path in files_of_pairs(raw, pairs).items()}
    sets |= {f"tests/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "test").glob("*/images.zip"))}
    sets |= {f"probe/{path.parent.name}": read_test(path.parent) for path in sorted((raw / "probe").glob("*/images.zip"))}
    # Spawned, not forked: the children are the stage's own and die with it.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(settings.workers, context, environment.die_with_parent) as pool:
        clean = [
            pool.submit(write_clean, folder / name, raw, *content, _side(name, settings), _fit(name, settings), settings)
            for name, content in sets.items()
        ]
        clean[0].result()  # the training pictures, which come first and which the views are views of
        views = [
            pool.submit(write_views, folder / "views" / str(k), folder / "train", k, settings)
            for k in range(settings.views)
        ]
        for job in (*clean, *views):
            job.result()
    return {name: len(examples) for name, (examples, _) in sets.items()}


def _side(name: str, settings: ImageSettings) -> int:
    """Pictures that are augmented keep pixels to spare; the others are stored as the models see them."""
    return settings.stored if name in AUGMENTED else settings.side


def _fit(name: str, settings: ImageSettings) -> Fit:
    """Of the two ways of 2021, the training's for all pairs, the evaluation's for the tests and for what probes learn from; all are
    cut as our models cut pictures.
    """
    fit = resizing.TRANSFORMERS
    return fit if name.startswith(("tests/", "probe/")) else fit.model_copy(update={"resize": settings.resize})


def files_of_pairs(raw: pathlib.Path, pairs: pathlib.Path) -> dict[str, pathlib.Path]:
    """The files of all pairs that models learn from, or are chosen by: the study's, and the English CLIP's."""
    return {"train": pairs / "train.jsonl", "valid": pairs / "valid.jsonl", "english": raw / "english/pairs.jsonl"}
