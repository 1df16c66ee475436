"""A model's embeddings of the zero-shot classes under every label set, as a file."""

import pathlib

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.evaluation.study.embed import BLOCK, Embedder

GOOD = "good"  # the label set that all others are compared with
TEMPLATES = "templates"  # the condition of good labels in an ensemble of templates rather than alone


def write(folder: pathlib.Path, embedder: Embedder, data: pathlib.Path, conditions: list[str]) -> None:
    """Writes `labels.npz`: for `good` and for each condition an array, a row each class; nothing where there is no condition.

    `data` is the profile's folder. Raises InputError for a condition that its raw/test/labels.json lacks.
    """
    if not conditions:
        return
    path = data / "raw/test/labels.json"
    content = files.read_json(path)
    sets = content["sets"]
    if unknown := [name for name in conditions if name not in sets and name != TEMPLATES]:
        raise InputError(f"{path}: no label set `{unknown[0]}`; run `dvc repro` or take it out of `evaluation.label_conditions`")
    prompts = {name: [[label] for label in sets[name]] for name in [GOOD, *conditions] if name != TEMPLATES}
    if TEMPLATES in conditions:
        prompts[TEMPLATES] = [[template.format(label) for template in content["templates"]] for label in sets[GOOD]]
    with files.replacing(folder / "labels.npz") as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **_classes(embedder, prompts))


def _classes(embedder: Embedder, prompts: dict[str, list[list[str]]]) -> dict[str, Float[np.ndarray, "classes p"]]:
    """For each condition a unit vector a class: the mean over the class's prompts (Radford et al. 2021).

    Every text is embedded once, so that equal labels have equal vectors.
    """
    texts = list(dict.fromkeys(text for classes in prompts.values() for texts in classes for text in texts))
    place = {text: number for number, text in enumerate(texts)}
    # All at once and in whole blocks: every block of another size is a program of its own, which takes longer than its texts.
    each = embedder.texts(texts + texts[: -len(texts) % BLOCK])
    means = {name: each[[[place[text] for text in texts] for texts in classes]].mean(axis=1) for name, classes in prompts.items()}
    return {name: mean / np.linalg.norm(mean, axis=1, keepdims=True) for name, mean in means.items()}
