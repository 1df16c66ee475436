"""Text-to-image and image-to-text retrieval on saved embeddings.

A caption looks for its own picture (`own`, as CLIP-Italian and CLIP_benchmark score) or for any picture it is true of
(`any`, where that is known, as of the drawn world). A picture looks for its captions the same ways; pictures that own no
caption are in the gallery and are not queries.

results/<profile>/retrieval.json:

    {"sets": {set: {"images": n, "captions": m, "image_queries": n'}},
     "models": {model: {set: {
        "seeds": {seed: {"text_to_image/own/mrr@1": value, ...}},
        "mean": {metric: value}, "sd": {metric: value},           # over seeds; no sd with one seed
        "interval": {metric: [low, high]},                        # seeds and images resampled
        "item_interval": {metric: [low, high]}}}}}                # images resampled, the trained models given

Metrics are direction/relevance/name: text_to_image or image_to_text; own or any; mrr@k, recall@k (fractions of 1).
`median_rank` and `tied` (share of queries whose positive ties with a wrong item) have `seeds` and `mean` only.
results/<profile>/items/retrieval/<model>-<seed>-<set>.npz holds the ranks: "direction/relevance" int32, and
"direction/image", the picture each query belongs to.
"""

import concurrent.futures
import dataclasses

import numpy as np

from clip_italian import files
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.ranks import Relevant, ranks
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings, embeddings_path, grid, items_path, test_folder

RELEVANCES = ("own", "any")
AT_ONCE = 2  # sets: while one is ranked another is resampled; changes no number


@dataclasses.dataclass(frozen=True)
class Truth:
    """What a retrieval set's captions are true of."""

    images: int
    owner: np.ndarray  # image of each caption
    relevant: dict[str, Relevant]  # by relevance, captions to images; `any` only where it is known


def read_truth(profile: str, test_set: str) -> Truth:
    """Returns the truth of a test set; raises InputError naming the file when it contradicts itself."""
    path = test_folder(profile, test_set) / "truth.npz"
    owner, near_miss = arrays.read(path, "owner", "near_miss")
    relevant = {"own": Relevant.single(owner)}
    if "true_indptr" in arrays.names(path):
        relevant["any"] = Relevant(*arrays.read(path, "true_indptr", "true_indices"))
    for one in relevant.values():
        if len(one.indptr) != len(owner) + 1 or one.indptr[-1] != len(one.indices) or one.indices.max() >= len(near_miss):
            raise InputError(f"{path}: its arrays do not fit each other; delete it and run `dvc repro`")
    return Truth(len(near_miss), owner, relevant)


def rank_items(image: np.ndarray, text: np.ndarray, truth: Truth, block: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Returns the ranks of both directions and relevances with the picture of each query, and the shares of ties."""
    askers = np.unique(truth.owner)
    items = {"text_to_image/image": truth.owner, "image_to_text/image": askers.astype(np.int32)}
    tied = {}
    for relevance, relevant in truth.relevant.items():
        name = f"text_to_image/{relevance}"
        items[name], ties = ranks(text, image, relevant, block)
        tied[name] = float((ties > 0).mean())
        name = f"image_to_text/{relevance}"
        items[name], ties = ranks(image[askers], text, relevant.transposed(truth.images).of(askers), block)
        tied[name] = float((ties > 0).mean())
    return items, tied


def gains(items: dict[str, np.ndarray], cutoffs: list[int]) -> summary.Cell:
    """The gains of one model's ranks, one part for each direction."""
    names = [f"{kind}@{k}" for kind in ("mrr", "recall") for k in cutoffs]
    cell = []
    for direction in ("text_to_image", "image_to_text"):
        columns = {
            f"{direction}/{relevance}/{name}": metrics.gains(items[f"{direction}/{relevance}"], name)
            for relevance in RELEVANCES
            if f"{direction}/{relevance}" in items
            for name in names
        }
        cell.append(summary.Gains(items[f"{direction}/image"], tuple(columns), np.stack([*columns.values()], axis=1)))
    return cell


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Evaluates every model and seed of the grid on every retrieval set; writes results and per-item ranks.

    Raises InputError naming the first embeddings file that is missing or does not fit its test set.
    """
    results: dict = {"sets": {}, "models": {}}
    truths = {test_set: read_truth(params.profile, test_set) for test_set in settings.retrieval_sets}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [
            pool.submit(_evaluate_set, params, settings, test_set, truth, stream)
            for stream, (test_set, truth) in enumerate(truths.items())
        ]
        for (test_set, truth), found in zip(truths.items(), running, strict=True):
            results["sets"][test_set] = {
                "images": truth.images,
                "captions": len(truth.owner),
                "image_queries": len(np.unique(truth.owner)),
            }
            for model, entry in found.result().items():
                results["models"].setdefault(model, {})[test_set] = entry
    files.write_json(summary.results_path(params.profile, "retrieval"), results)


def _evaluate_set(params: Params, settings: EvaluationSettings, test_set: str, truth: Truth, stream: int) -> dict:
    cells: dict[str, dict[int, summary.Cell]] = {}
    extras: dict[str, dict[int, dict[str, float]]] = {}
    for model, seeds in grid(params, settings.single_seed).items():
        for seed in seeds:
            path = embeddings_path(params.profile, model, seed, test_set)
            image, text = arrays.read_embeddings(path, truth.images, len(truth.owner))
            items, tied = rank_items(image, text, truth, settings.block)
            arrays.write(items_path(params.profile, "retrieval", model, seed, test_set), **items)
            cells.setdefault(model, {})[seed] = gains(items, settings.retrieval_cutoffs)
            medians = {f"{name}/median_rank": metrics.median_rank(items[name]) for name in tied}
            extras.setdefault(model, {})[seed] = medians | {f"{name}/tied": share for name, share in tied.items()}
    return summary.with_extras(summary.summarise(cells, truth.images, settings, stream), extras)
