"""Prepares pairs as shards: decodes and resizes every image once; images that cannot be read are reported and left out."""

import dataclasses
import hashlib
import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import tqdm

from clip_italian import files
from clip_italian.checkpoints import loading, tokenisers
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.data.images import images, opening, resizing, shards
from clip_italian.data.images.images import ImageRejected, Pixels
from clip_italian.data.images.resizing import Fit
from clip_italian.data.images.shards import Example, ShardWriter
from clip_italian.errors import InputError
from clip_italian.models.vit import ViTSettings
from clip_italian.use.finetuning.tables import Pair

BLOCK = 64  # images decoded at a time
PER_SHARD = 512  # images in memory at a time: 100 MB at 256 pixels
SOURCE = "own"


class Refused(NamedTuple):
    """An image that is left out, and why."""

    image: str
    reason: str


class Sets(NamedTuple):
    """The number of training and validation images, the images left out, and the SHA-256 of all others."""

    train: int
    valid: int
    refused: list[Refused]
    digests: frozenset[str]


class _Tally(NamedTuple):
    """Collects the images left out, and the digests of the others, while images are read."""

    refused: list[Refused]
    digests: set[str]


def captions(pairs: Iterable[Pair]) -> dict[pathlib.Path, list[str]]:
    """The distinct texts of each image, in the order of the pairs."""
    found: dict[pathlib.Path, dict[str, None]] = {}
    for pair in pairs:
        found.setdefault(pair.image, {})[pair.text] = None
    return {image: list(texts) for image, texts in found.items()}


def split(
    described: dict[pathlib.Path, list[str]], share: float
) -> tuple[dict[pathlib.Path, list[str]], dict[pathlib.Path, list[str]]]:
    """The training images, and a share of all images for validation.

    The split depends on the hash of the file name, so that an image seldom changes its split when others are added.
    """
    ordered = sorted(described, key=lambda image: shards.number(image.name))
    chosen = set(ordered[: round(share * len(ordered))])
    train = {image: texts for image, texts in described.items() if image not in chosen}
    return train, {image: texts for image, texts in described.items() if image in chosen}


def prepare(
    out: pathlib.Path,
    root: pathlib.Path,
    train: dict[pathlib.Path, list[str]],
    valid: dict[pathlib.Path, list[str]],
    stored: int,
    tower: ViTSettings,
    progress: bool,
) -> Sets:
    """Writes the shards `out/train`, with images of `stored` pixels, and `out/valid`, with images of the tower's size.

    An image's id, which seeds its augmentations, is its path relative to `root`, so that moving the data changes no bit. Shards of
    an earlier call are kept. Raises InputError if fewer than two training or validation images can be read.
    """
    if (out / "sets.json").is_file():
        found = files.read_json(out / "sets.json")
        refused = [Refused(*one) for one in found["refused"]]
        return Sets(found["train"], found["valid"], refused, frozenset(found["digests"]))
    if again := sorted(train.keys() & valid.keys()):
        raise InputError(f"{again[0]}: is among the training and the validation pairs; take it out of one of the two")
    tally = _Tally([], set())
    with files.replacing_folder(out) as folder:
        counts = {}
        for name, described, size in (("train", train, stored), ("valid", valid, tower.image_size)):
            counts[name] = _write(folder / name, root, described, size, tower.fit, tally, progress)
            if counts[name] < 2:
                first = (
                    f"; the first that was left out is {tally.refused[0].image}: {tally.refused[0].reason}" if tally.refused else ""
                )
                raise InputError(f"{counts[name]} images for {name}, at least 2 are needed{first}")
        content = {**counts, "refused": tally.refused, "digests": sorted(tally.digests)}
        files.write_json(folder / "sets.json", content)
    return Sets(counts["train"], counts["valid"], tally.refused, frozenset(tally.digests))


def _write(
    folder: pathlib.Path,
    root: pathlib.Path,
    described: dict[pathlib.Path, list[str]],
    size: int,
    fit: Fit,
    tally: _Tally,
    progress: bool,
) -> int:
    entries = []
    with tqdm.tqdm(total=len(described), desc=folder.name, unit="image", disable=not progress) as bar:
        good = _readable(root, described, size, fit.model_copy(update={"resized": None}), tally, bar)
        for number in itertools.count():
            part = list(itertools.islice(good, PER_SHARD))
            if not part:
                break
            with ShardWriter(folder, number, [example for example, _ in part]) as writer:
                writer.write(np.stack([pixels for _, pixels in part]))
            entries.append(writer.entry())
    shards.write_index(folder, entries, PER_SHARD)
    return sum(entry["pictures"] for entry in entries)


def _readable(
    root: pathlib.Path, described: dict[pathlib.Path, list[str]], size: int, fit: Fit, tally: _Tally, bar: tqdm.tqdm
) -> Iterator[tuple[Example, Pixels]]:
    """Yields the images that can be read; adds the others to `tally.refused`."""

    def read(image: pathlib.Path) -> tuple[str, Pixels] | str:
        try:
            content = image.read_bytes()
            pixels = images.decode(content, opening.LIMITS)
            return hashlib.sha256(content).hexdigest(), resizing.square(pixels, size, fit)
        except ImageRejected as reason:
            return str(reason)
        except OSError as error:
            return f"cannot be read ({error.strerror})"

    order = iter(described.items())
    for block in opening.map_blocks(read, described, BLOCK):
        for (image, texts), got in zip(itertools.islice(order, len(block)), block, strict=True):
            bar.update()
            if isinstance(got, str):
                tally.refused.append(Refused(str(image), got))
                continue
            tally.digests.add(got[0])
            yield Example(os.path.relpath(image, root), SOURCE, texts), got[1]


# The model that fine-tuning starts from.
LARGEST_DIFFERENCE = 1e-5  # between text embeddings with the loaded tokeniser and with the one that is saved
SAMPLES = 16  # texts of the data that are compared, besides PROBES
PROBES = ("Un gatto", "  Perch\N{LATIN SMALL LETTER E WITH ACUTE}  NO?")  # short ones with capitals, an accent and spaces


def read(name_or_path: str, images: str | None, texts: list[str]) -> Model:
    """The model of `load(name_or_path, images=images)`, with its tokeniser as tokenizer.json stores it.

    Raises InputError if the model cannot be loaded, or if its tokenizer.json alone gives other embeddings of some texts.
    """
    model = loading.load(name_or_path, images=images)
    if not isinstance(model.tokeniser, tokenisers.Foreign):
        return model
    plain = dataclasses.replace(model, tokeniser=model.tokeniser.plain() or model.tokeniser)
    if plain.tokeniser is model.tokeniser or not _alike(plain, model, [*texts[:SAMPLES], *PROBES]):
        raise InputError(
            f"{name_or_path}: its tokeniser cannot be saved in a folder of this study's models; fine-tune a model with the "
            "architecture of CLIP-Italian (ViT and BERT), or one of this study"
        )
    return plain


def _alike(one: Model, other: Model, texts: list[str]) -> bool:
    """Whether two models give the same text embeddings."""
    return float(np.abs(one.encode_text(texts) - other.encode_text(texts)).max()) <= LARGEST_DIFFERENCE


def longer(model: Model, texts: list[str]) -> int:
    """The number of texts that are longer than the model's `max_length`."""
    encoded = tokens.encode(model.tokenizer, texts, model.settings.text.max_length + 1)
    return int((encoded.mask.sum(axis=1) > model.settings.text.max_length).sum())
