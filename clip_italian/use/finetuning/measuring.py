"""Retrieval metrics of a model on a test set: those that Jina's Finetuner reported (docarray 0.21), with confidence intervals."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from clip_italian.checkpoints.model import BATCH, Model
from clip_italian.data.images import opening
from clip_italian.data.images.images import Pixels
from clip_italian.errors import InputError
from clip_italian.evaluation import statistics
from clip_italian.evaluation.metrics import METRICS
from clip_italian.use.finetuning.settings import FinetuningSettings
from clip_italian.use.finetuning.tables import TestSet

QUERIES_AT_ONCE = 1024  # bounds memory


class Gallery(NamedTuple):
    """A test set with the pixels of its images; images that cannot be read are removed from it."""

    test: TestSet
    pixels: np.ndarray  # as the model takes them: n, size, size, 3
    refused: list[str]


def gallery(model: Model, test: TestSet) -> Gallery:
    """Reads the images of a test set; raises InputError if a query has no relevant image left."""
    read: list[Pixels | str] = []
    for block in opening.map_blocks(lambda path: _fitted(model, path), test.images, BATCH):
        read.extend(block)
    kept = [index for index, one in enumerate(read) if not isinstance(one, str)]
    refused = [one for one in read if isinstance(one, str)]
    now = {before: after for after, before in enumerate(kept)}
    relevant = [frozenset(now[index] for index in right if index in now) for right in test.relevant]
    for query, right in zip(test.queries, relevant, strict=True):
        if not right:
            raise InputError(f"none of the images that are relevant to `{query}` can be read; the first error: {refused[0]}")
    pixels = np.stack([read[index] for index in kept])
    return Gallery(TestSet(test.queries, [test.images[index] for index in kept], relevant), pixels, refused)


def _fitted(model: Model, path: pathlib.Path) -> Pixels | str:
    try:
        return model.fitted(path)
    except InputError as error:
        return str(error)


def answers(model: Model, gallery: Gallery, k: int) -> Int[np.ndarray, "queries k"]:
    """The indices of the `k` images nearest to each query, nearest first; ties in the order of the gallery."""
    image, text = model.encode_fitted(gallery.pixels), model.encode_text(gallery.test.queries)
    return ranked(image, text, k)


def ranked(image: Float[np.ndarray, "images p"], text: Float[np.ndarray, "queries p"], k: int) -> Int[np.ndarray, "queries k"]:
    """The indices of the `k` images nearest to each text, nearest first."""
    blocks = [text[start : start + QUERIES_AT_ONCE] for start in range(0, len(text), QUERIES_AT_ONCE)]
    return np.concatenate([np.argsort(-(block @ image.T), axis=1, kind="stable")[:, :k] for block in blocks])


def relevant(test: TestSet, ranking: Int[np.ndarray, "queries k"]) -> Bool[np.ndarray, "queries k"]:
    """Whether each ranked image is relevant to its query."""
    return np.array([[index in right for index in row] for row, right in zip(ranking.tolist(), test.relevant, strict=True)])


def values(right: Bool[np.ndarray, "queries k"]) -> Float[np.ndarray, "queries metrics"]:
    """Every metric for every query, from whether each ranked image is relevant."""
    return np.array([[metric(row) for metric in METRICS.values()] for row in right.astype(np.int64)])


def compared(test: TestSet, rankings: Sequence[Int[np.ndarray, "queries k"]], settings: FinetuningSettings) -> dict[str, Any]:
    """The mean of each metric before and after, and of the difference, with bootstrap percentile intervals over the queries.

    `rankings` are the images ranked before and after. All three use the same resamples. `p` is of the sign-flip test for no
    difference.
    """
    two = [values(relevant(test, ranking)) for ranking in rankings]
    columns = np.concatenate([*two, two[1] - two[0]], axis=1)
    seed = (settings.seed, 0)
    samples = statistics.bootstrap(columns, np.ones(len(columns)), settings.resamples, seed)
    low, high = statistics.interval(samples, settings.confidence)
    p = statistics.sign_flip(two[1] - two[0], settings.resamples, seed)
    rows = zip(columns.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
    cells = [{"value": value, "interval": [least, most]} for value, least, most in rows]
    before, after, difference = (cells[start : start + len(METRICS)] for start in range(0, len(cells), len(METRICS)))
    return {
        name: {"before": before[index], "after": after[index], "difference": difference[index], "p": float(p[index])}
        for index, name in enumerate(METRICS)
    }
