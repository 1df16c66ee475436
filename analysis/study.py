"""What every figure and table reads: the grid, the settings, the results; numbers know where they come from."""

import dataclasses
import functools
import re
from typing import Any

from clip_italian import config, files, paths
from clip_italian.config import Settings
from clip_italian.evaluation.study import settings as evaluation
from clip_italian.world.publishing.contradictions import ContradictionSettings

POINTS = 100  # results are fractions of 1 and printed in percentage points


class AnalysisSettings(Settings):
    """Which arms the figures show and how large the sheets are."""

    proposed: str  # the arm whose pictures the gallery shows
    ladder: list[str]  # arms of the figure "effect of our edits", in the order of the edits
    error_models: list[str]  # models of the figures of errors
    gallery_top: int  # pictures shown for a query
    sheet_examples: int  # pictures on the augmentation and data sheets, and a level of the world sheet
    sheet_views: int  # augmented views of each
    contradictions: ContradictionSettings  # how often views make captions false


@dataclasses.dataclass(frozen=True)
class Number:
    """A result with its interval (fractions of 1) and where it is written."""

    value: float
    low: float
    high: float
    seeds: dict[str, float]
    file: str
    field: str
    run_key: str

    @property
    def text(self) -> str:
        """The value in percentage points."""
        return points(self.value)

    @property
    def interval(self) -> str:
        """The interval in percentage points; a dash between negative numbers would be taken for a minus."""
        return f"{points(self.low)}{'–' if self.low >= 0 else ' to '}{points(self.high)}"

    def as_json(self) -> dict[str, Any]:
        """The number as tables hold it."""
        return {
            "text": self.text,
            "interval": self.interval,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "file": self.file,
            "field": self.field,
            "run_key": self.run_key,
        }


def points(value: float) -> str:
    """A fraction in percentage points with one decimal and a real minus sign; never a negative zero."""
    return f"{round(value * POINTS, 1) + 0.0:.1f}".replace("-", "−")


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """The results of one profile."""

    params: config.Params
    evaluation: evaluation.EvaluationSettings
    settings: AnalysisSettings

    @property
    def profile(self) -> str:
        return self.params.profile

    @functools.cached_property
    def grid(self) -> dict[str, list[int]]:
        """Every model with its seeds, arms first."""
        return evaluation.grid(self.params, self.evaluation.single_seed)

    @functools.cache  # noqa: B019  (a study lives as long as the process)
    def results(self, protocol: str) -> dict[str, Any]:
        """results/<profile>/<protocol>.json."""
        return files.read_json(paths.results(self.profile, protocol))

    @functools.cache  # noqa: B019
    def run_key(self, model: str, *seeds: int) -> str:
        """The key of a model's run of one seed, or without a seed of all its runs."""
        return evaluation.run_key(self.profile, model, list(seeds) or self.grid[model])

    def number(self, model: str, endpoint: str) -> Number:
        """The mean over seeds under an endpoint (set/metric), with the interval over seeds and pictures."""
        test_set, _, metric = endpoint.partition("/")
        protocol = "retrieval" if test_set in self.evaluation.retrieval_sets else "zeroshot"
        protocol = "probe" if test_set.startswith("probe-") else protocol
        return self._number(protocol, model, test_set, metric)

    def chance(self, endpoint: str) -> dict[str, Any]:
        """What a random order is expected to reach under an endpoint of retrieval or zero-shot, as a cell of a table."""
        test_set, _, metric = endpoint.partition("/")
        protocol = "retrieval" if test_set in self.evaluation.retrieval_sets else "zeroshot"
        value = self.results(protocol)["chance"][test_set][metric]
        field = f"chance.{test_set}.{metric}"
        file = f"results/{self.profile}/{protocol}.json"
        return {"text": points(value), "value": value, "file": file, "field": field, "run_key": ""}

    def error(self, model: str, family: str, metric: str) -> Number:
        """The same of a group of queries (clip_italian/evaluation/study/errors.py)."""
        return self._number("errors", model, family, metric)

    def _number(self, protocol: str, model: str, part: str, metric: str) -> Number:
        entry = self.results(protocol)["models"][model][part]
        low, high = entry["interval"][metric]
        seeds = {seed: values[metric] for seed, values in entry["seeds"].items()}
        return Number(
            entry["mean"][metric],
            low,
            high,
            seeds,
            f"results/{self.profile}/{protocol}.json",
            f"models.{model}.{part}.mean.{metric}",
            self.run_key(model),
        )

    def arms(self, wanted: list[str]) -> list[str]:
        """Those of the wanted arms that params.yaml lists."""
        return [arm for arm in wanted if arm in self.params.arms]

    def models(self, wanted: list[str]) -> list[str]:
        """Those of the wanted models, arms or baselines, that params.yaml lists."""
        return [model for model in wanted if model in self.grid]

    def curves(self, arm: str, seed: int) -> list[dict[str, float]]:
        """Validation rows of both phases, `step` counting all updates and `frozen` telling the first phase."""
        rows: list[dict[str, float]] = []
        for journal in evaluation.run_journals(self.profile, arm, seed):
            start = rows[-1]["step"] if rows else 0
            rows += [row | {"step": row["step"] + start, "frozen": journal.stage == "pretrain"} for row in journal.curves]
        return rows

    def frozen_updates(self, arm: str, seed: int) -> int:
        """How many updates the backbones were frozen for."""
        return int(max((row["step"] for row in self.curves(arm, seed) if row["frozen"]), default=0))

    @property
    def is_drawn(self) -> bool:
        """Whether the test sets are of the drawn world, of which everything is known."""
        return self.evaluation.errors.drawn

    @property
    def relevances(self) -> tuple[str, ...]:
        """What may count as found, the headline's first; a caption's own picture alone where no more is known."""
        return tuple(dict.fromkeys((self.evaluation.relevance, "own")))

    @property
    def headline_retrieval(self) -> str:
        return self.evaluation.retrieval_sets[0]

    @property
    def headline_zeroshot(self) -> str:
        return self.evaluation.zeroshot_sets[0]


@functools.cache
def load() -> Study:
    """The study of the profile that params.yaml chooses."""
    return Study(
        config.params(),
        config.section(evaluation.EvaluationSettings, "evaluation"),
        config.section(AnalysisSettings, "analysis"),
    )


def short(test_set: str) -> str:
    """A test set's name without its kind: `seen` of `retrieval-seen`; others as they are."""
    return re.sub("^(retrieval|zeroshot|probe)-", "", test_set)


def endpoint_label(endpoint: str) -> str:
    """An endpoint's printed name, as `MRR@10` or `acc@1`."""
    return endpoint.rpartition("/")[2].replace("mrr", "MRR").replace("recall", "R")
