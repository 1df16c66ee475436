"""Zero-shot classification: prompts, the ensemble of templates, and metrics that are means over classes.

Two classes may have one label (39 of the 1,000 of Italian ImageNet do), and a score cannot tell them apart: equal labels have equal
vectors, hence equal scores, and what that does to a rank is a rule that a protocol states (ranks.py).
"""

import re

import numpy as np
from jaxtyping import Bool, Float, Int

SLOT = re.compile(r"\{c?\}")  # of the label in a template: `{}`, or `{c}` as CLIP_benchmark writes it

Labels = Int[np.ndarray, " images"]


def distinct(labels: list[str]) -> tuple[list[str], Int[np.ndarray, " classes"]]:
    """The different labels in the order in which they first occur, and which of them each class has."""
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


def recall_gains(label: Labels, right: Bool[np.ndarray, " images"]) -> Float[np.ndarray, " images"]:
    """Returns each image's gain, whose mean is the mean per-class recall. Images of rarer classes have larger gains.

    CLIP_benchmark's `mean_per_class_recall`, scikit-learn's balanced_accuracy_score: a class without images is left out of the
    mean, whether or not images are put into it.
    """
    images = np.bincount(label)
    return right * len(label) / (np.count_nonzero(images) * images[label])


def mean_average_precision(
    scores: Float[np.ndarray, "images classes"], truth: Int[np.ndarray, "images classes"], ties: str = "lower_index"
) -> float:
    """Mean over classes of the average precision of all images sorted by the class's score, for images of several classes.

    CLIP_benchmark's `mean_average_precision` (after torchnet's APMeter): precision at each of the class's images, averaged,
    with no interpolation; a class without images counts as 0 in the mean. Of equal scores the lower index comes first, or with
    `ties` pessimistic or optimistic the images that are not or that are of the class.
    """
    preferred = {"pessimistic": truth != 0, "optimistic": truth == 0}.get(ties, np.zeros(truth.shape, bool))  # False goes first
    order = np.lexsort((preferred, -scores), axis=0)
    hit = np.take_along_axis(truth, order, axis=0) != 0
    precision = np.cumsum(hit, axis=0) / np.arange(1, len(scores) + 1)[:, None]
    each = np.where(hit, precision, 0.0).sum(axis=0) / np.maximum(hit.sum(axis=0), 1)
    return float(each.mean())
