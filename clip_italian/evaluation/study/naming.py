"""Confusions of zero-shot classification by noun, by colour and by class, on the headline set of the drawn world.

The class that comes first is the true one exactly where its rank is 1; otherwise it is the best of the others, since a tie counts
against the true one.
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.groups import Family
from clip_italian.evaluation.study.settings import EvaluationSettings, asked_in_italian

PROTOCOL = "zeroshot"
TOLD = 10  # confusions, and classes, that the results list; the items have all
OUTCOMES = ("both", "noun_alone", "colour_alone", "neither")  # what of a class was right

Predicted = dict[str, dict[int, Int[np.ndarray, " pictures"]]]


@dataclasses.dataclass(frozen=True)
class Classes:
    """The classes of the drawn world, and the one that each image shows."""

    label: list[str]
    parts: dict[str, np.ndarray]  # `noun` and `colour` of each class, as numbers
    names: dict[str, list[str]]  # what these numbers mean
    shown: Int[np.ndarray, " pictures"]

    def of(self, part: str, classes: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """The nouns or colours of some classes."""
        return self.parts[part][classes]


def read(profile: str, test_set: str) -> Classes:
    """The truth of a zero-shot set."""
    folder = paths.test_set(profile, test_set)
    entries = files.read_json(folder.parent / "classes.json")
    (shown,) = arrays.read(folder / "truth.npz", "label")
    names = {part: list(dict.fromkeys(entry[part] for entry in entries)) for part in ("noun", "colour")}
    parts = {part: np.array([names[part].index(entry[part]) for entry in entries]) for part in names}
    return Classes([entry["label"] for entry in entries], parts, names, shown)


def first_class(
    image: Float[np.ndarray, "n d"], text: Float[np.ndarray, "c d"], shown: Int[np.ndarray, " n"], rank: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """The class that comes first for each image; `rank` is that of the class it shows."""
    scores = image @ text.T
    scores[np.arange(len(shown)), shown] = -np.inf
    return np.where(rank == 1, shown, scores.argmax(axis=1))


def predict(params: Params, settings: EvaluationSettings, classes: Classes) -> Predicted:
    """Returns the predicted class of each image of the headline set, for every model and seed."""
    test_set = settings.zeroshot_sets[0]
    predicted: Predicted = {}
    for model, seeds in asked_in_italian(params, settings).items():
        for seed in seeds:
            path = paths.embedded(params.profile, model, seed, test_set)
            image, text = arrays.read_embeddings(path, len(classes.shown), None)
            (rank,) = arrays.read(paths.ranks(params.profile, PROTOCOL, model, seed, test_set), "rank")
            predicted.setdefault(model, {})[seed] = first_class(image, text, classes.shown, rank)
    return predicted


def families(classes: Classes, predicted: Predicted) -> dict[str, Family]:
    """By noun and by colour how often class and noun, or class and colour, are right; and what is right of all images."""
    unit = np.arange(len(classes.shown))
    found = {}
    for part, names in classes.names.items():
        order = classes.of(part, classes.shown)
        group = np.array([names[number] for number in order])
        gains = _map(lambda one, part=part: _right(classes, part, one), predicted)
        found[part] = Family(("acc@1", part), group, unit, gains)
    outcomes = _map(lambda one: _outcomes(classes, one), predicted)
    return found | {"naming": Family(OUTCOMES, np.full(len(unit), "all"), unit, outcomes)}


def _map(function: Any, predicted: Predicted) -> dict[str, dict[int, np.ndarray]]:
    return {model: {seed: function(one) for seed, one in seeds.items()} for model, seeds in predicted.items()}


def _right(classes: Classes, part: str, one: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
    right = classes.of(part, one) == classes.of(part, classes.shown)
    return np.stack([one == classes.shown, right], axis=1).astype(np.float64)


def _outcomes(classes: Classes, one: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n 4"]:
    noun, colour = (classes.of(part, one) == classes.of(part, classes.shown) for part in ("noun", "colour"))
    return np.stack([noun & colour, noun & ~colour, ~noun & colour, ~noun & ~colour], axis=1).astype(np.float64)


def write_items(profile: str, classes: Classes, predicted: Predicted) -> None:
    """Writes results/<profile>/items/errors/<model>.npz.

    `noun` and `colour` [true, taken for] count images, all seeds together; `classes` are the numbers of the classes that have
    images, `acc` how often these are named right.
    """
    folder = paths.items(profile, "errors")
    for model, seeds in predicted.items():
        noun, colour = (np.sum([confusion(classes, part, one) for one in seeds.values()], axis=0) for part in ("noun", "colour"))
        number, acc = class_accuracy(classes, list(seeds.values()))
        arrays.write(folder / f"{model}.npz", noun=noun, colour=colour, classes=number, acc=acc)


def confusion(classes: Classes, part: str, one: Int[np.ndarray, " n"]) -> Int[np.ndarray, "k k"]:
    """How many images of each noun (colour) were taken for each."""
    count = len(classes.names[part])
    matrix = np.zeros((count, count), np.int64)
    np.add.at(matrix, (classes.of(part, classes.shown), classes.of(part, one)), 1)
    return matrix


def class_accuracy(
    classes: Classes, several: list[Int[np.ndarray, " n"]]
) -> tuple[Int[np.ndarray, " classes"], Float[np.ndarray, " classes"]]:
    """The classes that have images, and how often these are named right, over all seeds."""
    right = np.mean([one == classes.shown for one in several], axis=0)
    number, which = np.unique(classes.shown, return_inverse=True)
    return number, np.bincount(which, right) / np.bincount(which)


def told(classes: Classes, predicted: Predicted) -> dict[str, dict[str, Any]]:
    """Of each model the commonest confusions, as shares of the images of the true one, and the classes named worst."""
    result: dict[str, dict[str, Any]] = {}
    for model, seeds in predicted.items():
        result[model] = {part: _commonest(classes, part, list(seeds.values())) for part in classes.names}
        number, acc = class_accuracy(classes, list(seeds.values()))
        worst = np.argsort(acc, kind="stable")[:TOLD]
        result[model]["classes"] = [
            {"class": classes.label[number[i]], "acc@1": round(float(acc[i]), summary.DIGITS)} for i in worst.tolist()
        ]
    return result


def _commonest(classes: Classes, part: str, several: list[Int[np.ndarray, " n"]]) -> list[dict[str, Any]]:
    matrix = np.sum([confusion(classes, part, one) for one in several], axis=0)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    best = np.argsort(-shares, axis=None, kind="stable")[: min(TOLD, np.count_nonzero(shares))]
    rows, columns = np.unravel_index(best, shares.shape)
    names = classes.names[part]
    return [
        {"true": names[row], "taken_for": names[column], "share": round(float(shares[row, column]), summary.DIGITS)}
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
