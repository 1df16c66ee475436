"""Readers of test sets with images in archives: CLIP_benchmark's web-dataset folders, and the drawn world's sets."""

import dataclasses
import io
import pathlib
import tarfile

import numpy as np

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data.archives import Archive, Member
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.published import class_sets
from clip_italian.evaluation.published.class_sets import LabelFilesSettings
from clip_italian.evaluation.published.test_sets import Captioned, Classified, TestSet, damaged, json_of, templates_of, text
from clip_italian.evaluation.ranks import Relevant
from clip_italian.evaluation.scoring import Pairing

PICTURES = ("webp", "png", "jpg", "jpeg")


@dataclasses.dataclass(frozen=True)
class Slice:
    """The position of a member's bytes in an uncompressed tar."""

    archive: pathlib.Path
    name: str
    start: int
    size: int

    def read_bytes(self) -> bytes:
        """The member's bytes."""
        with open(self.archive, "rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def __str__(self) -> str:
        return f"{self.archive}: {self.name}"


Sample = dict[str, Slice]  # by extension


class WebDatasetSettings(Settings):
    """A folder written by `clip_benchmark_export_wds`, or one of its authors' on the hub."""

    split: str
    kind: str  # classification, multilabel or retrieval; must equal the content of `dataset_type.txt`
    labels: LabelFilesSettings | None  # used instead of the folder's own class names and templates


def web_dataset(folder: pathlib.Path, settings: WebDatasetSettings) -> TestSet:
    """CLIP_benchmark's `build_wds_dataset`: shards 0.tar, 1.tar, ... of a split; labels and templates beside the splits.

    An image's captions are the lines of its `.txt`. Its class is a number in its `.cls`, or several are a 0-1 vector in its `.npy`.
    """
    marked = folder / "dataset_type.txt"
    kind = text(marked).strip().lower() if marked.exists() else "classification"
    if kind != settings.kind:
        raise InputError(f"{marked}: the folder is of kind {kind}, the protocol is for {settings.kind}; choose another protocol")
    samples = _samples(folder / settings.split)
    images = [next(sample[name] for name in PICTURES if name in sample) for sample in samples]
    if kind == "retrieval":
        captions = [_captions(sample) for sample in samples]
        owner = np.repeat(np.arange(len(captions), dtype=np.int32), [len(some) for some in captions])
        return Captioned(images, [caption for some in captions for caption in some], Pairing(len(images), owner))
    classes, templates = class_sets.read(folder, settings.labels) if settings.labels else _own_labels(folder)
    return Classified(images, classes, templates, _labels(samples, kind, len(classes)))


def _own_labels(folder: pathlib.Path) -> tuple[list[str], list[str]]:
    classes, templates = _lines(folder / "classnames.txt"), _lines(folder / "zeroshot_classification_templates.txt")
    return classes, templates_of(folder / "zeroshot_classification_templates.txt", templates)


def _captions(sample: Sample) -> list[str]:
    try:
        return files.lines_of(_part(sample, "txt").decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{sample['txt']}: not UTF-8 ({error}); get the folder from its publisher again") from None


def _lines(path: pathlib.Path) -> list[str]:
    return [line.strip() for line in files.lines_of(text(path))]


def _labels(samples: list[Sample], kind: str, classes: int) -> np.ndarray:
    extension = "npy" if kind == "multilabel" else "cls"
    return np.stack([_label(_part(sample, extension), classes, str(sample[extension])) for sample in samples])


def _label(content: bytes, classes: int, where: str) -> np.ndarray:
    """A class index, or a 0-1 vector; raises InputError if it does not fit the number of classes."""
    try:
        if where.endswith(".npy"):
            label = (np.load(io.BytesIO(content), allow_pickle=False) != 0).astype(np.int32)
        else:
            label = np.array(int(content), np.int32)
    except (ValueError, EOFError) as error:
        raise InputError(f"{where}: no label ({error}); get the folder from its publisher again") from None
    if label.shape != (classes,) if label.ndim else not 0 <= label < classes:
        raise InputError(f"{where}: a label beyond the {classes} classes; get the folder from its publisher again")
    return label


def _part(sample: Sample, extension: str) -> bytes:
    if extension not in sample:
        raise InputError(f"{next(iter(sample.values()))}: has no .{extension} beside it; get the folder from its publisher again")
    return sample[extension].read_bytes()


def _samples(folder: pathlib.Path) -> list[Sample]:
    """The samples of the shards, in order: members with the same name up to the first dot. Those without an image are skipped."""
    count = folder / "nshards.txt"
    try:
        shards = [folder / f"{number}.tar" for number in range(int(text(count)))]
    except ValueError:
        raise damaged(count, "not a number") from None
    samples = list[Sample]()
    for shard in shards:
        last = None
        for member in _members(shard):
            directory, _, base = member.name.rpartition("/")
            key, _, extension = base.partition(".")
            if (directory, key) != last:
                samples.append({})
                last = (directory, key)
            samples[-1][extension.lower()] = member
    return [sample for sample in samples if sample.keys() & set(PICTURES)]


def _members(shard: pathlib.Path) -> list[Slice]:
    try:
        with tarfile.open(shard, "r:") as archive:
            return [Slice(shard, info.name, info.offset_data, info.size) for info in archive if info.isreg()]
    except FileNotFoundError:
        raise InputError(f"{shard}: missing; put the publisher's file there") from None
    except tarfile.TarError as error:
        raise damaged(shard, error) from None


class DrawnSettings(Settings):
    """A test set of the drawn world, a folder in the data folder `data/<profile>/raw/test`."""

    set: str  # folder
    templates: list[str]  # of classes; empty for a retrieval set


def drawn(folder: pathlib.Path, settings: DrawnSettings) -> TestSet:
    """A test set in the form of stage `download`: with all images each caption is true of, or with one class per image."""
    where = folder / settings.set
    path = where / ("captions.json" if (where / "captions.json").exists() else "labels.json")
    described, archive = json_of(path), Archive(where / "images.zip")
    try:
        images = [Member(archive, image["file_name"]) for image in described["images"]]
        if path.name == "labels.json":
            label = np.array([image["label"] for image in described["images"]], np.int32)
            return Classified(images, described["classes"], settings.templates, label)
        texts = [annotation["caption"] for annotation in described["annotations"]]
    except (KeyError, TypeError) as error:
        raise damaged(path, f"not the drawn world's structure: {type(error).__name__} {error}") from None
    owner, indptr, indices = arrays.read(where / "truth.npz", "owner", "true_indptr", "true_indices")
    return Captioned(images, texts, Pairing(len(images), owner, Relevant(indptr, indices)))
