"""Text-to-image and image-to-text retrieval on saved embeddings.

A caption looks for its own image (`own`, as CLIP-Italian and CLIP_benchmark score) or for any image it is true of
(`any`, where that is known, as of the drawn world). An image looks for its captions the same ways; images that own no
caption are in the gallery and are not queries.

results/<profile>/retrieval.json:

    {"sets": {set: {"images": n, "captions": m, "image_queries": n'}},
     "chance": {set: {metric: value}},                            # of a random order (clip_italian/evaluation/chance.py)
     "models": {model: {set: {
        "seeds": {seed: {"text_to_image/own/mrr@1": value, ...}},
        "mean": {metric: value}, "sd": {metric: value},           # over seeds; no sd with one seed
        "interval": {metric: [low, high]},                        # over seeds and images
        "item_interval": {metric: [low, high]},                   # images resampled, the trained models given
        "bounds": {metric: [lowest, highest]}}}}}                 # by any rule for ties; the mean over seeds

Metrics are direction/relevance/name: text_to_image or image_to_text; own or any; mrr@k, recall@k (fractions of 1).
`median_rank` and `tied` (share of queries whose positive ties with a wrong item) have `seeds` and `mean` only. Ties count against
the model, or as the protocol of a published set says.
"""

import concurrent.futures

import numpy as np

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, chance
from clip_italian.evaluation.ranks import Relevant
from clip_italian.evaluation.scoring import DIRECTIONS, Pairing
from clip_italian.evaluation.study import summary, test_set_scores
from clip_italian.evaluation.study.settings import EvaluationSettings

AT_ONCE = 2  # sets: while one is ranked another is resampled; changes no number


def read_truth(profile: str, test_set: str) -> Pairing:
    """Returns the truth of a test set; raises InputError naming the file when it contradicts itself."""
    path = paths.test_set(profile, test_set) / "truth.npz"
    owner, near_miss = arrays.read(path, "owner", "near_miss")
    known = "true_indptr" in arrays.names(path)
    truth = Pairing(len(near_miss), owner, Relevant(*arrays.read(path, "true_indptr", "true_indices")) if known else None)
    for one in map(truth.relevant, truth.relevances):
        if len(one.indptr) != len(owner) + 1 or one.indptr[-1] != len(one.indices) or one.indices.max() >= truth.images:
            raise InputError(f"{path}: its arrays do not fit each other; delete it and run `dvc repro`")
    return truth


def metric_names(truth: Pairing, cutoffs: list[int]) -> list[list[str]]:
    """The metrics that have an interval, by direction."""
    names = [f"{kind}@{k}" for kind in ("mrr", "recall") for k in cutoffs]
    return [[f"{direction}/{relevance}/{name}" for relevance in truth.relevances for name in names] for direction in DIRECTIONS]


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Evaluates every model and seed of the grid on every retrieval set; writes results and per-item ranks.

    Raises InputError naming the first embeddings file that is missing or does not fit its test set.
    """
    results: dict = {"sets": {}, "chance": {}, "models": {}}
    truths = {test_set: read_truth(params.profile, test_set) for test_set in settings.retrieval_sets}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [
            pool.submit(
                test_set_scores.evaluate,
                params,
                settings,
                "retrieval",
                test_set,
                truth,
                metric_names(truth, settings.retrieval_cutoffs),
                stream,
            )
            for stream, (test_set, truth) in enumerate(truths.items())
        ]
        for (test_set, truth), found in zip(truths.items(), running, strict=True):
            results["sets"][test_set] = {
                "images": truth.images,
                "captions": len(truth.owner),
                "image_queries": len(np.unique(truth.owner)),
            }
            names = [name for part in metric_names(truth, settings.retrieval_cutoffs) for name in part]
            levels = chance.retrieval(truth, names)
            results["chance"][test_set] = summary.named(tuple(levels), np.array([*levels.values()]))
            for model, entry in found.result().items():
                results["models"].setdefault(model, {})[test_set] = entry
    files.write_json(paths.results(params.profile, "retrieval"), results)
