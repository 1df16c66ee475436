"""Zero-shot classification: the place of each picture's true class, and what the scores are worth beyond the places.

Two classes may bear one label (39 of the 1,000 of Italian ImageNet do), and a score cannot tell them apart. The rank of a class
then follows a stated rule, the lower index first, and stands between two bounds: the pessimistic rank has every class of an
equal score before the true one, the optimistic rank has them all behind. So that equal labels have exactly equal scores, a label
is scored once for all its classes (`distinct`).
"""

import dataclasses
import re

import numpy as np
from jaxtyping import Bool, Float, Int

SLOT = re.compile(r"\{c?\}")  # of the label in a template: `{}`, or `{c}` as CLIP_benchmark writes it
BLOCK = 4096  # pictures scored at once; bounds memory, changes no number beyond rounding

Ranks = Int[np.ndarray, " pictures"]
Labels = Int[np.ndarray, " pictures"]


@dataclasses.dataclass(frozen=True)
class ClassRanks:
    """The place of every picture's true class (1 is best) under the three rules, and the class that came first."""

    rank: Ranks  # of equal scores the lower index comes first
    pessimistic: Ranks
    optimistic: Ranks
    predicted: Labels


def distinct(labels: list[str]) -> tuple[list[str], Int[np.ndarray, " classes"]]:
    """The different labels in the order in which they first occur, and which of them each class bears."""
    place = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return list(place), np.array([place[label] for label in labels], np.int32)


def prompts(labels: list[str], templates: list[str]) -> list[str]:
    """Every label in every template, the prompts of one label together. `{}` or `{c}` stands for the label in a template."""
    return [label.join(SLOT.split(template)) for label in labels for template in templates]


def ensemble(embeddings: Float[np.ndarray, "classes templates d"]) -> Float[np.ndarray, "classes d"]:
    """One unit vector for each class from the unit vectors of its prompts: their mean, scaled to length one.

    Radford et al. (2021), section 3.1.4; CLIP_benchmark and CLIP-Italian's notebook do the same. A template that is listed twice
    counts twice.
    """
    mean = embeddings.mean(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def rank_classes(
    images: Float[np.ndarray, "pictures d"],
    texts: Float[np.ndarray, "distinct d"],
    bears: Int[np.ndarray, " classes"],
    label: Labels,
) -> ClassRanks:
    """The ranks of true classes. `texts` has a row for each different label, `bears` says which of them a class has.

    Give `np.arange(len(texts))` for `bears` and `bears[label]` for `label` to count classes of one label as one class.
    """
    parts = [_rank_block(images[i : i + BLOCK], texts, bears, label[i : i + BLOCK]) for i in range(0, len(images), BLOCK)]
    return ClassRanks(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _rank_block(
    images: Float[np.ndarray, "b d"], texts: Float[np.ndarray, "distinct d"], bears: Int[np.ndarray, " classes"], label: Labels
) -> tuple[Ranks, Ranks, Ranks, Labels]:
    scores = (images @ texts.T)[:, bears]
    own = scores[np.arange(len(label)), label][:, None]
    better, equal = (scores > own).sum(axis=1), scores == own
    before = (equal & (np.arange(scores.shape[1]) < label[:, None])).sum(axis=1)
    return better + before + 1, better + equal.sum(axis=1), better + 1, scores.argmax(axis=1)


def recall_gains(label: Labels, right: Bool[np.ndarray, " pictures"]) -> Float[np.ndarray, " pictures"]:
    """What each picture adds to the mean per-class recall, which is the mean of this: the rarer a class, the more its pictures.

    CLIP_benchmark's `mean_per_class_recall`, scikit-learn's balanced_accuracy_score: a class without pictures is left out of the
    mean, whether or not pictures are put into it.
    """
    pictures = np.bincount(label)
    return right * len(label) / (np.count_nonzero(pictures) * pictures[label])


def mean_per_class_recall(label: Labels, predicted: Labels) -> float:
    """Mean over classes of the share of a class's pictures that are put into it."""
    return float(recall_gains(label, label == predicted).mean())


def mean_average_precision(scores: Float[np.ndarray, "pictures classes"], truth: Int[np.ndarray, "pictures classes"]) -> float:
    """Mean over classes of the average precision of all pictures sorted by the class's score, for pictures of several classes.

    CLIP_benchmark's `mean_average_precision` (after torchnet's APMeter): precision at each of the class's pictures, averaged,
    with no interpolation; a class without pictures counts as 0 in the mean. Of equal scores the lower index comes first.
    """
    order = np.argsort(-scores, axis=0, kind="stable")
    hit = np.take_along_axis(truth, order, axis=0) != 0
    precision = np.cumsum(hit, axis=0) / np.arange(1, len(scores) + 1)[:, None]
    each = np.where(hit, precision, 0.0).sum(axis=0) / np.maximum(hit.sum(axis=0), 1)
    return float(each.mean())
