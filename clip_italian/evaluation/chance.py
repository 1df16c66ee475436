"""Chance levels: the expected value of a metric when every query ranks its gallery at random.

The rank of the best of m relevant items among N is beyond k with probability C(N - m, k)/C(N, k), the hypergeometric chance that
the first k places hold none of them. A random order has no ties, so every rule for ties gives the same.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from clip_italian.evaluation.scoring import Pairing


def missed(relevant: Int[np.ndarray, " queries"], items: int, k: int) -> Float[np.ndarray, " k_plus_one"]:
    """The mean probability over queries that no relevant item is among the first 0, 1, ..., k of `items`."""
    places = np.arange(min(k, items))
    factors = np.maximum(items - relevant[:, None] - places, 0) / (items - places)
    found = np.concatenate([[1.0], np.cumprod(factors, axis=1).mean(axis=0)])
    return np.pad(found, (0, k + 1 - len(found)))


def level(metric: str, relevant: Int[np.ndarray, " queries"], items: int) -> float:
    """The chance level of `mrr@k`, `recall@k` or `acc@k`, from the number of relevant items of each query."""
    kind, _, k = metric.partition("@")
    beyond = missed(relevant, items, int(k))
    return float((-np.diff(beyond) / np.arange(1, int(k) + 1)).sum() if kind == "mrr" else 1 - beyond[-1])


def retrieval(truth: Pairing, names: Sequence[str]) -> dict[str, float]:
    """The chance levels of a retrieval set by the names of its metrics: direction/relevance/metric."""
    owners = np.unique(truth.owner)
    result = {}
    for name in names:
        direction, relevance, metric = name.split("/")
        relevant = truth.relevant(relevance)
        if direction == "text_to_image":
            counts, items = _distinct(relevant.rows(), relevant.indices, len(truth.owner)), truth.images
        else:
            counts, items = _distinct(relevant.indices, relevant.rows(), truth.images)[owners], len(truth.owner)
        result[name] = level(metric, counts, items)
    return result


def _distinct(query: Int[np.ndarray, " e"], item: Int[np.ndarray, " e"], queries: int) -> Int[np.ndarray, " queries"]:
    """How many items each query has, each counted once."""
    return np.bincount(np.unique(np.stack([query, item], axis=1), axis=0)[:, 0], minlength=queries)


def classification(classes: int, names: Sequence[str]) -> dict[str, float]:
    """The chance levels of acc@k among so many classes."""
    return {name: level(name, np.ones(1, np.int64), classes) for name in names}
