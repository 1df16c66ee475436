"""Fine-tuning on the drawn shop, whose things no picture of the study shows: what a multilingual model finds before and after.

The counterpart of the guide of Jina's Finetuner to multilingual text-to-image search, which fine-tuned a multilingual CLIP on
fashion with German captions: every caption of the test pictures is a query, all of them are searched.
"""

import pathlib
from collections.abc import Sequence
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
    """Section `domain` of a profile; what it leaves out is as `finetune` has it."""

    start: str  # the arm or baseline that is fine-tuned
    epochs: Count
    frozen_epochs: Annotated[int, pydantic.Field(ge=0)]
    batch: Annotated[int, pydantic.Field(ge=2)]
    learning_rate: Rate
    frozen_learning_rate: Rate
    places: Count  # pictures in the list that answers a query

    def finetuning(self, seed: int) -> FinetuningSettings:
        """The settings of the run of a seed."""
        return load(None, **self.model_dump(exclude={"start"}), seed=seed)


class Asked(NamedTuple):
    """The queries of a language."""

    test: TestSet
    unseen: Bool[np.ndarray, " queries"]  # whether all right pictures are of a kind in a colour that was not trained


class Found(NamedTuple):
    """The lists of a model before and after, of one seed."""

    before: Int[np.ndarray, "queries places"]
    after: Int[np.ndarray, "queries places"]


def is_drawn(shop: pathlib.Path) -> bool:
    """Whether the profile draws a shop."""
    return not (shop / publishing.NONE).is_file()


def asked(shop: pathlib.Path, language: str) -> Asked:
    """The queries in a language; raises InputError where the shop's files do not fit each other."""
    test = tables.test_set(shop / f"queries-{language}.csv", None)
    described = shop / "products.csv"
    known = {row.cells["image"]: row.cells["pair"] == "unseen" for row in tables.read(described, ("image", "pair"))}
    pairs = [known.get(str(path.relative_to(shop))) for path in test.pictures]
    if None in pairs:
        raise InputError(f"{described}: no line for {test.pictures[pairs.index(None)]}; run `dvc repro shop`")
    return Asked(test, np.array([all(pairs[place] for place in right) for right in test.relevant]))


def find(before: Model, after: Model, asked: Asked, places: int) -> Found:
    """What both find."""
    gallery = measuring.gallery(before, asked.test)
    return Found(*(measuring.answers(model, gallery, places) for model in (before, after)))


def summarise(asked: Asked, found: dict[int, Found], settings: EvaluationSettings, stream: int) -> dict[str, Any]:
    """Of a language, what the results file says: of all queries, and of those of unseen pairs.

    Each has the means of before, after and their difference with intervals over seeds and queries, and the p of no difference
    by the sign-flip test over queries of the means over seeds.
    """
    values: dict[str, dict[int, np.ndarray]] = {BEFORE: {}, AFTER: {}, DIFFERENCE: {}}
    for seed, lists in found.items():
        two = [measuring.values(measuring.relevant(asked.test, one)) for one in lists]
        for name, one in zip(values, (*two, two[1] - two[0]), strict=True):
            values[name][seed] = one
    kept = {"all": np.ones(len(asked.unseen), bool), "unseen": asked.unseen}
    result = {}
    for part, (name, rows) in enumerate(kept.items()):
        chosen = {when: {seed: one[rows] for seed, one in seeds.items()} for when, seeds in values.items()}
        if rows.any():
            result[name] = _part(chosen, settings, stream + part)
    return result


def _part(values: dict[str, dict[int, np.ndarray]], settings: EvaluationSettings, stream: int) -> dict[str, Any]:
    names = tuple(METRICS)
    queries = len(next(iter(values[BEFORE].values())))
    own = np.arange(queries)
    cells = {when: {seed: [Gains(own, names, one)] for seed, one in seeds.items()} for when, seeds in values.items()}
    apart = np.mean([*values[DIFFERENCE].values()], axis=0)
    p = statistics.sign_flip(apart, settings.permutations, (settings.seed, STREAM + stream))
    return {
        "queries": queries,
        "models": summary.summarise(cells, queries, settings, STREAM + stream),
        "p": summary.named(names, p),
    }


def table(result: dict[str, Any]) -> str:
    """The means with their intervals, as lines of Markdown."""
    lines = []
    for language in (one for one in LANGUAGES if one in result["languages"]):
        for part, content in result["languages"][language].items():
            asked_of = f"{language}, {content['queries']:,} queries" + (" of unseen pairs" if part == "unseen" else "")
            lines += [f"| {asked_of} | before | after | difference | p |", "|---|---:|---:|---:|---:|"]
            for metric in METRICS:
                cells = [_cell(content["models"][when], metric) for when in (BEFORE, AFTER, DIFFERENCE)]
                lines.append(f"| {LABELS[metric]} | {' | '.join(cells)} | {content['p'][metric]:.4f} |")
            lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _cell(entry: dict[str, Any], metric: str) -> str:
    low, high = entry["interval"][metric]
    return f"{entry['mean'][metric]:.3f} ({low:.3f} to {high:.3f})".replace("-", "−")


def compared(asked: Asked, found: Found, settings: FinetuningSettings) -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """What `report.page` shows of a seed."""
    right = [measuring.relevant(asked.test, one) for one in found]
    return measuring.compared(right[0], right[1], settings), list(found)


def write(profile: str, settings: DomainSettings, languages: dict[str, Any]) -> None:
    """Writes results/<profile>/domain.json."""
    content = {"start": settings.start, "places": settings.places, "languages": languages}
    files.write_json(paths.results(profile, "domain"), content)
