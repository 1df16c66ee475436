"""What each edit gains in each regime on the validation set: paired differences of seeds between arms that differ in it alone.

A gain is the MRR@10 with the edit minus that without it, and the loss without it minus that with it: more is better in both.
Losses are compared between arms of equal negatives only: among more negatives the same model has a larger loss.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from analysis import curves
from analysis import study as studies
from analysis.curves import Arm
from clip_italian import paths
from clip_italian.evaluation import statistics

STUDIES = pathlib.Path("studies")  # of other profiles, laid down by `make study`
METRICS = ("mrr@10", "loss")


@dataclasses.dataclass(frozen=True)
class Edit:
    """A change of the recipe: in which parameters it lies, and which arms have it."""

    name: str
    label: str
    parameters: tuple[str, ...]  # that may differ between an arm with the edit and one without, all else being equal
    on: Callable[[Arm], bool]
    off: Callable[[Arm], bool]

    def regime(self, arm: Arm) -> frozenset[tuple[str, Any]]:
        """What must be equal in an arm with the edit and one without."""
        total = {"total": arm.frozen_updates + arm.tuned_updates} if self.name == EQUAL else {}
        return frozenset((arm.regime(*self.parameters) | total).items())


ON_TOP, EQUAL, AUGMENTATION = "freezing_on_top", "freezing_at_equal_updates", "augmentation"


def edits(base: Arm) -> list[Edit]:
    """The edits, the proposed arm being the one whose augmentation and rate are meant."""

    def is_base(name: str) -> Callable[[Arm], bool]:
        return lambda arm: arm.parameters[name] == base.parameters[name]

    return [
        Edit(AUGMENTATION, "augmentation", ("augmentation",), is_base("augmentation"), lambda arm: arm.augmentation is None),
        Edit(ON_TOP, "frozen phase on top", ("frozen_updates",), _frozen, _unfrozen),
        Edit(EQUAL, "frozen phase at equal updates", ("frozen_updates", "tuned_updates"), _frozen, _unfrozen),
        Edit(
            "optimiser",
            "optimiser",
            ("optimiser.",),
            is_base("optimiser.name"),
            lambda arm: arm.parameters["optimiser.name"] != base.parameters["optimiser.name"],
        ),
        Edit(
            "fixed_scale",
            "fixed scale",
            ("learned_scale", "scale"),
            is_base("learned_scale"),
            lambda arm: arm.parameters["learned_scale"] != base.parameters["learned_scale"],
        ),
        Edit(
            "lower_rate",
            "lower rate after freezing",
            ("optimiser.learning_rate",),
            lambda arm: arm.learning_rate < base.learning_rate and _frozen(arm),
            is_base("optimiser.learning_rate"),
        ),
        Edit(
            "local_negatives",
            "local negatives",
            ("negatives",),
            lambda arm: arm.negatives < arm.batch,
            lambda arm: arm.negatives == arm.batch,
        ),
        Edit(
            "text_dropout",
            "dropout in the text tower",
            ("text_dropout",),
            lambda arm: arm.parameters["text_dropout"] > 0,
            lambda arm: arm.parameters["text_dropout"] == 0,
        ),
    ]


def _frozen(arm: Arm) -> bool:
    return arm.frozen_updates > 0


def _unfrozen(arm: Arm) -> bool:
    return arm.frozen_updates == 0


@dataclasses.dataclass(frozen=True)
class Gain:
    """What an edit gains under one metric: its mean over seeds and its interval, infinite where there is one seed."""

    seeds: dict[int, float]
    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Effect:
    """An edit in one regime: an arm with it and one without it that is equal in all else."""

    edit: Edit
    on: Arm
    off: Arm
    mrr: Gain
    loss: Gain | None  # None where the negatives differ

    def gain(self, metric: str) -> Gain | None:
        """The gain under one of METRICS."""
        return self.mrr if metric == "mrr@10" else self.loss

    @property
    def run_key(self) -> str:
        """The keys of both arms' runs."""
        return f"{self.on.run_key}-{self.off.run_key}"


def of_edit(edit: Edit, arms: list[Arm], confidence: float) -> list[Effect]:
    """The effects of an edit in every regime of which there are arms with it and without it."""
    without = {edit.regime(arm): arm for arm in reversed(arms) if edit.off(arm)}
    found = [(arm, without[edit.regime(arm)]) for arm in arms if edit.on(arm) and edit.regime(arm) in without]
    return [_effect(edit, on, off, confidence) for on, off in found if on.cells.keys() & off.cells.keys()]


def _effect(edit: Edit, on: Arm, off: Arm, confidence: float) -> Effect:
    seeds = [seed for seed in on.cells if seed in off.cells]
    mrr = _gain({seed: on.cells[seed].mrr - off.cells[seed].mrr for seed in seeds}, confidence)
    loss = _gain({seed: off.cells[seed].loss - on.cells[seed].loss for seed in seeds}, confidence)
    return Effect(edit, on, off, mrr, loss if on.negatives == off.negatives else None)


def _gain(seeds: dict[int, float], confidence: float) -> Gain:
    values = list(seeds.values())
    return Gain(seeds, sum(values) / len(values), *statistics.t_interval(values, confidence))


@dataclasses.dataclass(frozen=True)
class Effects:
    """All effects of a study, and the arm from whose regime they depart."""

    base: Arm
    everything: list[Effect]
    smallest: float  # the smallest effect of interest, as a fraction

    def along(self, edit: str, *varied: str, where: Callable[[Arm], bool] = lambda arm: True) -> list[Effect]:
        """The effects of an edit in the proposed arm's regime but for the parameters `varied`, where the arm with it is `where`."""
        (parameters,) = [one.parameters for one in edits(self.base) if one.name == edit]
        regime = self.base.regime(*parameters, *varied)
        found = [one for one in self.everything if one.edit.name == edit and where(one.on)]
        return [one for one in found if one.on.regime(*parameters, *varied) == regime]


def of(study: studies.Study) -> Effects | None:
    """The effects among the arms of the study and of its curves; None where the proposed arm has no journals."""
    return among(study, curves.read(study.profile, study.params.arms))


def elsewhere(study: studies.Study, profile: str) -> Effects | None:
    """The same of a study of another profile that `make study` has laid down; None where there is none."""
    for folder in sorted(STUDIES.glob("*")):
        runs = folder / paths.runs(profile)
        if runs.is_dir():
            return among(study, curves.read(profile, sorted(path.name for path in runs.iterdir()), folder))
    return None


def among(study: studies.Study, arms: list[Arm]) -> Effects | None:
    """The effects among some arms of one profile; None where the proposed arm is not among them."""
    base = next((arm for arm in arms if arm.name == study.settings.proposed), None)
    if base is None:
        return None
    found = [one for edit in edits(base) for one in of_edit(edit, arms, study.evaluation.confidence)]
    return Effects(base, found, study.evaluation.smallest_effect / studies.POINTS)


VERBS = {
    "helps": "gains",
    "helps, perhaps by little": "gains",
    "hurts": "costs",
    "hurts, perhaps by little": "costs",
    "hardly matters": "hardly matters",
    "undecided": "has no sure effect",
}
UNIT = " points of MRR@10"
SIZED = ("gains", "costs")


def verdict(gain: Gain, smallest: float) -> str:
    """What an interval says of a gain: helps, hurts, no difference that matters, or undecided."""
    if max(-gain.low, gain.high) <= smallest:
        return "hardly matters"
    if gain.low > 0:
        return "helps" if gain.low > smallest else "helps, perhaps by little"
    if gain.high < 0:
        return "hurts" if gain.high < -smallest else "hurts, perhaps by little"
    return "undecided"


def sentence(subject: str, said: Iterable[tuple[Gain, str]], smallest: float) -> str:
    """What an edit gains in some regimes, as the titles of figures say it: verbs from intervals, sizes in points of MRR@10.

    A verb is not repeated, and the unit stands once.
    """
    parts: list[str] = []
    last, unit = "", UNIT
    for gain, where in said:
        verb = VERBS[verdict(gain, smallest)]
        words = [] if verb == last else [verb]
        if verb in SIZED:
            words.append(f"{studies.points(abs(gain.value))}{unit}")
            unit = ""
        parts.append(" ".join([*words, where]).strip())
        last = verb
    return f"{subject} {', '.join(parts)}"


def sizes(effects: Iterable[Effect], place: Callable[[Effect], float]) -> list[tuple[float, Effect]]:
    """The effects by their rising place on an axis."""
    return sorted(((place(one), one) for one in effects), key=lambda pair: pair[0])
