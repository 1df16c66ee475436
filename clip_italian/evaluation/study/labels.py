"""One set of images under several sets of labels for the same classes: what bad labels cost models that are asked in Italian.

results/<profile>/labels.json:

    {"set": name, "images": n, "conditions": {condition: {"classes": c, "labels": l, "touched": {"classes": t, "images": i}}},
     "models": {model: {condition: {"seeds": {seed: values}, "mean", "sd", "interval", "item_interval"}}},
     "primary": [row, ...], "exploratory": [row, ...]}

Values are acc@k and, without intervals, acc@k/optimistic (of equal scores the true class first; acc@k has it last),
acc@k/first_index (of equal scores the lower class first) and acc@k/merged (classes of one label are one class). The rows are those
of label_comparisons.py. `touched` counts the classes that have another label than the good one, or share
theirs, and the images of these.
"""

import dataclasses
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, classification, metrics
from clip_italian.evaluation.ranks import Relevant, ranks
from clip_italian.evaluation.study import label_comparisons, summary
from clip_italian.evaluation.study.label_comparisons import Outcome
from clip_italian.evaluation.study.settings import GOOD, TEMPLATES, EvaluationSettings, asked_in_italian

STREAM = 3000  # keeps these resamples apart from those of the other evaluations


@dataclasses.dataclass(frozen=True)
class Condition:
    """The labels of all classes, and whether a class is touched: its label is not the good one, or not its own alone."""

    labels: list[str]
    touched: Bool[np.ndarray, " classes"]


def conditions(path: pathlib.Path, wanted: list[str]) -> dict[str, Condition]:
    """The good labels and the wanted conditions of a labels.json; raises InputError for one that it lacks."""
    sets = files.read_json(path)["sets"]
    result = {}
    for name in [GOOD, *wanted]:
        if name not in sets and name != TEMPLATES:
            raise InputError(f"{path}: no label set `{name}`; run `dvc repro`")
        labels = sets[GOOD if name == TEMPLATES else name]
        changed = np.array([ours != good for ours, good in zip(labels, sets[GOOD], strict=True)])
        shared = np.array([labels.count(label) > 1 for label in labels])
        result[name] = Condition(labels, (changed | shared) | (name == TEMPLATES))
    return result


def ranked(
    image: Float[np.ndarray, "pictures d"],
    text: Float[np.ndarray, "classes d"],
    labels: list[str],
    label: Int[np.ndarray, " pictures"],
    block: int,
) -> dict[str, Int[np.ndarray, " pictures"]]:
    """The rank of every image's class by rule; "" is the study's own, under which equal scores count against the model."""
    distinct, merged_class = classification.distinct(labels)
    found = ranks(image, text, Relevant.single(label), block)
    merged = ranks(image, text[[labels.index(one) for one in distinct]], Relevant.single(merged_class[label]), block)
    return {
        "": found.pessimistic,
        "/optimistic": found.optimistic,
        "/first_index": found.lower_index,
        "/merged": merged.pessimistic,
    }


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Evaluates every model that reads Italian on the first zero-shot set under every condition of the profile.

    Writes results/<profile>/labels.json; raises InputError naming the first file that is missing or does not fit.
    """
    test_set = settings.zeroshot_sets[0]
    path = paths.results(params.profile, "labels")
    content: dict[str, Any] = {"set": test_set, "conditions": {}, "models": {}, "primary": [], "exploratory": []}
    if settings.label_conditions:
        (label,) = arrays.read(paths.test_set(params.profile, test_set) / "truth.npz", "label")
        listed = conditions(paths.test_set(params.profile, "labels.json"), settings.label_conditions)
        content |= {"images": len(label), "conditions": {name: _counts(one, label) for name, one in listed.items()}}
        ranked_by = {name: _ranks(params, settings, name, one.labels, label) for name, one in listed.items()}
        content["models"] = _summaries(ranked_by, len(label), settings)
        outcomes = {
            name: Outcome(listed[name].touched[label], _hits(by_model, ""), _hits(by_model, "/optimistic"))
            for name, by_model in ranked_by.items()
        }
        content |= label_comparisons.families(outcomes, asked_in_italian(params, settings), settings)
    files.write_json(path, content)


def _counts(condition: Condition, label: np.ndarray) -> dict[str, Any]:
    touched = {"classes": int(condition.touched.sum()), "images": int(condition.touched[label].sum())}
    return {"classes": len(condition.labels), "labels": len(set(condition.labels)), "touched": touched}


Ranks = dict[str, dict[int, dict[str, np.ndarray]]]  # of one condition, by model, seed and rule


def _ranks(params: Params, settings: EvaluationSettings, condition: str, labels: list[str], label: np.ndarray) -> Ranks:
    result: Ranks = {}
    for model, seeds in asked_in_italian(params, settings).items():
        for seed in seeds:
            (image,) = arrays.read(paths.embedded(params.profile, model, seed, settings.zeroshot_sets[0]), "image")
            path = paths.embedded(params.profile, model, seed, "labels")
            (text,) = arrays.read(path, condition)
            if text.shape != (len(labels), image.shape[1]) or len(image) != len(label) or not np.isfinite(text).all():
                raise InputError(f"{path}: `{condition}` does not fit its {len(labels)} classes or the pictures; run `dvc repro`")
            result.setdefault(model, {})[seed] = ranked(image, text, labels, label, settings.block)
    return result


def _hits(ranks: Ranks, rule: str) -> dict[str, np.ndarray]:
    """Whether each image's class came first, by model, a column each seed."""
    return {
        model: np.stack([metrics.hits(by_rule[rule], 1) for by_rule in seeds.values()], axis=1) for model, seeds in ranks.items()
    }


def _summaries(ranks: dict[str, Ranks], images: int, settings: EvaluationSettings) -> dict[str, dict[str, Any]]:
    """Accuracies by model and condition, all of the same resamples, which are drawn once."""
    every = {f"{model}/{condition}": seeds for condition, by_model in ranks.items() for model, seeds in by_model.items()}
    cells = {name: {seed: _cell(rules[""], settings) for seed, rules in seeds.items()} for name, seeds in every.items()}
    extras = {name: {seed: _extras(rules, settings) for seed, rules in seeds.items()} for name, seeds in every.items()}
    entries = summary.with_extras(summary.summarise(cells, images, settings, STREAM), extras)
    models = list(next(iter(ranks.values())))
    return {model: {condition: entries[f"{model}/{condition}"] for condition in ranks} for model in models}


def _cell(rank: np.ndarray, settings: EvaluationSettings) -> summary.Cell:
    names = tuple(f"acc@{k}" for k in settings.accuracy_cutoffs)
    return [summary.Gains(np.arange(len(rank)), names, np.stack([metrics.gains(rank, name) for name in names], axis=1))]


def _extras(rules: dict[str, np.ndarray], settings: EvaluationSettings) -> dict[str, float]:
    return {
        f"acc@{k}{rule}": metrics.accuracy_at(rank, k) for k in settings.accuracy_cutoffs for rule, rank in rules.items() if rule
    }
