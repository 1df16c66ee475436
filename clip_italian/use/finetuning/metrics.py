"""The metrics that Jina's Finetuner reported, by the definitions of docarray 0.21."""

from collections.abc import Callable

import numpy as np

from clip_italian.evaluation import relevance_metrics

METRICS: dict[str, Callable[[np.ndarray], float]] = {  # of how relevant each place of a list is; names as Finetuner printed them
    "precision_at_k": relevance_metrics.precision_at,
    "hit_at_k": relevance_metrics.hit_at,
    "average_precision": relevance_metrics.average_precision,
    "reciprocal_rank": relevance_metrics.reciprocal_rank,
    "dcg_at_k": relevance_metrics.dcg_at,
}
LABELS = {  # as people read them
    "precision_at_k": "precision@k", "hit_at_k": "hit@k", "average_precision": "average precision",
    "reciprocal_rank": "reciprocal rank", "dcg_at_k": "DCG@k",
}  # fmt: skip
