"""The evaluator: `score` turns the embeddings of a test set and its truth into metrics, their bounds, and the rank of every query.

The study's stages and `evaluate --protocol` both call it, so that they agree to the last digit on the same embeddings.

    score(np.array([0, 1]), image, text, ["acc@1"], "pessimistic").metrics  ->  {"acc@1": 1.0}
    with image = [[1, 0], [0, 1]], an image a row, and text = [[1, 0], [0, 1]], a class a row

Metrics of a retrieval set are named direction/relevance/metric: `text_to_image` or `image_to_text`; `own` (a text and its image)
or `any` (every image that the text is true of, where that is known); and

    mrr@k, recall@k, median_rank     of the rank of the best relevant item (clip_italian/evaluation/metrics.py)
    list/precision@k, list/hit@k, list/recall@k, list/f1@k, list/dcg@k, list/ndcg@k,
    list/average_precision@k, list/reciprocal_rank@k, list/r_precision@k
                                     of the list of the k best items (clip_italian/evaluation/metrics.py)

Metrics of a zero-shot set: acc@k, median_rank, mean_per_class_recall, or mean_average_precision where an image may have several
classes (clip_italian/evaluation/classification.py). All are shares of 1 but the median ranks, which are places from 1. A recall or
accuracy whose k is beyond the number of items has no value: None.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from clip_italian.evaluation import classification, metrics
from clip_italian.evaluation.ranks import Ranked, Relevant, Ties, ranks

BLOCK = 1024  # queries scored at once; bounds memory, changes no number
DIRECTIONS = ("text_to_image", "image_to_text")

LIST_METRICS: dict[str, Callable[[np.ndarray, int], float]] = {  # of the relevance of each place, and of all relevant items' number
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
# docarray divides these by what the list itself holds, so that fewer hits can give a higher value: no order of ties bounds them.
UNBOUNDED = ("ndcg", "average_precision", "r_precision")

Labels = Int[np.ndarray, " images"] | Int[np.ndarray, "images classes"]  # the class of each image, or a row of 0 and 1 for several


@dataclasses.dataclass(frozen=True)
class Pairing:
    """The truth of a retrieval set: every text is of one image; an image may have several texts, or none."""

    images: int
    owner: Int[np.ndarray, " texts"]  # the image of each text
    true: Relevant | None = None  # every image that a text is true of, where that is known

    @property
    def relevances(self) -> tuple[str, ...]:
        """`own`, and `any` where that is known."""
        return ("own",) if self.true is None else ("own", "any")

    def relevant(self, relevance: str) -> Relevant:
        """The relevant images of each text; raises ValueError for `any` where that is not known."""
        if relevance not in self.relevances:
            raise ValueError(f"the test set does not tell what `{relevance}` is; known are {', '.join(self.relevances)}")
        return self.true if relevance == "any" and self.true is not None else Relevant.single(self.owner)


@dataclasses.dataclass(frozen=True)
class Scores:
    """The result of `score`.

    `bounds` has the lowest and the highest value that any rule for ties could give. `gains` has each query's value of every metric
    that is a mean over queries. `items` are arrays with one row per query: of a retrieval set `direction/relevance`, the rank, and
    `direction/image`, the image that a query belongs to; of a zero-shot set `rank`, and `label`, the class. Beside each rank stand
    `.../pessimistic` and `.../optimistic`, the ranks that bound it.
    """

    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    gains: dict[str, Float[np.ndarray, " queries"]] = dataclasses.field(default_factory=dict)
    items: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


class Task(NamedTuple):
    """The queries of a ranking, the gallery they are compared with, and what is relevant to each."""

    queries: Float[np.ndarray, "queries d"]
    gallery: Float[np.ndarray, "items d"]
    relevant: Relevant
    image: Int[np.ndarray, " queries"]  # the image that each query belongs to


def score(
    truth: Pairing | Labels,
    image: Float[np.ndarray, "images d"],
    text: Float[np.ndarray, "texts d"],
    names: Sequence[str],
    ties: Ties,
    block: int = BLOCK,
) -> Scores:
    """Scores a test set by the metrics of those names; `text` has a row for each caption, or for each class.

    `ties` is the rule for wrong items of exactly a right one's score (ranks.py). An image without a text is in the gallery and is
    no query. Raises ValueError for a name that is none of the set's metrics.
    """
    scores = Scores()
    if not isinstance(truth, Pairing) and truth.ndim == 2:
        _score_multilabel(scores, truth, image, text, names, ties)
        return scores
    rankings: dict[str, list[str]] = {}
    for name in names:
        place = "/".join(name.split("/")[:2]) if isinstance(truth, Pairing) else ""
        rankings.setdefault(place, []).append(name.removeprefix(f"{place}/"))
    for place, wanted in rankings.items():
        task = _task(truth, image, text, place)
        ranked = ranks(task.queries, task.gallery, task.relevant, block)
        scores.items[place or "rank"] = ranked.by(ties)
        for rule in ("pessimistic", "optimistic"):
            scores.items[f"{place}/{rule}".lstrip("/")] = getattr(ranked, rule)
        if isinstance(truth, Pairing):
            scores.items[f"{place.split('/')[0]}/image"] = task.image
        else:
            scores.items["label"] = truth
        for metric in wanted:
            name = f"{place}/{metric}".lstrip("/")
            if metric.startswith("list/"):
                _score_lists(scores, name, task, ties, block)
            else:
                _score_ranks(scores, name, metric, truth, ranked, ties, len(task.gallery))
    return scores


def _task(truth: Pairing | Labels, image: np.ndarray, text: np.ndarray, place: str) -> Task:
    """The ranking of a zero-shot set, or that of a retrieval set by its direction/relevance."""
    if not isinstance(truth, Pairing):
        return Task(image, text, Relevant.single(truth), np.arange(len(truth)))
    direction, _, relevance = place.partition("/")
    relevant = truth.relevant(relevance)
    if direction == "text_to_image":
        return Task(text, image, relevant, truth.owner)
    if direction == "image_to_text":
        owners = np.unique(truth.owner).astype(np.int32)
        return Task(image[owners], text, relevant.transposed(truth.images).of(owners), owners)
    raise ValueError(f"`{direction}` is no direction of retrieval; known are {', '.join(DIRECTIONS)}")


def _score_ranks(scores: Scores, name: str, metric: str, truth: Pairing | Labels, ranked: Ranked, ties: Ties, items: int) -> None:
    """Adds a metric of ranks."""

    def gains(rank: Int[np.ndarray, " queries"]) -> Float[np.ndarray, " queries"]:
        if metric == "mean_per_class_recall" and not isinstance(truth, Pairing):
            return classification.recall_gains(truth, rank == 1)
        return metrics.gains(rank, metric)

    def value(rank: Int[np.ndarray, " queries"]) -> float:
        return metrics.median_rank(rank) if metric == "median_rank" else float(gains(rank).mean())

    if metric != "median_rank":
        scores.gains[name] = gains(ranked.by(ties))
    kind, _, k = metric.partition("@")
    if kind in ("recall", "acc") and int(k) > items:
        scores.metrics[name] = None
        return
    scores.metrics[name] = value(ranked.by(ties))
    low, high = sorted((value(ranked.pessimistic), value(ranked.optimistic)))
    scores.bounds[name] = low, high


def _score_lists(scores: Scores, name: str, task: Task, ties: Ties, block: int) -> None:
    """Adds a metric of the lists of the k best items."""
    kind, _, k = name.rpartition("/")[2].partition("@")
    if kind not in LIST_METRICS:
        raise ValueError(f"`{name}` is no metric; known metrics of a list are {', '.join(LIST_METRICS)}")
    counts = np.diff(task.relevant.indptr).tolist()

    def value(rule: str) -> float:
        rows = best(task, int(k), rule, block).astype(np.int32)
        return float(np.mean([LIST_METRICS[kind](row, count) for row, count in zip(rows, counts, strict=True)]))

    scores.metrics[name] = value(ties)
    if kind not in UNBOUNDED:
        scores.bounds[name] = value("pessimistic"), value("optimistic")


def best(task: Task, k: int, ties: str, block: int = BLOCK) -> Bool[np.ndarray, "queries places"]:
    """Whether each of the k best-scoring items of each query is relevant, the best first; all items where there are fewer.

    `ties` is a rule for equal scores, or `optimistic`: relevant items first.
    """
    parts = []
    for start in range(0, len(task.queries), block):
        scores = _cosines(task.queries[start : start + block], task.gallery)
        mask = task.relevant.mask(start, start + block, len(task.gallery))
        preferred = {"pessimistic": mask, "optimistic": ~mask}.get(ties, np.zeros_like(mask))  # False goes first
        order = np.lexsort((preferred, -scores), axis=1)[:, :k]
        parts.append(np.take_along_axis(mask, order, axis=1))
    return np.concatenate(parts)


def _cosines(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Products by the compiler of the ranks' kernel: equal rows have equal products, which NumPy's do not have."""
    return np.asarray(jnp.matmul(queries, gallery.T, precision="highest"))


def _score_multilabel(scores: Scores, truth: Labels, image: np.ndarray, text: np.ndarray, names: Sequence[str], ties: Ties) -> None:
    if set(names) != {"mean_average_precision"}:
        raise ValueError(f"{', '.join(names)}: of images with several classes there is mean_average_precision alone")
    cosines = _cosines(image, text)
    values = {rule: classification.mean_average_precision(cosines, truth, rule) for rule in {ties, "pessimistic", "optimistic"}}
    scores.metrics["mean_average_precision"] = values[ties]
    scores.bounds["mean_average_precision"] = values["pessimistic"], values["optimistic"]
    scores.items["label"] = truth
