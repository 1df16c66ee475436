"""What the models get wrong, from saved embeddings and ranks.

results/<profile>/errors.json:

    {"groups": {family: {group: {"queries": n, "units": m}}},
     "models": {model: {family: {"seeds": {seed: {metric: value}}, "mean", "sd", "interval", "item_interval"}}},
     "told": {model: {"noun": [{"true", "taken_for", "share"}], "colour": [...], "classes": [{"class", "acc@1"}]}},
     "comparisons": [row, ...],                          # of contrasts; rows as in comparisons.json, with q
     "associations": {test: {"source", "models": {model: {"seeds": {seed: {"effect", "p", "p_two_sided"}}, "mean": effect}}}}}

A metric is group/name, a share of 1 or an MRR. Families: `caption_length` (MRR by words); and of a drawn world `contrasts` and
`contrast_details` (acc: the true caption above the false one, chance one half), `noun` and `colour` (acc@1 of the class, and how
often the noun or colour of the first class is right), `naming` (what is right of the first class), `near_misses` (what comes
first for captions of images with near misses: a true image, a near miss by what it differs in, or something else).

results/<profile>/items/errors/<model>.npz, of a drawn world: confusions and accuracies by class (naming.py).
"""

from typing import Any

import numpy as np

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import associations, contrasts, first_ranks, groups, naming, summary
from clip_italian.evaluation.study.groups import Family
from clip_italian.evaluation.study.settings import EvaluationSettings, asked_in_italian

FIRST_STREAM, STREAMS = 5000, 100  # a family's resamples are apart from all others'


def evaluate(params: Params, settings: EvaluationSettings) -> None:
    """Writes the results and items of every model and seed of the grid.

    Raises InputError naming the first file that is missing or does not fit its test set.
    """
    content: dict[str, Any] = {"groups": {}, "models": {}, "told": {}, "comparisons": []}
    items = paths.items(params.profile, "errors")
    items.mkdir(parents=True, exist_ok=True)  # empty where nothing is known of the images
    families = {"caption_length": first_ranks.by_length(params, settings)}
    if settings.errors.drawn:
        classes = naming.read(params.profile, settings.zeroshot_sets[0])
        predicted = naming.predict(params, settings, classes)
        naming.write_items(params.profile, classes, predicted)
        content["told"] = naming.told(classes, predicted)
        families |= contrasts.families(params, settings) | naming.families(classes, predicted)
        families["near_misses"] = first_ranks.near_misses(params, settings)
        content["comparisons"] = contrasts.compare(families["contrasts"], settings)
    for stream, (name, family) in enumerate(families.items()):
        _add(content, name, family, settings, FIRST_STREAM + STREAMS * stream)
    content["associations"] = _associations(params, settings)
    files.write_json(paths.results(params.profile, "errors"), content)


def _add(content: dict[str, Any], name: str, family: Family, settings: EvaluationSettings, stream: int) -> None:
    content["groups"][name] = groups.sizes(family)
    for model, entry in groups.summarise(family, settings, stream).items():
        content["models"].setdefault(model, {})[name] = entry


def _associations(params: Params, settings: EvaluationSettings) -> dict[str, Any]:
    """Every association test that the profile names, of every model and seed."""
    chosen = {name: associations.load(name) for name in settings.errors.associations}
    words = associations.vocabulary(settings.errors.associations)
    result: dict[str, Any] = {name: {"source": lists.source, "models": {}} for name, lists in chosen.items()}
    for model, seeds in asked_in_italian(params, settings).items():
        vectors = {seed: _words(params.profile, model, seed, len(words)) for seed in seeds}
        for name, lists in chosen.items():
            result[name]["models"][model] = _association(lists, words, vectors, settings)
    return result


def _association(
    lists: associations.Association, words: list[str], vectors: dict[int, np.ndarray], settings: EvaluationSettings
) -> dict[str, Any]:
    found = {
        str(seed): vars(associations.measure(lists, words, rows, settings.permutations, settings.seed))
        for seed, rows in vectors.items()
    }
    return {
        "seeds": {seed: {name: round(value, summary.DIGITS) for name, value in one.items()} for seed, one in found.items()},
        "mean": round(float(np.mean([one["effect"] for one in found.values()])), summary.DIGITS),
    }


def _words(profile: str, model: str, seed: int, count: int) -> np.ndarray:
    path = paths.embedded(profile, model, seed, "words")
    (text,) = arrays.read(path, "text")
    if len(text) != count or not np.isfinite(text).all():
        raise InputError(f"{path}: finite rows of {count} words were expected; delete it and run `dvc repro`")
    return text
