"""The arms and what their kept checkpoints reach on the validation set, seed by seed, from the journals; table `curves`.

Journals of the study's arms are in runs/<profile>/<arm>/{pretrain,finetune}.jsonl, those of arms that are compared on the
validation set alone in runs/<profile>/curves/<arm>.jsonl. What an arm trained with is read from its journals' parameters, never
from its name.
An epoch is as many updates as show every pair once that the arm sees: updates x batch / (pairs x share).
"""

import dataclasses
import json
import pathlib
from typing import Any

from analysis import study as studies
from analysis import style, tables
from clip_italian import files, journal, paths
from clip_italian.evaluation import statistics
from clip_italian.journal import Journal

LOSS, MRR = "valid_loss_at_20", "valid_mrr@10"  # the loss at one scale for all arms, within blocks of `negatives` pairs
PHASES = ("pretrain", "finetune")
# What does not change what is learned, or is counted in the journals' curves instead.
NO_REGIME = ("evaluate_every", "micro_batches", "remat", "sharded", "frozen_updates", "tuned_updates", "updates", "tuned")
COLUMNS = [
    "pairs",
    "frozen epochs",
    "tuned epochs",
    "augmentation",
    "negatives",
    "text dropout",
    "rate, frozen",
    "rate, tuned",
    "MRR@10",
    "loss",
]
NAMES = {  # of columns in the names of numbers
    "pairs": "pairs",
    "frozen epochs": "frozen_epochs",
    "tuned epochs": "tuned_epochs",
    "MRR@10": "mrr@10",
    "loss": "loss",
}
NOTE = (
    "Validation set, kept checkpoint: mean and {confidence} interval over seeds (t). MRR@10 in percent, of the own picture among "
    "those of the validation set. Losses are at scale 20; only those of equal negatives can be compared. Rates: 10⁻³."
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One seed of an arm."""

    loss: float  # of the kept checkpoint; comparable between arms of equal `negatives`
    mrr: float  # MRR@10 of the same, a fraction
    rows: list[dict[str, float]]  # the validation curve of both phases; `step` counts all updates
    journals: tuple[Journal, ...]


@dataclasses.dataclass(frozen=True)
class Arm:
    """An arm of one profile with its regime, and its cells by seed."""

    profile: str
    name: str
    parameters: dict[str, Any]  # of the journals, flat
    frozen_updates: int  # made
    tuned_updates: int  # made
    pairs: float  # training pairs that the arm sees
    cells: dict[int, Cell]

    @property
    def batch(self) -> int:
        return self.parameters["batch"]

    @property
    def negatives(self) -> int:
        return self.parameters["negatives"]

    @property
    def share(self) -> float:
        return self.parameters.get("share", 1.0)

    @property
    def augmentation(self) -> str | None:
        return self.parameters["augmentation"]

    @property
    def learning_rate(self) -> float:
        return self.parameters["optimiser.learning_rate"]

    @property
    def frozen_epochs(self) -> float:
        return self.frozen_updates * self.batch / self.pairs

    @property
    def tuned_epochs(self) -> float:
        return self.tuned_updates * self.batch / self.pairs

    @property
    def frozen_share(self) -> float:
        return self.frozen_updates / (self.frozen_updates + self.tuned_updates)

    @property
    def run_key(self) -> str:
        """The key of the runs of all seeds."""
        return journal.key(*(one for cell in self.cells.values() for one in cell.journals))[: journal.KEY_LENGTH]

    def regime(self, *without: str) -> dict[str, Any]:
        """All that decides what the arm learns, but for what is named; equal for equal regimes."""
        everything = {
            **{name: json.dumps(value) for name, value in self.parameters.items() if name not in NO_REGIME},
            "share": json.dumps(self.share),
            "profile": self.profile,
            "frozen_updates": self.frozen_updates,
            "tuned_updates": self.tuned_updates,
        }
        return {name: value for name, value in everything.items() if not name.startswith(without)}


def read(profile: str, arms: list[str], folder: pathlib.Path = pathlib.Path()) -> list[Arm]:
    """The arms of a profile that have journals, those of its curves last; `folder` holds runs/ and reports/.

    An arm that no update has trained is left out.
    """
    runs = folder / paths.runs(profile)
    found = {arm: [runs / arm / f"{phase}.jsonl" for phase in PHASES] for arm in arms}
    found |= {file.stem: [file] for file in sorted((runs / "curves").glob("*.jsonl"))}
    journals = {name: [one for file in files if file.exists() for one in journal.read(file)] for name, files in found.items()}
    trained = {name: [one for one in ones if one.curves] for name, ones in journals.items()}
    if not any(trained.values()):
        return []
    sources = files.read_json(folder / paths.report(profile, "curate"))["sources"]
    return [_arm(profile, name, ones, sources) for name, ones in trained.items() if ones]


def _arm(profile: str, name: str, journals: list[Journal], sources: dict[str, Any]) -> Arm:
    seeds = dict.fromkeys(one.seed for one in journals)
    phases = {
        seed: sorted((one for one in journals if one.seed == seed), key=lambda one: PHASES.index(one.stage)) for seed in seeds
    }
    first = next(iter(phases.values()))
    parameters = first[-1].parameters
    made = {one.stage: int(one.curves[-1]["step"]) for one in first}
    pairs = sum(one["split"]["train"] for source, one in sources.items() if source not in parameters.get("left_out", []))
    share = parameters.get("share", 1.0)
    cells = {seed: _cell(ones) for seed, ones in phases.items()}
    return Arm(profile, name, parameters, made.get("pretrain", 0), made.get("finetune", 0), pairs * share, cells)


def _cell(journals: list[Journal]) -> Cell:
    rows: list[dict[str, float]] = []
    for one in journals:
        start = rows[-1]["step"] if rows else 0
        rows += [row | {"step": row["step"] + start} for row in one.curves]
    metrics = journals[-1].metrics
    return Cell(metrics[LOSS], metrics[MRR], rows, tuple(journals))


def row(arm: Arm, confidence: float) -> tables.Row:
    """One arm: its regime and what it reaches."""
    stated = [round(arm.pairs), arm.frozen_epochs, arm.tuned_epochs]
    rates = [arm.parameters[f"{name}.learning_rate"] for name in ("frozen_optimiser", "optimiser")]
    words = [arm.augmentation or "none", arm.negatives, arm.parameters["text_dropout"]]
    cells = [
        *(number(value) for value in stated),
        *(tables.cell(word) for word in words),
        *(tables.cell(f"{1000 * rate:g}") for rate in rates),
        mean([cell.mrr for cell in arm.cells.values()], confidence, studies.points),
        mean([cell.loss for cell in arm.cells.values()], confidence, "{:.3f}".format),
    ]
    return tables.Row(style.label_of(arm.name), cells, arm.run_key)


def number(value: float) -> dict[str, Any]:
    """A cell with a number that has no interval: a count, or epochs with one decimal."""
    return tables.cell(f"{value:,}" if isinstance(value, int) else f"{value:.1f}") | {"value": value}


def mean(values: list[float], confidence: float, printed: Any) -> dict[str, Any]:
    """A cell with the mean over seeds and its interval, where there are several."""
    middle = sum(values) / len(values)
    if len(values) == 1:
        return tables.cell(printed(middle)) | {"value": middle}
    low, high = statistics.t_interval(values, confidence)
    return tables.cell(printed(middle)) | {
        "value": middle,
        "low": low,
        "high": high,
        "interval": f"{printed(low)}–{printed(high)}",
    }


def main() -> None:
    study = studies.load()
    confidence = study.evaluation.confidence
    rows = [row(arm, confidence) for arm in read(study.profile, study.params.arms)]
    tables.write("curves", COLUMNS, rows, NOTE.format(confidence=f"{studies.POINTS * confidence:g} %"))
