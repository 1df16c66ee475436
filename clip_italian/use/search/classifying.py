"""Zero-shot classification of images by text labels (Radford et al. 2021, section 3.1)."""

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
    """The probability of each label for each image: the softmax over the labels of the model's scale times the cosines.

    A label's embedding is the mean over the templates, in which `{}` is replaced by the label. Raises InputError for fewer than
    two labels, for empty or repeated labels, and for templates without `{}`.
    """
    _check(labels, templates)
    vectors = model.encode_text(classification.prompts(list(labels), list(templates))).reshape(len(labels), len(templates), -1)
    cosines = model.encode_image(images) @ classification.ensemble(vectors).T
    return np.asarray(jax.nn.softmax(np.exp(model.params["logit_scale"]) * cosines, axis=1))


def _check(labels: Sequence[str], templates: Sequence[str]) -> None:
    if isinstance(labels, str) or len(labels) < 2:
        raise InputError(f"labels: {labels!r}; give at least two, since the probabilities of all labels add up to 1")
    for number, label in enumerate(labels):
        if not label.strip():
            raise InputError(f"labels: number {number + 1} is empty; describe what the image may show, or remove it")
        if label in labels[:number]:
            raise InputError(f"labels: `{label}` is given twice; remove one of the two")
    for template in templates:
        if "{}" not in template:
            raise InputError(f"templates: `{template}` has no {{}} where the label goes; write it as `una foto di {{}}`")
