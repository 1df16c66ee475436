"""A model's embeddings of the zero-shot classes under every label set, as a file."""

import pathlib

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.models.assembly import Model
from clip_italian.models.embedding import Embedder

GOOD = "good"  # the label set that all others are compared with
TEMPLATES = "templates"  # the condition of good labels in an ensemble of templates rather than alone


def write(folder: pathlib.Path, model: Model, data: pathlib.Path, conditions: list[str]) -> None:
    """Writes `labels.npz`: for `good` and for each condition an array, a row each class; nothing where there is no condition.

    `data` is the profile's folder. Raises InputError for a condition that its raw/test/labels.json lacks.
    """
    if not conditions:
        return
    path = data / "raw/test/labels.json"
    content = files.read_json(path)
    sets, embedder = content["sets"], Embedder(model)
    if unknown := [name for name in conditions if name not in sets and name != TEMPLATES]:
        raise InputError(f"{path}: no label set `{unknown[0]}`; run `dvc repro` or take it out of `evaluation.label_conditions`")
    plain = {name: sets[name] for name in [GOOD, *conditions] if name != TEMPLATES}
    rows = _rows(embedder, plain)
    if TEMPLATES in conditions:
        rows[TEMPLATES] = embedder.classes(sets[GOOD], content["templates"])
    with files.replacing(folder / "labels.npz") as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **rows)


def _rows(embedder: Embedder, sets: dict[str, list[str]]) -> dict[str, Float[np.ndarray, "classes p"]]:
    """Every label embedded once, so that equal labels have equal rows, whichever set they are in."""
    place = {label: number for number, label in enumerate(dict.fromkeys(label for labels in sets.values() for label in labels))}
    each = embedder.texts(list(place))
    return {name: each[[place[label] for label in labels]] for name, labels in sets.items()}
