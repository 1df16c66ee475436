"""Paired comparisons of models on the same test images, from the per-item ranks.

The primary family (analysis/plan.md) is corrected by Holm, everything else is exploratory and carries q-values. Tests
and `interval` are over replicates (seeds with their backbones) and images (statistics.random_effects); `item_interval` is over
images alone, given the trained models.

results/<profile>/comparisons.json:

    {"smallest_effect": points, "primary": [row, ...], "exploratory": [row, ...], "absent": ["a - b", ...]}

A row: first, second, endpoint, difference (first minus second, fraction of 1), seeds {seed: difference}, interval,
item_interval, p, components {replicate, image, residual} (standard deviations), p_holm or q, effect (`above`, `below`, `within`
the smallest effect of interest, or `unclear`), direction (`raises` or `lowers` where the corrected p is below 1 - confidence, else
null), floor (whether neither model is above chance), and for accuracies mcnemar {seed: {only_first, only_second, p}}.
"""

import itertools
from typing import Any

import numpy as np

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.evaluation import arrays, metrics, statistics
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings, grid

STREAM = 2000  # keeps these resamples apart from those of the evaluations


def image_sums(profile: str, model: str, seed: int, endpoint: str) -> tuple[np.ndarray, np.ndarray]:
    """The summed gains of each image's queries under an endpoint (set/metric), and the number of those queries."""
    test_set, _, metric = endpoint.partition("/")
    where, _, name = metric.rpartition("/")
    if not where:
        protocol = "probe" if test_set.startswith("probe-") else "zeroshot"
        (rank,) = arrays.read(paths.ranks(profile, protocol, model, seed, test_set), "rank")
        return metrics.gains(rank, name), np.ones(len(rank))
    path = paths.ranks(profile, "retrieval", model, seed, test_set)
    rank, image = arrays.read(path, where, f"{where.split('/')[0]}/image")
    _, unit = np.unique(image, return_inverse=True)
    return np.bincount(unit, metrics.gains(rank, name)), np.bincount(unit).astype(np.float64)


def pair_seeds(first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """Which seeds are compared: equal ones, or all of one model with the only one of the other."""
    if len(second) == 1:
        return [(seed, second[0]) for seed in first]
    if len(first) == 1:
        return [(first[0], seed) for seed in second]
    return list(zip(first, second, strict=True))


def compare(
    profile: str,
    endpoint: str,
    pairs: list[tuple[str, str]],
    models: dict[str, list[int]],
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    """Returns a row for each pair of models under one endpoint, without the correction for multiplicity."""
    used = sorted({model for pair in pairs for model in pair})
    read = {(model, seed): image_sums(profile, model, seed, endpoint) for model in used for seed in models[model]}
    return between(read, endpoint, pairs, models, settings)


def between(
    read: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]],
    endpoint: str,
    pairs: list[tuple[str, str]],
    models: dict[str, list[int]],
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    """Returns what `compare` returns; `read` has the results of `image_sums` by (model, seed)."""
    counts = next(iter(read.values()))[1]
    paired = [pair_seeds(models[first], models[second]) for first, second in pairs]
    blocks = [
        np.stack([read[first, a][0] - read[second, b][0] for a, b in seeds], axis=1)
        for (first, second), seeds in zip(pairs, paired, strict=True)
    ]
    samples = statistics.bootstrap(np.hstack(blocks), counts, settings.resamples, (settings.seed, STREAM))
    rows, start = [], 0
    for (first, second), seeds, block in zip(pairs, paired, blocks, strict=True):
        own = samples[:, start : start + len(seeds)]
        start += len(seeds)
        values = statistics.linearised(block, counts[:, None])
        row: dict[str, Any] = {"first": first, "second": second, "endpoint": endpoint}
        row |= sizes([str(max(pair)) for pair in seeds], values, own, settings)
        if endpoint.rpartition("/")[2].startswith("acc@"):
            row["mcnemar"] = {str(max(pair)): mcnemar_of(column) for pair, column in zip(seeds, block.T, strict=True)}
        rows.append(row)
    return rows


def sizes(seeds: list[str], values: np.ndarray, samples: np.ndarray, settings: EvaluationSettings) -> dict[str, Any]:
    """The part of a row that says how large a difference is.

    `values` [images, seeds] are linearised differences, `samples` [resamples, seeds] their means under resampled images.
    """
    found = statistics.random_effects(values, settings.confidence)
    return {
        "difference": _rounded(found.estimate),
        "seeds": dict(zip(seeds, _rounded(values.mean(axis=0)), strict=True)),
        "interval": _rounded(found.interval),
        "item_interval": _rounded(statistics.interval(samples.mean(axis=1), settings.confidence)),
        "p": _rounded(found.p),
        "components": {name: _rounded(getattr(found, name)) for name in ("replicate", "image", "residual")},
        "effect": effect(found.interval, settings.smallest_effect / 100),
    }


def effect(interval: np.ndarray, smallest: float) -> str:
    """Where an interval lies against the smallest effect of interest: above, below, within, or unclear."""
    low, high = interval
    if low > smallest:
        return "above"
    if high < -smallest:
        return "below"
    return "within" if -smallest <= low and high <= smallest else "unclear"


def mcnemar_of(difference: np.ndarray) -> dict[str, int | float]:
    """McNemar's test on differences of hits, each -1, 0 or 1."""
    only_first, only_second = int((difference > 0).sum()), int((difference < 0).sum())
    return {"only_first": only_first, "only_second": only_second, "p": statistics.mcnemar(only_first, only_second)}


def _rounded(value: Any) -> Any:
    return np.round(value, summary.DIGITS).tolist()


def families(models: list[str], settings: EvaluationSettings) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """The declared (first, second, endpoint) of the primary and of the exploratory family, over the models at hand."""
    proposed = settings.primary_pairs[0][0]
    pairs = [(proposed, other) for other in models if other != proposed and proposed in models]
    pairs += [(first, second) for first, second in settings.exploratory_pairs if {first, second} <= set(models)]
    primary = [
        (first, second, endpoint)
        for first, second in settings.primary_pairs
        if {first, second} <= set(models)
        for endpoint in settings.primary_endpoints
    ]
    wider = [(*pair, endpoint) for pair, endpoint in itertools.product(pairs, settings.exploratory_endpoints)]
    return primary, [row for row in dict.fromkeys(wider) if row not in primary]


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Compares what the plan declares and writes results/<profile>/comparisons.json."""
    files.write_json(paths.results(params.profile, "comparisons"), compute(params, settings))


def compute(params: Params, settings: EvaluationSettings) -> dict[str, Any]:
    """Returns the content of results/<profile>/comparisons.json."""
    models = grid(params, settings.single_seed)
    primary, wider = families(list(models), settings)
    rows = {}
    for endpoint in dict.fromkeys(endpoint for _, _, endpoint in [*primary, *wider]):
        pairs = list(dict.fromkeys((first, second) for first, second, where in [*primary, *wider] if where == endpoint))
        for pair, row in zip(pairs, compare(params.profile, endpoint, pairs, models, settings), strict=True):
            rows[*pair, endpoint] = row
    for row in rows.values():
        row["floor"] = all(at_floor(params.profile, row[side], row["endpoint"]) for side in ("first", "second"))
    return {
        "smallest_effect": settings.smallest_effect,
        "primary": corrected([rows[triple] for triple in primary], "p_holm", statistics.holm, settings),
        "exploratory": exploratory([rows[triple] for triple in wider], settings),
        "absent": [f"{first} - {second}" for first, second in settings.primary_pairs if not {first, second} <= set(models)],
    }


def at_floor(profile: str, model: str, endpoint: str) -> bool:
    """Whether a model has found nothing, or its interval is not above chance: differences down there say nothing."""
    test_set, _, metric = endpoint.partition("/")
    content = files.read_json(paths.results(profile, "retrieval" if "/" in metric else "zeroshot"))
    entry = content["models"][model][test_set]
    low, high = entry["interval"][metric]
    return high == 0 or low <= content["chance"][test_set][metric]


def exploratory(rows: list[dict[str, Any]], settings: EvaluationSettings) -> list[dict[str, Any]]:
    """The rows with q-values over all of them."""
    return corrected(rows, "q", statistics.benjamini_hochberg, settings)


def corrected(rows: list[dict[str, Any]], name: str, correction: Any, settings: EvaluationSettings) -> list[dict[str, Any]]:
    """The rows with their p-values corrected over all of them, under that name, and with the direction that these decide."""
    adjusted = correction(np.array([row["p"] for row in rows]))
    return [
        row | {name: _rounded(value), "direction": direction(row["difference"], value, 1 - settings.confidence)}
        for row, value in zip(rows, adjusted, strict=True)
    ]


def direction(difference: float, p: float, alpha: float) -> str | None:
    """`raises` or `lowers` where the corrected p is below alpha, however small the difference is; else null."""
    return ("raises" if difference > 0 else "lowers") if p < alpha else None
