"""Gains by groups of queries: captions by their length, images by their noun, contrasts by their kind."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings


@dataclasses.dataclass(frozen=True)
class Family:
    """One way to divide the queries of a test set, and what every model and seed gained by each query."""

    names: tuple[str, ...]  # of the columns of gains
    group: Shaped[np.ndarray, " queries"]  # labels, in the order in which groups are told
    unit: Int[np.ndarray, " queries"]  # of the statistics: the image, or the images of one contrast
    gains: dict[str, dict[int, Float[np.ndarray, "queries names"]]]  # by model and seed

    def labels(self) -> list[str]:
        """The groups that have queries, in the order of the first of them."""
        return [str(label) for label in dict.fromkeys(self.group.tolist())]


def summarise(family: Family, settings: EvaluationSettings, stream: int) -> dict[str, dict[str, Any]]:
    """`summary.summarise` of each group by itself; metrics are called `group/name`.

    A group's own units are resampled, so that its size stays. `stream` and the numbers after it, one a group, keep the resamples
    of users of the seed apart.
    """
    result: dict[str, dict[str, Any]] = {model: {} for model in family.gains}
    for number, label in enumerate(family.labels()):
        rows = np.flatnonzero(family.group == label)
        _, units = np.unique(family.unit[rows], return_inverse=True)
        metrics = tuple(f"{label}/{name}" for name in family.names)
        cells: dict[str, dict[int, summary.Cell]] = {
            model: {seed: [summary.Gains(units, metrics, gains[rows])] for seed, gains in seeds.items()}
            for model, seeds in family.gains.items()
        }
        for model, entry in summary.summarise(cells, int(units.max()) + 1, settings, stream + number).items():
            _merge(result[model], entry)
    return result


def sizes(family: Family) -> dict[str, dict[str, int]]:
    """Queries and units of each group."""
    masks = {label: family.group == label for label in family.labels()}
    return {label: {"queries": int(mask.sum()), "units": len(np.unique(family.unit[mask]))} for label, mask in masks.items()}


def _merge(into: dict[str, Any], entry: dict[str, Any]) -> None:
    for key, value in entry.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
