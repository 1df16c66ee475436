"""Readers of published zero-shot sets."""

import csv
import io
import pathlib
from typing import Any

import numpy as np
import pydantic

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation.published.test_sets import Classified, damaged, json_of, templates_of, text


class LabelFilesSettings(Settings):
    """Two files of CLIP_benchmark for a language: `*_classnames.json` and `*_zeroshot_classification_templates.json`.

    Each maps a set's name to a list.
    """

    set: str
    classes: str
    templates: str


def read(folder: pathlib.Path, settings: LabelFilesSettings) -> tuple[list[str], list[str]]:
    """The class names of a set, in the order of their indices, and its templates.

    Raises InputError if a file is missing or damaged, or lacks the set.
    """
    classes, templates = (_listed(folder / name, settings.set) for name in (settings.classes, settings.templates))
    return classes, templates_of(folder / settings.templates, templates)


def _listed(path: pathlib.Path, name: str) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path}: missing; it is in CLIP_benchmark's clip_benchmark/datasets, which `--labels` may name")
    content: Any = json_of(path)
    if not isinstance(content, dict) or name not in content:
        raise InputError(f"{path}: has no `{name}`; choose another language, or a file that has it")
    if not isinstance(content[name], list) or not all(isinstance(entry, str) for entry in content[name]):
        raise damaged(path, f"`{name}` is not a list of texts")
    return content[name]


def class_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """The class folders sorted by name, as in torchvision's ImageFolder; for ImageNet this is the order of class indices."""
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise InputError(f"{folder}: has no class folders; unpack the images there, one folder for each WordNet id")
    return found


def _images(folders: list[pathlib.Path]) -> tuple[list[pathlib.Path], np.ndarray]:
    """All files of the folders, sorted by name, and the index of each file's folder."""
    files = [sorted(path for path in folder.iterdir() if path.is_file()) for folder in folders]
    if empty := [folder for folder, some in zip(folders, files, strict=True) if not some]:
        raise InputError(f"{empty[0]}: has no images; unpack those of this class there")
    label = np.repeat(np.arange(len(files), dtype=np.int32), [len(some) for some in files])
    return [path for some in files for path in some], label


class LabelTableSettings(Settings):
    """A table of labels with a header, and a folder of images for each class."""

    labels: str  # tab-separated file
    column: str  # of the label
    folder_column: str  # of the class folder's name
    templates: str | None  # file with one template per line; null: the label alone
    pictures: str  # folder of the classes' folders
    merge: bool  # whether classes of one label are merged


def label_table(folder: pathlib.Path, settings: LabelTableSettings) -> Classified:
    """CLIP-Italian's ImageNet: the classes are the rows, in order; a template listed twice counts twice."""
    path = folder / settings.labels
    rows = list(csv.DictReader(io.StringIO(text(path)), delimiter="\t", quoting=csv.QUOTE_NONE))
    try:
        classes, names = ([row[column] for row in rows] for column in (settings.column, settings.folder_column))
    except KeyError as error:
        raise damaged(path, f"no column {error}") from None
    root = folder / settings.pictures
    folders = [root / pathlib.PurePath(name).name for name in names]
    if absent := [one for one in folders if not one.is_dir()]:
        raise InputError(f"{absent[0]}: missing, and {len(absent) - 1} more of {len(folders)} classes' folders; all are needed")
    images, label = _images(folders)
    listed = settings.templates and folder / settings.templates
    templates = templates_of(listed, files.lines_of(text(listed))) if listed else ["{}"]
    found = Classified(images, classes, templates, label)
    return found.merged() if settings.merge else found


class ClassListsSettings(Settings):
    """CLIP_benchmark's class names and templates, and a folder of images for each class."""

    labels: LabelFilesSettings
    pictures: str  # folder of the classes' folders


def class_lists(folder: pathlib.Path, settings: ClassListsSettings) -> Classified:
    """CLIP_benchmark's ImageNet: class indices are those of the folders sorted by name."""
    folders = class_folders(folder / settings.pictures)
    classes, templates = read(folder, settings.labels)
    if len(folders) != len(classes):
        raise InputError(
            f"{folder / settings.pictures}: {len(folders)} classes' folders for the {len(classes)} names of "
            f"{settings.labels.classes}; all classes are needed"
        )
    images, label = _images(folders)
    return Classified(images, classes, templates, label)


class BabelSettings(Settings):
    """Babel-ImageNet: labels of some of ImageNet's classes in a language."""

    labels: str  # JSON: language -> [indices of classes, labels]
    prompts: str | None  # JSON: language -> templates; null for the label alone
    language: str
    pictures: str  # folder of the folders of all of ImageNet's classes
    classes: pydantic.PositiveInt | None  # required number of class folders, without which indices would be wrong; null: any number


def babel(folder: pathlib.Path, settings: BabelSettings) -> Classified:
    """The images of the listed classes, in the order of the list; a class's index is that in the list."""
    path, all_folders = folder / settings.labels, class_folders(folder / settings.pictures)
    if settings.classes not in (None, len(all_folders)):
        raise InputError(f"{folder / settings.pictures}: {len(all_folders)} classes' folders, {settings.classes} are needed")
    try:
        indices, classes = json_of(path)[settings.language]
        chosen = [all_folders[int(index)] for index in indices]
        prompts = settings.prompts and folder / settings.prompts
        templates = templates_of(prompts, json_of(prompts)[settings.language]) if prompts else ["{}"]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged(path, f"not Babel-ImageNet's structure: {type(error).__name__} {error}") from None
    if len(chosen) != len(classes):
        raise damaged(path, f"{len(classes)} labels for {len(chosen)} classes")
    images, label = _images(chosen)
    return Classified(images, classes, templates, label)
