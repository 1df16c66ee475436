"""From the embeddings of a test set to every metric that a protocol names, bounds for ties, and the outcome of every item.

Metrics of a retrieval set are named direction/relevance/metric: `text_to_image` or `image_to_text`; `own` (a text and its picture)
or `any` (every picture that the text is true of, where that is known); and

    mrr@k, recall@k, median_rank     of the rank of the best relevant item (clip_italian/evaluation/metrics.py); an item of an
                                     equal score counts as better
    list/precision@k, list/hit@k, list/recall@k, list/f1@k, list/dcg@k, list/ndcg@k,
    list/average_precision@k, list/reciprocal_rank@k, list/r_precision@k
                                     of the list of the k best items (clip_italian/evaluation/metrics.py); of equal
                                     scores the lower index comes first

Metrics of a zero-shot set: acc@k, median_rank, mean_per_class_recall, or mean_average_precision where a picture may have several
classes (clip_italian/evaluation/classification.py). All are shares of 1 but the median ranks, which are places from 1. A recall or
accuracy whose k is beyond the number of items has no value: None.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from clip_italian.evaluation import classification, metrics
from clip_italian.evaluation.published.test_sets import Captioned, Classified
from clip_italian.evaluation.ranks import Relevant, ranks

BLOCK = 1024  # queries scored at once; bounds memory, changes no number
Values = dict[str, float | None]

OF_A_LIST: dict[str, Callable[[np.ndarray, int], float]] = {  # relevance in the order of the list, relevant items altogether
    "precision": lambda relevance, _: metrics.precision_at(relevance),
    "hit": lambda relevance, _: metrics.hit_at(relevance),
    "recall": lambda relevance, relevant: metrics.list_recall_at(relevance, relevant),
    "f1": lambda relevance, relevant: metrics.f1_at(relevance, relevant),
    "dcg": lambda relevance, _: metrics.dcg_at(relevance),
    "ndcg": lambda relevance, _: metrics.ndcg_at(relevance),
    "average_precision": lambda relevance, _: metrics.average_precision(relevance),
    "reciprocal_rank": lambda relevance, _: metrics.reciprocal_rank(relevance),
    "r_precision": lambda relevance, _: metrics.r_precision(relevance),
}


@dataclasses.dataclass(frozen=True)
class Scored:
    """Metrics by our names; of those that ties can change, the lowest and the highest value; arrays of a row each item."""

    metrics: Values
    bounds: dict[str, tuple[float, float]]
    items: dict[str, np.ndarray]


def of_ranks(rank: Int[np.ndarray, " queries"], metric: str, items: int) -> float | None:
    """`mrr@k`, `recall@k`, `acc@k` or `median_rank` of ranks among so many items."""
    if metric == "median_rank":
        return metrics.median_rank(rank)
    kind, k = metric.split("@")
    return None if kind != "mrr" and int(k) > items else float(metrics.gains(rank, metric).mean())


def _bounded(metric: str, items: int, *ranked: Int[np.ndarray, " queries"]) -> tuple[float, float] | None:
    values = [of_ranks(rank, metric, items) for rank in ranked]
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None


def retrieval(
    test: Captioned, image: Float[np.ndarray, "pictures d"], text: Float[np.ndarray, "texts d"], names: list[str]
) -> Scored:
    """Scores a retrieval set; a picture without a text is in the gallery and is no query.

    Raises ValueError for a name that is none of a retrieval set's metrics.
    """
    scored = Scored({}, {}, {})
    for pair in dict.fromkeys(tuple(name.split("/")[:2]) for name in names):
        place = "/".join(pair)
        wanted = [name.removeprefix(f"{place}/") for name in names if name.startswith(f"{place}/")]
        queries, gallery, relevant, owner = _task(test, image, text, place)
        rank, tied = ranks(queries, gallery, relevant, BLOCK)
        scored.items[place], scored.items[f"{place}/tied"] = rank, tied
        scored.items[f"{pair[0]}/image"] = owner
        for metric in wanted:
            if metric.startswith("list/"):
                scored.metrics[f"{place}/{metric}"] = _of_lists(queries, gallery, relevant, metric.removeprefix("list/"))
                continue
            scored.metrics[f"{place}/{metric}"] = of_ranks(rank, metric, len(gallery))
            if bounds := _bounded(metric, len(gallery), rank, rank - tied):
                scored.bounds[f"{place}/{metric}"] = bounds
    if test.seen is not None:
        scored.items["seen"] = test.seen
    return scored


def _task(test: Captioned, image: np.ndarray, text: np.ndarray, place: str) -> tuple[np.ndarray, np.ndarray, Relevant, np.ndarray]:
    """Queries, gallery, what is relevant to each query, and the picture that each query belongs to."""
    direction, _, relevance = place.partition("/")
    if relevance not in ("own", "any") or (relevance == "any" and test.true is None):
        raise ValueError(f"the test set does not tell what `{place}` is")
    relevant = test.true if relevance == "any" and test.true is not None else Relevant.single(test.owner)
    if direction == "text_to_image":
        return text, image, relevant, test.owner
    if direction == "image_to_text":
        askers = np.unique(test.owner)
        return image[askers], text, relevant.transposed(len(image)).of(askers), askers
    raise ValueError(f"`{direction}` is no direction of retrieval")


def best(
    queries: Float[np.ndarray, "m d"], gallery: Float[np.ndarray, "n d"], relevant: Relevant, k: int
) -> Bool[np.ndarray, "m places"]:
    """Whether each of the k best-scoring items of each query is relevant, the best first; all items where there are fewer."""
    parts = []
    for start in range(0, len(queries), BLOCK):
        scores = queries[start : start + BLOCK] @ gallery.T
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        parts.append(np.take_along_axis(relevant.mask(start, start + BLOCK, len(gallery)), order, axis=1))
    return np.concatenate(parts)


def _of_lists(queries: np.ndarray, gallery: np.ndarray, relevant: Relevant, metric: str) -> float:
    kind, k = metric.split("@")
    if kind not in OF_A_LIST:
        raise ValueError(f"`list/{metric}` is no metric; known are {', '.join(OF_A_LIST)}")
    rows = best(queries, gallery, relevant, int(k)).astype(np.int32)
    counts = np.diff(relevant.indptr).tolist()
    return float(np.mean([OF_A_LIST[kind](row, count) for row, count in zip(rows, counts, strict=True)]))


def zeroshot(
    test: Classified,
    image: Float[np.ndarray, "pictures d"],
    texts: Float[np.ndarray, "distinct d"],
    names: list[str],
) -> Scored:
    """Scores a zero-shot set; `texts` has a row for each different label, in the order in which they first occur.

    Raises ValueError for a name that is none of the set's metrics.
    """
    _, bears = classification.distinct(test.classes)
    if test.label.ndim == 2:
        if set(names) != {"mean_average_precision"}:
            raise ValueError(f"{', '.join(names)}: of pictures with several classes there is mean_average_precision alone")
        value = classification.mean_average_precision((image @ texts.T)[:, bears], test.label)
        return Scored({"mean_average_precision": value}, {}, {"label": test.label})
    found = classification.rank_classes(image, texts, bears, test.label)
    scored = Scored({}, {}, dataclasses.asdict(found) | {"label": test.label})
    for metric in names:
        if metric == "mean_per_class_recall":
            scored.metrics[metric] = classification.mean_per_class_recall(test.label, found.predicted)
            continue
        scored.metrics[metric] = of_ranks(found.rank, metric, len(test.classes))
        if bounds := _bounded(metric, len(test.classes), found.pessimistic, found.optimistic):
            scored.bounds[metric] = bounds
    return scored
