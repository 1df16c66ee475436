"""Evaluation protocols by name; each is a file of settings below `protocols/`.

A protocol states its source, the publisher's files and their reader, the numbers of images and texts, and the metrics with their
published names.
"""

import pathlib
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import pydantic

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation.published import archived_sets, caption_sets, class_sets
from clip_italian.evaluation.published.test_sets import Captioned, TestSet
from clip_italian.evaluation.ranks import Ties

FOLDER = pathlib.Path(__file__).parent / "protocols"
LABELS = "{labels}"  # in `data`: stands for the folder with the files of labels
CLASSES = "classes"  # key of `data`: the required number of class folders


class Counts(Settings):
    """The numbers of items in the published files; null if the publisher does not state them."""

    pictures: int | None
    texts: int | None  # captions, or classes


class Protocol(Settings):
    """One file of `protocols/`, and its name there."""

    name: str
    source: str  # who defined it, and where
    reader: str  # a key of READERS
    # Values of `{language}` in `data`, the default first; empty if all files are of one language.
    languages: list[str] = []
    data: dict[str, Any]  # the reader's settings
    counts: Counts  # other numbers in a data folder are errors
    # `resizing.Fit.margin` of the protocol's own program, for cutting off an odd number of pixels; null: that of each model. One
    # pixel changes a result by tenths of a point.
    margin: Literal["floor", "round"] | None
    ties: Ties  # the rule for wrong items of exactly a right one's score: clip_italian/evaluation/ranks.py
    metrics: dict[str, str] = pydantic.Field(min_length=1)  # published name -> ours (clip_italian/evaluation/scoring.py)


class Reader(NamedTuple):
    """The settings and the function that read a kind of test set."""

    settings: type[Settings]
    read: Callable[..., TestSet]


READERS = {
    "coco": Reader(caption_sets.CocoSettings, caption_sets.coco),
    "crossmodal3600": Reader(caption_sets.Crossmodal3600Settings, caption_sets.crossmodal3600),
    "lines": Reader(caption_sets.LinesSettings, caption_sets.lines),
    "label_table": Reader(class_sets.LabelTableSettings, class_sets.label_table),
    "class_lists": Reader(class_sets.ClassListsSettings, class_sets.class_lists),
    "babel": Reader(class_sets.BabelSettings, class_sets.babel),
    "web_dataset": Reader(archived_sets.WebDatasetSettings, archived_sets.web_dataset),
    "drawn": Reader(archived_sets.DrawnSettings, archived_sets.drawn),
}


def names() -> list[str]:
    """The names of all protocols."""
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yaml"))


def check_known(kind: str, name: str, known: list[str]) -> None:
    """Raises InputError with the nearest known name, or all of them, if `name` is not among them."""
    if name not in known:
        raise InputError(f"{kind} `{name}` is not known; {config.remedy(name, known, f'{kind}s')}")


def load(name: str) -> Protocol:
    """The protocol of that name; raises InputError with the nearest known name if there is none."""
    check_known("protocol", name, names())
    path = FOLDER / f"{name}.yaml"
    protocol = config.parse(Protocol, config.read_yaml(path) | {"name": name}, str(path))
    if protocol.reader not in READERS:
        raise InputError(f"{path}: key `reader` is `{protocol.reader}`; known are {', '.join(READERS)}")
    config.parse(READERS[protocol.reader].settings, protocol.data, f"{path}: in section `data`")
    return protocol


def language_of(protocol: Protocol, language: str | None = None) -> str | None:
    """The language of an evaluation: `language`, or the protocol's default; None if the protocol has no choice.

    Raises InputError for a language that the protocol does not have.
    """
    known = protocol.languages
    if language is None:
        return known[0] if known else None
    if language not in known:
        choice = f"known are {', '.join(known)}" if known else "its files are of one language; leave --language out"
        raise InputError(f"protocol `{protocol.name}` has no language `{language}`; {choice}")
    return language


def _filled(value: Any, values: dict[str, str]) -> Any:
    """A part of the data section with its placeholders replaced."""
    if isinstance(value, dict):
        return {key: _filled(entry, values) for key, entry in value.items()}
    if isinstance(value, str):
        for placeholder, text in values.items():
            value = value.replace(placeholder, text)
    return value


def _placeholders(language: str | None, labels: pathlib.Path | None) -> dict[str, str]:
    return {LABELS: str(labels.absolute()) if labels else "."} | ({"{language}": language} if language else {})


def _texts(value: Any) -> list[str]:
    """All strings in a part of the data section."""
    if isinstance(value, dict):
        return [text for entry in value.values() for text in _texts(entry)]
    return [value] if isinstance(value, str) else []


def label_files(protocol: Protocol, folder: pathlib.Path, language: str | None, labels: pathlib.Path | None) -> list[pathlib.Path]:
    """The files of labels that `read` would read for these arguments; none if the data set has its own."""
    values = _placeholders(language_of(protocol, language), labels)
    return [folder / _filled(text, values) for text in _texts(protocol.data) if LABELS in text]


def read(
    protocol: Protocol,
    folder: pathlib.Path,
    language: str | None = None,
    labels: pathlib.Path | None = None,
    counted: bool = True,
) -> TestSet:
    """The test set of a protocol, in a language; raises InputError for missing or damaged files and for unpublished counts.

    `labels` is the folder with files of labels that a protocol takes from a program, such as CLIP_benchmark's
    `clip_benchmark/datasets`, and not from its data set; by default `folder`. `counted` is whether the numbers of images and texts
    must be the published ones; for small test files of a publisher's format they need not be.
    """
    chosen = language_of(protocol, language)
    if labels is not None and not any(LABELS in text for text in _texts(protocol.data)):
        raise InputError(f"protocol `{protocol.name}` takes no files of labels from elsewhere; leave --labels out")
    reader, folder = READERS[protocol.reader], pathlib.Path(folder)
    data = protocol.data if counted else {key: None if key == CLASSES else value for key, value in protocol.data.items()}
    found = reader.read(folder, reader.settings.model_validate(_filled(data, _placeholders(chosen, labels))))
    if counted:
        _check_counts(protocol, folder, found)
    return found


def _check_counts(protocol: Protocol, folder: pathlib.Path, found: TestSet) -> None:
    counts = {"pictures": len(found.images), "texts": len(found.texts if isinstance(found, Captioned) else found.classes)}
    for what, count in counts.items():
        wanted = getattr(protocol.counts, what)
        if wanted not in (None, count):
            raise InputError(f"{folder}: {count} {what}, `{protocol.name}` has {wanted}; get its files from the publisher again")
