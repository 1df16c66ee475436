"""Which captions find their image, and which image comes first instead: the headline retrieval set, text to image."""

import json
from collections import Counter

import numpy as np
from jaxtyping import Float

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.study import retrieval
from clip_italian.evaluation.study.groups import Family
from clip_italian.evaluation.study.settings import EvaluationSettings, asked_in_italian
from clip_italian.world.scenes.near_misses import DIFFERENCES, difference
from clip_italian.world.scenes.scene import Scene, from_json

OUTCOMES = ("true", *DIFFERENCES, "elsewhere")  # of the image that comes first
NEAR_MISS = "near_miss"  # any of DIFFERENCES


def by_length(params: Params, settings: EvaluationSettings) -> Family:
    """The gain of the headline endpoint by the number of a caption's words."""
    test_set, where, metric = _endpoint(settings)
    captions = files.read_json(paths.test_set(params.profile, test_set) / "captions.json")["annotations"]
    words = np.array([len(entry["caption"].split()) for entry in captions])
    owner = np.array([entry["image_id"] for entry in captions])
    order = np.argsort(words, kind="stable")
    gains: dict[str, dict[int, np.ndarray]] = {}
    for model, seeds in asked_in_italian(params, settings).items():
        for seed in seeds:
            (rank,) = arrays.read(paths.ranks(params.profile, "retrieval", model, seed, test_set), where)
            gains.setdefault(model, {})[seed] = metrics.gains(rank[order], metric)[:, None]
    classes = np.array(length_labels(settings.errors.caption_lengths))
    group = classes[np.searchsorted(settings.errors.caption_lengths, words[order])]
    return Family((metric,), group, owner[order], gains)


def _endpoint(settings: EvaluationSettings) -> tuple[str, str, str]:
    """Set, direction/relevance and metric of the headline endpoint of retrieval."""
    test_set, _, metric = settings.primary_endpoints[0].partition("/")
    where, _, name = metric.rpartition("/")
    return test_set, where, name


def length_labels(longest: list[int]) -> list[str]:
    """`1–4`, `5–6`, ..., `11+` of [4, 6, ..., 10]."""
    starts = [1, *(length + 1 for length in longest)]
    return [f"{start}–{end}" for start, end in zip(starts, longest, strict=False)] + [f"{starts[-1]}+"]


def near_misses(params: Params, settings: EvaluationSettings) -> Family:
    """Returns the first results for captions of images that have near misses, or are near misses, in the headline set.

    A family of near misses is one unit: its images and captions are nearly alike.
    """
    test_set = settings.retrieval_sets[0]
    truth = retrieval.read_truth(params.profile, test_set)
    scenes = read_scenes(params.profile, test_set)
    kin = np.array([(scene.purpose, scene.index) for scene in scenes])
    members = Counter(map(tuple, kin.tolist()))
    asked = np.flatnonzero([members[tuple(kin[owner].tolist())] > 1 for owner in truth.owner])
    relevant = truth.relevant("any").of(asked).mask(0, len(asked), truth.images)
    gains: dict[str, dict[int, np.ndarray]] = {}
    for model, seeds in asked_in_italian(params, settings).items():
        for seed in seeds:
            image, text = arrays.read_embeddings(
                paths.embedded(params.profile, model, seed, test_set), truth.images, len(truth.owner)
            )
            (rank,) = arrays.read(paths.ranks(params.profile, "retrieval", model, seed, test_set), "text_to_image/any")
            first = np.where(relevant, -np.inf, text[asked] @ image.T).argmax(axis=1)
            outcomes = [
                "true" if place == 1 else _instead(scenes, int(own), found)
                for place, own, found in zip(rank[asked].tolist(), truth.owner[asked], first.tolist(), strict=True)
            ]
            gains.setdefault(model, {})[seed] = _columns(outcomes)
    _, unit = np.unique(kin[truth.owner[asked]], axis=0, return_inverse=True)
    return Family((*OUTCOMES, NEAR_MISS), np.full(len(asked), "all"), unit.ravel(), gains)


def read_scenes(profile: str, test_set: str) -> list[Scene]:
    """The scenes of a test set in the order of its images."""
    text = (paths.test_set(profile, test_set) / "scenes.jsonl").read_text(encoding="utf-8")
    return [from_json(json.loads(line)) for line in files.lines_of(text)]


def _instead(scenes: list[Scene], own: int, found: int) -> str:
    one, other = scenes[own], scenes[found]
    return difference(one, other) if (one.purpose, one.index) == (other.purpose, other.index) else "elsewhere"


def _columns(outcomes: list[str]) -> Float[np.ndarray, "n columns"]:
    """A column each outcome, and one for all near misses together."""
    found = np.array(outcomes)
    columns = [found == outcome for outcome in OUTCOMES]
    return np.stack([*columns, np.isin(found, DIFFERENCES)], axis=1).astype(np.float64)
