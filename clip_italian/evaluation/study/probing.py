"""The probes of the study: results/<profile>/probe.json and per-item ranks.

    {"sets": {set: {"images", "classes"}}, "pictures": {"train", "valid"},
     "models": {model: {set: entry}}, "few_shot": {model: {set: {shots: point}}}, "comparisons": [row, ...]}

A set `probe-seen` is the zero-shot set `zeroshot-seen` under a probe. An entry has the layout of retrieval.json with acc@1,
acc@5, mean_per_class_recall and `zeroshot_acc@1`, the zero-shot accuracy among the same classes and on the same images;
each seed also has its `weight_decay` and `valid_acc@1`. Points are those of `few_shot.summarise`. The comparisons, rows as in
comparisons.json, are of every probed model with the first one, exploratory, with q-values over all of them.
"""

import concurrent.futures
import dataclasses
from typing import Any

import numpy as np
import pydantic
from jaxtyping import Int

from clip_italian import files, paths
from clip_italian.config import Params, Settings
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.ranks import Relevant, ranks
from clip_italian.evaluation.study import comparisons, few_shot, linear_probe, summary, test_set_scores
from clip_italian.evaluation.study.few_shot import Curve, FewShotSettings
from clip_italian.evaluation.study.linear_probe import Outcome, ProbeSettings, Split
from clip_italian.evaluation.study.settings import PROBE_SETS, EvaluationSettings, grid
from clip_italian.evaluation.study.summary import Cell, Gains

TRAIN, VALID = PROBE_SETS
FIRST_STREAM = 4000  # keeps these resamples apart from those of the evaluations
AT_ONCE = 2  # models and seeds: beside one that waits for a small step, another keeps the processor busy; changes no number


class ProbingSettings(Settings):
    """Section `probe` of a profile."""

    tests: list[str] = pydantic.Field(min_length=1)  # zero-shot sets of the classes that are learnt; the first is the headline
    linear: ProbeSettings
    few_shot: FewShotSettings


@dataclasses.dataclass(frozen=True)
class Labels:
    """Which of the probed classes every image shows, and what number each class has among the zero-shot classes."""

    classes: Int[np.ndarray, " classes"]
    train: Int[np.ndarray, " train"]
    valid: Int[np.ndarray, " valid"]
    tests: list[np.ndarray]


@dataclasses.dataclass(frozen=True)
class Found:
    """The results of one seed of a model; `zeroshot` has the ranks of the true classes among the texts for each test set."""

    linear: Outcome
    curve: Curve
    zeroshot: list[np.ndarray]


def name_of(test_set: str) -> str:
    """Returns a zero-shot set's name in the results of the probes: `probe-seen` for `zeroshot-seen`."""
    return f"probe-{test_set.removeprefix('zeroshot-')}"


def models(params: Params, evaluation: EvaluationSettings) -> dict[str, list[int]]:
    """The seeds of every probed model; raises InputError for one that is neither an arm nor a baseline."""
    everyone = grid(params, evaluation.single_seed)
    if strange := [model for model in params.probed if model not in everyone]:
        raise InputError(f"params.yaml: `probed` names {strange[0]}, which is neither an arm nor a baseline; correct it")
    return {model: everyone[model] for model in params.probed}


def labels_of(profile: str, tests: list[str]) -> Labels:
    """Reads the classes of all images; raises InputError naming a file of images whose classes have none to learn from."""
    folder = paths.probes(profile)
    sets = [folder / TRAIN, folder / VALID, *(paths.test_set(profile, test) for test in tests)]
    read = [arrays.read(path / "truth.npz", "label")[0] for path in sets]
    classes = np.unique(read[0])
    for path, label in zip(sets, read, strict=True):
        if (unknown := np.setdiff1d(label, classes)).size:
            raise InputError(f"{path}: class {unknown[0]} has no picture in {sets[0]}; add some, or leave its pictures out")
    train, valid, *others = (np.searchsorted(classes, label).astype(np.int32) for label in read)
    return Labels(classes, train, valid, others)


def evaluate(params: Params, evaluation: EvaluationSettings, settings: ProbingSettings) -> None:
    """Probes every seed of the models that params.yaml lists; writes results and per-item ranks.

    Raises InputError naming the first file that is missing or does not fit, and what `linear_probe.prepared` and
    `few_shot.curve` do.
    """
    labels, probed = labels_of(params.profile, settings.tests), models(params, evaluation)
    runs = [(model, seed) for model, seeds in probed.items() for seed in seeds]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda run: _probe(params.profile, run[0], run[1], labels, settings), runs))
    found: dict[str, dict[int, Found]] = {model: {} for model in probed}
    for (model, seed), one in zip(runs, results, strict=True):
        found[model][seed] = one
        _write_items(params.profile, model, seed, one, settings.tests)
    content = _summary(found, labels, settings.tests, evaluation)
    content["comparisons"] = _comparisons(params.profile, probed, settings.tests, evaluation)
    files.write_json(paths.results(params.profile, "probe"), content)


def _probe(profile: str, model: str, seed: int, labels: Labels, settings: ProbingSettings) -> Found:
    names = [TRAIN, VALID, *settings.tests]
    stored = [paths.embedded(profile, model, seed, name) for name in names]
    everyone = zip(stored, [labels.train, labels.valid, *labels.tests], strict=True)
    splits = [Split(str(path), arrays.read(path, "image")[0], label) for path, label in everyone]
    train, valid, *tests = linear_probe.prepared(splits, len(labels.classes))
    linear = linear_probe.outcome(train, valid, tests, len(labels.classes), settings.linear, valid_too=True)
    curve = few_shot.curve(train, valid, tests, len(labels.classes), settings.linear, settings.few_shot)
    places = []
    for path, test, label in zip(
        stored[2:], settings.tests, labels.tests, strict=True
    ):  # among the texts of the probed classes alone
        image, text = arrays.read_embeddings(path, len(label), None)
        ranked = ranks(image, text[labels.classes], Relevant.single(label), settings.linear.block)
        places.append(ranked.by(test_set_scores.ties_of(profile, test)))
    return Found(linear, curve, places)


def _write_items(profile: str, model: str, seed: int, found: Found, tests: list[str]) -> None:
    """`rank` an image, and `few_shot_<shots>`, a row a draw."""
    for place, test in enumerate(tests):
        few = {f"few_shot_{shots}": np.stack([one.ranks[place] for one in draws]) for shots, draws in found.curve.items()}
        arrays.write(paths.ranks(profile, "probe", model, seed, name_of(test)), rank=found.linear.ranks[place], **few)


def _summary(
    found: dict[str, dict[int, Found]], labels: Labels, tests: list[str], evaluation: EvaluationSettings
) -> dict[str, Any]:
    content: dict[str, Any] = {"sets": {}, "pictures": {"train": len(labels.train), "valid": len(labels.valid)}}
    content |= {"models": {model: {} for model in found}, "few_shot": {model: {} for model in found}}
    curves = {model: {seed: one.curve for seed, one in seeds.items()} for model, seeds in found.items()}
    for place, (test, label) in enumerate(zip(tests, labels.tests, strict=True)):
        name, stream = name_of(test), FIRST_STREAM + place
        content["sets"][name] = {"images": len(label), "classes": len(labels.classes)}
        cells = {model: {seed: _cell(one, place, label, labels) for seed, one in seeds.items()} for model, seeds in found.items()}
        for model, entry in summary.summarise(cells, len(label), evaluation, stream).items():
            for seed, one in found[model].items():
                entry["seeds"][str(seed)] |= linear_probe.choice(one.linear)
            content["models"][model][name] = entry
        for model, points in few_shot.summarise(curves, place, label, len(labels.classes), evaluation, stream).items():
            content["few_shot"][model][name] = points
    return content


def _cell(found: Found, place: int, label: np.ndarray, labels: Labels) -> Cell:
    probe = linear_probe.gains(found.linear.ranks[place], label, len(labels.classes))
    values = np.column_stack([probe.values, metrics.gains(found.zeroshot[place], "acc@1")])
    return [Gains(probe.image, (*probe.names, "zeroshot_acc@1"), values)]


def _comparisons(
    profile: str, probed: dict[str, list[int]], tests: list[str], evaluation: EvaluationSettings
) -> list[dict[str, Any]]:
    first, *others = probed
    pairs = [(model, first) for model in others]
    rows = [
        row for test in tests if pairs for row in comparisons.compare(profile, f"{name_of(test)}/acc@1", pairs, probed, evaluation)
    ]
    return comparisons.exploratory(rows, evaluation)
