"""Domain adaptation: text-to-image retrieval of a multilingual model before and after fine-tuning on the drawn shop.

No image of the study shows the shop's products. The experiment follows the guide of Jina's Finetuner to multilingual text-to-image
search, which fine-tuned a multilingual CLIP on fashion with German captions. Every caption of a test image is a query, and all
test images are searched.
"""

import pathlib
from typing import Annotated, Any, NamedTuple

import numpy as np
import pydantic
from jaxtyping import Bool, Int

from clip_italian import files, paths
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation import statistics
from clip_italian.evaluation.metrics import LABELS, METRICS
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.evaluation.study.summary import Gains
from clip_italian.use.finetuning import measuring, tables
from clip_italian.use.finetuning.settings import Count, FinetuningSettings, Rate, load
from clip_italian.use.finetuning.tables import TestSet
from clip_italian.world.shop import publishing

LANGUAGES = tuple(publishing.SAY)
STREAM = 710  # keeps these resamples apart from those of other results
BEFORE, AFTER, DIFFERENCE = "before", "after", "difference"


class DomainSettings(Settings):
    """Section `domain` of a profile; all other settings are the defaults of `finetune`."""

    start: str  # the arm or baseline that is fine-tuned
    epochs: Count
    frozen_epochs: Annotated[int, pydantic.Field(ge=0)]
    batch: Annotated[int, pydantic.Field(ge=2)]
    learning_rate: Rate
    frozen_learning_rate: Rate
    places: Count  # images in each ranking

    def finetuning(self, seed: int) -> FinetuningSettings:
        """The settings of the run with this seed."""
        return load(None, **self.model_dump(exclude={"start"}), seed=seed)


class Queries(NamedTuple):
    """The queries of a language."""

    test: TestSet
    unseen: Bool[np.ndarray, " queries"]  # whether no relevant image shows a pair of product and colour that was trained on


class Rankings(NamedTuple):
    """The images ranked for each query, before and after fine-tuning with one seed."""

    before: Int[np.ndarray, "queries places"]
    after: Int[np.ndarray, "queries places"]


def is_drawn(shop: pathlib.Path) -> bool:
    """Whether the profile draws a shop."""
    return not (shop / publishing.NONE).is_file()


def queries(shop: pathlib.Path, language: str) -> Queries:
    """The queries in a language; raises InputError if an image of them is not among the shop's products."""
    test = tables.test_set(shop / f"queries-{language}.csv", None)
    described = shop / "products.csv"
    known = {row.cells["image"]: row.cells["pair"] == "unseen" for row in tables.read(described, ("image", "pair"))}
    pairs = [known.get(str(path.relative_to(shop))) for path in test.images]
    if None in pairs:
        raise InputError(f"{described}: no line for {test.images[pairs.index(None)]}; run `dvc repro shop`")
    return Queries(test, np.array([all(pairs[index] for index in right) for right in test.relevant]))


def rank(before: Model, after: Model, queries: Queries, k: int) -> Rankings:
    """The `k` images nearest to each query, by the model before and by the model after fine-tuning."""
    gallery = measuring.gallery(before, queries.test)
    return Rankings(*(measuring.answers(model, gallery, k) for model in (before, after)))


def summarise(queries: Queries, rankings: dict[int, Rankings], settings: EvaluationSettings, stream: int) -> dict[str, Any]:
    """The results of a language over all queries, and over the queries of unseen pairs.

    Each result has the mean metrics before and after fine-tuning and their difference, with intervals over seeds and queries.
    Its `p` is of the same random effects (statistics.random_effects). Queries that ask for the same images are one unit.
    `rankings` is by seed.
    """
    values: dict[str, dict[int, np.ndarray]] = {BEFORE: {}, AFTER: {}, DIFFERENCE: {}}
    for seed, lists in rankings.items():
        two = [measuring.values(measuring.relevant(queries.test, one)) for one in lists]
        for name, one in zip(values, (*two, two[1] - two[0]), strict=True):
            values[name][seed] = one
    found: dict[frozenset[int], int] = {}
    unit = np.array([found.setdefault(right, len(found)) for right in queries.test.relevant])
    kept = {"all": np.ones(len(queries.unseen), bool), "unseen": queries.unseen}
    result = {}
    for part, (name, rows) in enumerate(kept.items()):
        chosen = {when: {seed: one[rows] for seed, one in seeds.items()} for when, seeds in values.items()}
        if rows.any():
            result[name] = _part(chosen, unit[rows], settings, stream + part)
    return result


def _part(
    values: dict[str, dict[int, np.ndarray]], unit: Int[np.ndarray, " queries"], settings: EvaluationSettings, stream: int
) -> dict[str, Any]:
    names = tuple(METRICS)
    _, unit = np.unique(unit, return_inverse=True)
    units = int(unit.max()) + 1
    cells = {when: {seed: [Gains(unit, names, one)] for seed, one in seeds.items()} for when, seeds in values.items()}
    sums = np.stack([statistics.per_image(one, unit, units) for one in values[DIFFERENCE].values()], axis=1)
    counts = np.bincount(unit)[:, None, None].astype(np.float64)
    p = statistics.random_effects(statistics.linearised(sums, counts), settings.confidence).p
    return {
        "queries": len(unit),
        "models": summary.summarise(cells, units, settings, STREAM + stream, limits=(-np.inf, np.inf)),
        "p": summary.named(names, p),
    }


def table(result: dict[str, Any]) -> str:
    """The means with their intervals, as Markdown tables."""
    lines = []
    for language in (one for one in LANGUAGES if one in result["languages"]):
        for part, content in result["languages"][language].items():
            heading = f"{language}, {content['queries']:,} queries" + (" of unseen pairs" if part == "unseen" else "")
            lines += [f"| {heading} | before | after | difference | p |", "|---|---:|---:|---:|---:|"]
            for metric in METRICS:
                cells = [_cell(content["models"][when], metric) for when in (BEFORE, AFTER, DIFFERENCE)]
                lines.append(f"| {LABELS[metric]} | {' | '.join(cells)} | {_p(content['p'][metric])} |")
            lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "<0.0001"


def _cell(entry: dict[str, Any], metric: str) -> str:
    low, high = entry["interval"][metric]
    return f"{entry['mean'][metric]:.3f} ({low:.3f} to {high:.3f})".replace("-", "−")


def write(profile: str, settings: DomainSettings, languages: dict[str, Any]) -> None:
    """Writes results/<profile>/domain.json."""
    content = {"start": settings.start, "places": settings.places, "languages": languages}
    files.write_json(paths.results(profile, "domain"), content)
