"""What a model finds: the metrics that Jina's Finetuner reported, those of docarray 0.21, with intervals over the queries."""

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

QUERIES_AT_ONCE = 1024


class Gallery(NamedTuple):
    """A test set whose pictures are read; those that cannot be are taken out of it."""

    test: TestSet
    pixels: np.ndarray  # as the model takes them: n, side, side, 3
    refused: list[str]


def gallery(model: Model, test: TestSet) -> Gallery:
    """Reads the pictures; raises InputError where a query has no right picture left."""
    read: list[Pixels | str] = []
    for block in opening.map_blocks(lambda path: _fitted(model, path), test.pictures, BATCH):
        read.extend(block)
    kept = [place for place, one in enumerate(read) if not isinstance(one, str)]
    refused = [one for one in read if isinstance(one, str)]
    now = {place: number for number, place in enumerate(kept)}
    relevant = [frozenset(now[place] for place in right if place in now) for right in test.relevant]
    for query, right in zip(test.queries, relevant, strict=True):
        if not right:
            raise InputError(f"no picture that is right for `{query}` can be read; the first reason: {refused[0]}")
    pixels = np.stack([read[place] for place in kept])
    return Gallery(TestSet(test.queries, [test.pictures[place] for place in kept], relevant), pixels, refused)


def _fitted(model: Model, path: pathlib.Path) -> Pixels | str:
    try:
        return model.fitted(path)
    except InputError as error:
        return str(error)


def answers(model: Model, asked: Gallery, places: int) -> Int[np.ndarray, "queries places"]:
    """Each query's pictures, the best first; of equal cosines the one that comes first in the index."""
    image, text = model.encode_fitted(asked.pixels), model.encode_text(asked.test.queries)
    return ranked(image, text, places)


def ranked(
    image: Float[np.ndarray, "pictures p"], text: Float[np.ndarray, "queries p"], places: int
) -> Int[np.ndarray, "queries places"]:
    """Each text's nearest pictures."""
    blocks = [text[start : start + QUERIES_AT_ONCE] for start in range(0, len(text), QUERIES_AT_ONCE)]
    return np.concatenate([np.argsort(-(block @ image.T), axis=1, kind="stable")[:, :places] for block in blocks])


def relevant(test: TestSet, found: Int[np.ndarray, "queries places"]) -> Bool[np.ndarray, "queries places"]:
    """Whether each picture of a list is right."""
    return np.array([[place in right for place in row] for row, right in zip(found.tolist(), test.relevant, strict=True)])


def values(right: Bool[np.ndarray, "queries places"]) -> Float[np.ndarray, "queries metrics"]:
    """Every metric of every query."""
    return np.array([[metric(row) for metric in METRICS.values()] for row in right.astype(np.int64)])


def compared(
    before: Bool[np.ndarray, "queries places"], after: Bool[np.ndarray, "queries places"], settings: FinetuningSettings
) -> dict[str, Any]:
    """Each metric before and after, and the difference: means with percentile intervals over the queries, and p of no difference.

    The same resamples of the queries serve all three, and p is that of the sign-flip test.
    """
    two = [values(before), values(after)]
    columns = np.concatenate([*two, two[1] - two[0]], axis=1)
    seed = (settings.seed, 0)
    samples = statistics.bootstrap(columns, np.ones(len(columns)), settings.resamples, seed)
    low, high = statistics.interval(samples, settings.confidence)
    p = statistics.sign_flip(two[1] - two[0], settings.resamples, seed)
    parts = [_cells(columns.mean(axis=0), low, high, part) for part in range(3)]
    return {
        name: {"before": parts[0][place], "after": parts[1][place], "difference": parts[2][place], "p": float(p[place])}
        for place, name in enumerate(METRICS)
    }


def _cells(mean: np.ndarray, low: np.ndarray, high: np.ndarray, part: int) -> Sequence[dict[str, Any]]:
    place = slice(part * len(METRICS), (part + 1) * len(METRICS))
    rows = zip(mean[place].tolist(), low[place].tolist(), high[place].tolist(), strict=True)
    return [{"value": value, "interval": [least, most]} for value, least, most in rows]
