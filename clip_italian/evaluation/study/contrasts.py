"""The true caption against the false one, image by image, on saved embeddings of the test set `contrasts`.

An image is right where its true caption scores higher than its false one; a tie is wrong. Chance is one half. The two images
of a contrast have the same two captions and are one unit of the statistics (clip_italian/world/publishing/contrasts.py).
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import comparisons
from clip_italian.evaluation.study.groups import Family
from clip_italian.evaluation.study.settings import EvaluationSettings, asked_in_italian

SET = "contrasts"


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The contrast, kind and detail of each image of the test set."""

    contrast: Int[np.ndarray, " pictures"]
    kind: list[str]
    detail: list[str]  # kind/detail, as count_to_three/2-3; the kind where there is none


def read(profile: str) -> Pictures:
    """The test set; raises InputError when its file is missing."""
    entries = files.read_json(paths.test_set(profile, SET) / "contrasts.json")
    kinds = [entry["kind"] for entry in entries]
    details = ["/".join(filter(None, (entry["kind"], entry["detail"]))) for entry in entries]
    return Pictures(np.array([entry["contrast"] for entry in entries]), kinds, details)


def right(
    image: Float[np.ndarray, "n d"], true: Float[np.ndarray, "n d"], false: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    """1 where the image's true caption scores higher, else 0."""
    scores = (np.einsum("nd,nd->n", image, caption, dtype=np.float64) for caption in (true, false))
    return (next(scores) > next(scores)).astype(np.float64)


def families(params: Params, settings: EvaluationSettings) -> dict[str, Family]:
    """Accuracy by kind, and by detail within a kind; raises InputError naming embeddings that do not fit the test set."""
    pictures = read(params.profile)
    gains: dict[str, dict[int, np.ndarray]] = {}
    for model, seeds in asked_in_italian(params, settings).items():
        gains[model] = {seed: _right(params.profile, model, seed, len(pictures.kind))[:, None] for seed in seeds}
    labels = {"contrasts": pictures.kind, "contrast_details": pictures.detail}
    return {name: Family(("acc",), np.array(label), pictures.contrast, gains) for name, label in labels.items()}


def _right(profile: str, model: str, seed: int, pictures: int) -> Float[np.ndarray, " n"]:
    path = paths.embedded(profile, model, seed, SET)
    image, true, false = arrays.read(path, "image", "true", "false")
    if not len(image) == len(true) == len(false) == pictures or not all(np.isfinite(rows).all() for rows in (image, true, false)):
        raise InputError(f"{path}: finite rows of {pictures} pictures and captions were expected; delete it and run `dvc repro`")
    return right(image, true, false)


def compare(by_kind: Family, settings: EvaluationSettings) -> list[dict[str, Any]]:
    """The proposed model against every other, kind by kind: rows as of comparisons.py, all with one q of Benjamini & Hochberg."""
    models = {model: list(seeds) for model, seeds in by_kind.gains.items()}
    proposed = settings.primary_pairs[0][0]
    pairs = [(proposed, other) for other in models if other != proposed and proposed in models]
    rows = []
    for kind in by_kind.labels() if pairs else []:
        mask = by_kind.group == kind
        _, unit = np.unique(by_kind.unit[mask], return_inverse=True)
        sums = {
            (model, seed): (np.bincount(unit, gains[mask, 0]), np.bincount(unit).astype(np.float64))
            for model, seeds in by_kind.gains.items()
            for seed, gains in seeds.items()
        }
        rows += comparisons.between(sums, f"contrasts/{kind}", pairs, models, settings)
    return comparisons.exploratory(rows, settings)
