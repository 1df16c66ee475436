"""Scores of every model and seed of the study on one test set, by the evaluator that `evaluate --protocol` uses too.

results/<profile>/items/<protocol>/<model>-<seed>-<set>.npz has the ranks, as `scoring.Scores.items` says.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, scoring
from clip_italian.evaluation.ranks import Ties
from clip_italian.evaluation.scoring import Labels, Pairing, Scores
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import PROTOCOL, EvaluationSettings, grid
from clip_italian.evaluation.study.summary import Cell, Gains


def ties_of(profile: str, test_set: str) -> Ties:
    """The rule for ties of a test set: its protocol's, or where it has none that they count against the model."""
    path = paths.test_set(profile, test_set) / PROTOCOL
    return files.read_json(path)["ties"] if path.exists() else "pessimistic"


def evaluate(
    params: Params,
    settings: EvaluationSettings,
    protocol: str,
    test_set: str,
    truth: Pairing | Labels,
    parts: list[list[str]],
    stream: int,
) -> dict[str, dict[str, Any]]:
    """Returns what the results file says of each model, and writes the items of each seed.

    `protocol` is retrieval or zeroshot; `parts` are the names of metrics that have their queries in common. Raises InputError
    naming the first embeddings file that is missing or does not fit the test set.
    """
    cells: dict[str, dict[int, Cell]] = {}
    extras: dict[str, dict[int, dict[str, float]]] = {}
    bounds: dict[str, list[dict[str, tuple[float, float]]]] = {}
    images, texts = (truth.images, len(truth.owner)) if isinstance(truth, Pairing) else (len(truth), None)
    rankings = dict.fromkeys(name.rpartition("/")[0] for part in parts for name in part)
    medians = ["/".join(filter(None, (ranking, "median_rank"))) for ranking in rankings]
    names, ties = [*(name for part in parts for name in part), *medians], ties_of(params.profile, test_set)
    for model, seeds in grid(params, settings.single_seed).items():
        for seed in seeds:
            path = paths.embedded(params.profile, model, seed, test_set)
            image, text = arrays.read_embeddings(path, images, texts)
            if not isinstance(truth, Pairing) and truth.max() >= len(text):
                raise InputError(f"{path}: {len(text)} text rows for labels up to {truth.max()}; run `dvc repro`")
            scores = scoring.score(truth, image, text, names, ties, settings.block)
            arrays.write(paths.ranks(params.profile, protocol, model, seed, test_set), **scores.items)
            cells.setdefault(model, {})[seed] = [_gains(scores, part) for part in parts]
            extras.setdefault(model, {})[seed] = _extras(scores, rankings, medians)
            bounds.setdefault(model, []).append(scores.bounds)
    entries = summary.with_extras(summary.summarise(cells, images, settings, stream), extras)
    return {model: entry | {"bounds": _mean_bounds(bounds[model])} for model, entry in entries.items()}


def _gains(scores: Scores, names: list[str]) -> Gains:
    """The gains of metrics that have their queries in common, a column each."""
    values = np.stack([scores.gains[name] for name in names], axis=1)
    direction, ranking, _ = names[0].partition("/")
    return Gains(scores.items[f"{direction}/image"] if ranking else np.arange(len(values)), tuple(names), values)


def _extras(scores: Scores, rankings: Iterable[str], medians: list[str]) -> dict[str, float]:
    """Of each ranking the median rank, and the share of queries whose best relevant item ties with a wrong one."""
    values = {name: value for name in medians if (value := scores.metrics[name]) is not None}
    for ranking in rankings:
        worst, best = (scores.items["/".join(filter(None, (ranking, rule)))] for rule in ("pessimistic", "optimistic"))
        values["/".join(filter(None, (ranking, "tied")))] = float((worst > best).mean())
    return values


def _mean_bounds(bounds: list[dict[str, tuple[float, float]]]) -> dict[str, list[float]]:
    """The mean over seeds of the lowest and of the highest value that any rule for ties could give, by metric."""
    return summary.named(tuple(bounds[0]), np.mean([[*one.values()] for one in bounds], axis=0))
