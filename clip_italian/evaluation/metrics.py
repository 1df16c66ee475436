"""Metrics of retrieval and classification: of ranks, and of one ranked list.

Of ranks: a rank is 1 for the first place, and every metric is the mean of a gain per query. With several relevant items the rank
is that of the best one, so recall@k is the share of queries with a hit among the first k (CLIP_benchmark's `retrieval_recall@k`),
and reciprocal rank is that of the first hit. MRR@k follows CLIP-Italian's notebook of 2021
(CLIP_Image_Retrieval_and_MRR.ipynb): 0 beyond place k. So MRR@1 = recall@1.

Of a list: what Finetuner reported, which are the metrics of docarray 0.21, docarray/math/evaluation.py. A list says how relevant
each retrieved item is, the best-scored first; `k` cuts it, None takes it whole. Relevance other than 0 counts as relevant except
in DCG, which weighs it. The library's quirks are kept, because its published numbers have them: it never learns what was relevant
and not retrieved, except where `relevant` says so, so nDCG and R-precision of a list that missed every other relevant item can
still be 1.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

Ranks = Int[np.ndarray, " queries"]
Gains = Float[np.ndarray, " queries"]
Relevance = Float[np.ndarray, " places"] | Int[np.ndarray, " places"]


def reciprocal_ranks(ranks: Ranks, k: int) -> Gains:
    """1/rank within the first k places, else 0."""
    return np.where(ranks <= k, 1.0 / ranks, 0.0)


def hits(ranks: Ranks, k: int) -> Gains:
    """1 within the first k places, else 0."""
    return (ranks <= k).astype(np.float64)


def mrr_at(ranks: Ranks, k: int) -> float:
    """Mean reciprocal rank, cut at k."""
    return float(reciprocal_ranks(ranks, k).mean())


def recall_at(ranks: Ranks, k: int) -> float:
    """Share of queries with a relevant item among the first k."""
    return float(hits(ranks, k).mean())


def accuracy_at(ranks: Ranks, k: int) -> float:
    """Share of images whose class is among the first k; the rank is that of the true class."""
    return recall_at(ranks, k)


def median_rank(ranks: Ranks) -> float:
    """The middle rank; the mean of the two middle ones when their number is even."""
    return float(np.median(ranks))


def gains(ranks: Ranks, metric: str) -> Gains:
    """The gain of every query under a metric by its printed name: `mrr@k`, `recall@k` or `acc@k`."""
    kind, k = metric.split("@")
    return {"mrr": reciprocal_ranks, "recall": hits, "acc": hits}[kind](ranks, int(k))


def _cut(relevance: Relevance, k: int | None) -> Float[np.ndarray, " first"] | Int[np.ndarray, " first"]:
    if k is not None and k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    return relevance[:k]


def precision_at(relevance: Relevance, k: int | None = None) -> float:
    """Share of relevant items among the first k, or among all of a shorter list: not divided by k then; 0 for an empty list."""
    first = _cut(relevance, k)
    return float(np.mean(first != 0)) if first.size else 0.0


def hit_at(relevance: Relevance, k: int | None = None) -> float:
    """1 with a relevant item among the first k, else 0."""
    return float(np.any(_cut(relevance, k) != 0))


def list_recall_at(relevance: Relevance, relevant: int, k: int | None = None) -> float:
    """Share of the `relevant` items there are that are among the first k; raises ValueError when the list has more of them."""
    found = int(np.count_nonzero(_cut(relevance, k)))
    if relevant < 1 or found > relevant:
        raise ValueError(f"{found} relevant items in the list and {relevant} altogether")
    return found / relevant


def f1_at(relevance: Relevance, relevant: int, k: int | None = None) -> float:
    """Harmonic mean of precision and recall at k, 0 when both are 0."""
    precision, recall = precision_at(relevance, k), list_recall_at(relevance, relevant, k)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def average_precision(relevance: Relevance) -> float:
    """Mean of the precisions at the relevant items *in the list*, 0 without one.

    It is not divided by how many relevant items there are: with one hit it equals the reciprocal rank.
    """
    places = np.flatnonzero(relevance) + 1
    return float(np.mean(np.arange(1, places.size + 1) / places)) if places.size else 0.0


def reciprocal_rank(relevance: Relevance) -> float:
    """1/place of the first relevant item, 0 without one."""
    places = np.flatnonzero(relevance)
    return 1 / (int(places[0]) + 1) if places.size else 0.0


def r_precision(relevance: Relevance) -> float:
    """Precision among the first R, R being how many relevant items *the list* has; 0 without one."""
    found = int(np.count_nonzero(relevance))
    return precision_at(relevance, found) if found else 0.0


def dcg_at(relevance: Relevance, k: int | None = None, method: int = 0) -> float:
    """Discounted cumulative gain: relevances, the one at place i (from 1) divided by log2(i) from the second place on.

    This is Järvelin & Kekäläinen's (TOIS 2002) with base 2, so the first two places count alike. `method` 1 is the more common
    one, division by log2(i + 1) everywhere. Raises ValueError for another method.
    """
    if method not in (0, 1):
        raise ValueError(f"method is {method}; it must be 0 or 1")
    gains = _cut(relevance, k).astype(np.float64)
    places = np.arange(1, gains.size + 1)
    return float(np.sum(gains / np.log2(places + 1 if method else np.maximum(places, 2))))


def ndcg_at(relevance: Relevance, k: int | None = None, method: int = 0) -> float:
    """DCG divided by that of *the same list* in its best order; 0 without a relevant item."""
    best = dcg_at(-np.sort(-relevance), k, method)
    return dcg_at(relevance, k, method) / best if best else 0.0


METRICS: dict[str, Callable[[np.ndarray], float]] = {  # of a list, that Finetuner reported, by the names it printed
    "precision_at_k": precision_at,
    "hit_at_k": hit_at,
    "average_precision": average_precision,
    "reciprocal_rank": reciprocal_rank,
    "dcg_at_k": dcg_at,
}
LABELS = {  # of METRICS in tables
    "precision_at_k": "precision@k",
    "hit_at_k": "hit@k",
    "average_precision": "average precision",
    "reciprocal_rank": "reciprocal rank",
    "dcg_at_k": "DCG@k",
}
