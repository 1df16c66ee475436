"""Zero-shot classification of pictures by labels in words (Radford et al. 2021, section 3.1)."""

from collections.abc import Iterable, Sequence

import jax
import numpy as np
from jaxtyping import Float

from clip_italian.checkpoints.model import Model
from clip_italian.data.images.opening import ImageInput
from clip_italian.errors import InputError
from clip_italian.evaluation import classification

TEMPLATES = ("{}",)  # as CLIP-Italian's evaluation: the label alone


def probabilities(
    model: Model, images: Iterable[ImageInput], labels: Sequence[str], templates: Sequence[str] = TEMPLATES
) -> Float[np.ndarray, "images labels"]:
    """How likely each label is among all of them, by the softmax of the model's own scale times the cosines.

    A label's vector is the mean over the templates, in each of which `{}` stands for it. Raises InputError for fewer than two
    labels, labels that are empty or repeat, and templates without a place.
    """
    _check(labels, templates)
    vectors = model.encode_text(classification.prompts(list(labels), list(templates))).reshape(len(labels), len(templates), -1)
    cosines = model.encode_image(images) @ classification.ensemble(vectors).T
    return np.asarray(jax.nn.softmax(np.exp(model.params["logit_scale"]) * cosines, axis=1))


def _check(labels: Sequence[str], templates: Sequence[str]) -> None:
    if isinstance(labels, str) or len(labels) < 2:
        raise InputError(f"labels: {labels!r}; at least two are needed, for a probability is a choice among them")
    for number, label in enumerate(labels):
        if not label.strip():
            raise InputError(f"labels: number {number + 1} is empty; write what is to be seen, or leave it out")
        if label in labels[:number]:
            raise InputError(f"labels: `{label}` is there twice; leave one out, for they share one probability")
    for template in templates:
        if "{}" not in template:
            raise InputError(f"templates: `{template}` has no {{}} where the label goes; write it as `una foto di {{}}`")
