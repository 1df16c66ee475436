"""Zero-shot classification on saved embeddings: each image ranks one text row for each class.

The ensemble over templates is done when the text rows are made (normalise, mean, normalise again: CLIP-Italian's
ImageNet notebook and CLIP_benchmark agree), so a score is a cosine; the factor 100 of both cannot reorder classes.

results/<profile>/zeroshot.json has the layout of retrieval.json (see clip_italian/evaluation/study/retrieval.py) with metrics
acc@k (fractions of 1), `median_rank` and `tied`, and {"sets": {set: {"images": n, "classes": c}}}.
"""

import numpy as np

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.evaluation import arrays, chance
from clip_italian.evaluation.study import summary, test_set_scores
from clip_italian.evaluation.study.settings import EvaluationSettings, grid

FIRST_STREAM = 1000  # keeps this protocol's resamples apart from retrieval's


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Evaluates every model and seed of the grid on every zero-shot set; writes results and per-item ranks.

    Raises InputError naming the first embeddings file that is missing or does not fit its test set.
    """
    results: dict = {"sets": {}, "chance": {}, "models": {}}
    for stream, test_set in enumerate(settings.zeroshot_sets, start=FIRST_STREAM):
        folder = paths.test_set(params.profile, test_set)
        (label,) = arrays.read(folder / "truth.npz", "label")
        names = [[f"acc@{k}" for k in settings.accuracy_cutoffs]]
        entries = test_set_scores.evaluate(params, settings, "zeroshot", test_set, label, names, stream)
        model, (seed, *_) = next(iter(grid(params, settings.single_seed).items()))
        (text,) = arrays.read(paths.embedded(params.profile, model, seed, test_set), "text")
        results["sets"][test_set] = {"images": len(label), "classes": len(text)}
        levels = chance.classification(len(text), names[0])
        results["chance"][test_set] = summary.named(tuple(levels), np.array([*levels.values()]))
        for model, entry in entries.items():
            results["models"].setdefault(model, {})[test_set] = entry
    files.write_json(paths.results(params.profile, "zeroshot"), results)
