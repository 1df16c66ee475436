"""What ranks are worth. A rank is 1 for the best place; every metric is the mean of a gain per query.

With several relevant items the rank is that of the best one, so recall@k is the share of queries with a hit among the
first k (CLIP_benchmark's `retrieval_recall@k`), and reciprocal rank is that of the first hit. MRR@k follows
CLIP-Italian's notebook of 2021 (CLIP_Image_Retrieval_and_MRR.ipynb): 0 beyond place k. So MRR@1 = recall@1.
"""

import numpy as np
from jaxtyping import Float, Int

Ranks = Int[np.ndarray, " queries"]
Gains = Float[np.ndarray, " queries"]


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
    """Share of pictures whose class is among the first k; the rank is that of the true class."""
    return recall_at(ranks, k)


def median_rank(ranks: Ranks) -> float:
    """The middle rank; the mean of the two middle ones when their number is even."""
    return float(np.median(ranks))


def gains(ranks: Ranks, metric: str) -> Gains:
    """The gain of every query under a metric by its printed name: `mrr@k`, `recall@k` or `acc@k`."""
    kind, k = metric.split("@")
    return {"mrr": reciprocal_ranks, "recall": hits, "acc": hits}[kind](ranks, int(k))
