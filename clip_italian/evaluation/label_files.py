"""Class names and templates in CLIP_benchmark's JSON files, of which it ships a pair for each language."""

import pathlib
from typing import Any

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation.test_sets import damaged, json_of, templates_of


class LabelFilesSettings(Settings):
    """Two files of lists by the name of a set, `*_classnames.json` and `*_zeroshot_classification_templates.json`."""

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
