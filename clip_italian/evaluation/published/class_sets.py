"""Readers of the zero-shot sets, as their publishers ship them."""

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


# Class names and templates in CLIP_benchmark's JSON files, of which it ships a pair for each language.
class LabelFilesSettings(Settings):
    """The two files, `*_classnames.json` and `*_zeroshot_classification_templates.json`. Each maps a set's name to a list."""

    set: str
    classes: str
    templates: str


def read(folder: pathlib.Path, settings: LabelFilesSettings) -> tuple[list[str], list[str]]:
    """The set's class names, in the order of its classes' numbers, and its templates.

    Raises InputError when a file is missing or damaged, or has nothing of the set.
    """
    classes, templates = (_listed(folder / name, settings.set) for name in (settings.classes, settings.templates))
    return classes, templates_of(folder / settings.templates, templates)


def _listed(path: pathlib.Path, name: str) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path}: missing; it is in CLIP_benchmark's clip_benchmark/datasets, which `--labels` may name")
    content: Any = json_of(path)
    if not isinstance(content, dict) or name not in content:
        raise InputError(f"{path}: nothing of `{name}`; choose another language, or a file that has it")
    if not isinstance(content[name], list) or not all(isinstance(entry, str) for entry in content[name]):
        raise damaged(path, f"`{name}` is not a list of texts")
    return content[name]


def class_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """The folders of classes, in the order of their names: torchvision's ImageFolder, and the order of ImageNet's indices."""
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise InputError(f"{folder}: no folder for each class; unpack the pictures there, one folder for each WordNet id")
    return found


def _pictures(folders: list[pathlib.Path]) -> tuple[list[pathlib.Path], np.ndarray]:
    """All files of the folders in the order of their names, and which folder each is in."""
    files = [sorted(path for path in folder.iterdir() if path.is_file()) for folder in folders]
    if empty := [folder for folder, some in zip(folders, files, strict=True) if not some]:
        raise InputError(f"{empty[0]}: no pictures; unpack this class's there")
    label = np.repeat(np.arange(len(files), dtype=np.int32), [len(some) for some in files])
    return [path for some in files for path in some], label


class LabelTableSettings(Settings):
    """A table of labels with a header, and the images in a folder for each class."""

    labels: str  # tab-separated file
    column: str  # of the label
    folder_column: str  # of the name of the class's folder
    templates: str | None  # file of one template a line; null for the label alone
    pictures: str  # folder of the classes' folders
    merge: bool  # classes of one label count as one class


def label_table(folder: pathlib.Path, settings: LabelTableSettings) -> Classified:
    """CLIP-Italian's ImageNet: the classes are the rows, in their order; a template listed twice counts twice."""
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
    pictures, label = _pictures(folders)
    templates = _lines(folder / settings.templates) if settings.templates else ["{}"]
    found = Classified(pictures, classes, templates, label)
    return found.merged() if settings.merge else found


def _lines(path: pathlib.Path) -> list[str]:
    return templates_of(path, files.lines_of(text(path)))


class ClassListsSettings(Settings):
    """CLIP_benchmark's class names and templates, and the images in a folder for each class."""

    labels: LabelFilesSettings
    pictures: str  # folder of the classes' folders


def class_lists(folder: pathlib.Path, settings: ClassListsSettings) -> Classified:
    """CLIP_benchmark's ImageNet: a class's number is the place of its folder in the order of their names."""
    folders = class_folders(folder / settings.pictures)
    classes, templates = read(folder, settings.labels)
    if len(folders) != len(classes):
        raise InputError(
            f"{folder / settings.pictures}: {len(folders)} classes' folders for the {len(classes)} names of "
            f"{settings.labels.classes}; all classes are needed"
        )
    pictures, label = _pictures(folders)
    return Classified(pictures, classes, templates, label)


class BabelSettings(Settings):
    """Babel-ImageNet's labels. A language has labels for some of ImageNet's classes."""

    labels: str  # JSON: language -> [indices of classes, labels]
    prompts: str | None  # JSON: language -> templates; null for the label alone
    language: str
    pictures: str  # folder of the folders of all of ImageNet's classes
    classes: pydantic.PositiveInt | None  # how many class folders there must be, so that the indices are right; null: any number


def babel(folder: pathlib.Path, settings: BabelSettings) -> Classified:
    """Images of the listed classes alone, in the order of the list; the target is the place in the list."""
    path, everyone = folder / settings.labels, class_folders(folder / settings.pictures)
    if settings.classes not in (None, len(everyone)):
        raise InputError(f"{folder / settings.pictures}: {len(everyone)} classes' folders, {settings.classes} are needed")
    try:
        indices, classes = json_of(path)[settings.language]
        chosen = [everyone[int(index)] for index in indices]
        templates = _babel_prompts(folder / settings.prompts, settings.language) if settings.prompts else ["{}"]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged(path, f"not Babel-ImageNet's structure: {type(error).__name__} {error}") from None
    if len(chosen) != len(classes):
        raise damaged(path, f"{len(classes)} labels for {len(chosen)} classes")
    pictures, label = _pictures(chosen)
    return Classified(pictures, classes, templates, label)


def _babel_prompts(path: pathlib.Path, language: str) -> list[str]:
    return templates_of(path, json_of(path)[language])
