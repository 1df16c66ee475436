"""Zero-shot classification on saved embeddings: each picture ranks one text row per class.

The ensemble over templates is done when the text rows are made (normalise, mean, normalise again: CLIP-Italian's
ImageNet notebook and CLIP_benchmark agree), so a score is a cosine; the factor 100 of both cannot reorder classes.

results/<profile>/zeroshot.json has the layout of retrieval.json (see clip_italian/evaluation/study/retrieval.py) with metrics
acc@k (fractions of 1), `median_rank` and `tied`, and {"sets": {set: {"images": n, "classes": c}}}.
results/<profile>/items/zeroshot/<model>-<seed>-<set>.npz holds `rank` int32: the place of each picture's true class.
"""

import numpy as np

from clip_italian import files
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.ranks import Relevant, ranks
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings, embeddings_path, grid, items_path, test_folder

FIRST_STREAM = 1000  # keeps this protocol's resamples apart from retrieval's


def gains(rank: np.ndarray, cutoffs: list[int]) -> summary.Cell:
    """The gains of one model's ranks; every picture is a unit of its own."""
    names = tuple(f"acc@{k}" for k in cutoffs)
    return [summary.Gains(np.arange(len(rank)), names, np.stack([metrics.gains(rank, name) for name in names], axis=1))]


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Evaluates every model and seed of the grid on every zero-shot set; writes results and per-item ranks.

    Raises InputError naming the first embeddings file that is missing or does not fit its test set.
    """
    results: dict = {"sets": {}, "models": {}}
    for stream, test_set in enumerate(settings.zeroshot_sets, start=FIRST_STREAM):
        (label,) = arrays.read(test_folder(params.profile, test_set) / "truth.npz", "label")
        entries, classes = _evaluate_set(params, settings, test_set, label, stream)
        results["sets"][test_set] = {"images": len(label), "classes": classes}
        for model, entry in entries.items():
            results["models"].setdefault(model, {})[test_set] = entry
    files.write_json(summary.results_path(params.profile, "zeroshot"), results)


def _evaluate_set(params: Params, settings: EvaluationSettings, test_set: str, label: np.ndarray, stream: int) -> tuple[dict, int]:
    cells: dict[str, dict[int, summary.Cell]] = {}
    extras: dict[str, dict[int, dict[str, float]]] = {}
    for model, seeds in grid(params, settings.single_seed).items():
        for seed in seeds:
            path = embeddings_path(params.profile, model, seed, test_set)
            image, text = arrays.read_embeddings(path, len(label), None)
            if label.max() >= len(text):
                raise InputError(f"{path}: {len(text)} text rows for labels up to {label.max()}; run `dvc repro`")
            rank, ties = ranks(image, text, Relevant.single(label), settings.block)
            arrays.write(items_path(params.profile, "zeroshot", model, seed, test_set), rank=rank)
            cells.setdefault(model, {})[seed] = gains(rank, settings.accuracy_cutoffs)
            extras.setdefault(model, {})[seed] = {
                "median_rank": metrics.median_rank(rank),
                "tied": float((ties > 0).mean()),
            }
    return summary.with_extras(summary.summarise(cells, len(label), settings, stream), extras), len(text)
