"""The validation loss of every arm of the ladder by its learning rate, on the development world; figure `learning_rates`.

The arms rate_<arm>_<k> of profile `development` are those of the ladder with other rates. Which arm of the ladder one is, its
journals' parameters tell: all of them but the rates and the amounts of training.
"""

import dataclasses
import json
import pathlib

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import curves, effects, style
from analysis import study as studies
from analysis.curves import Arm
from clip_italian import paths

DEVELOPMENT = "development"
MARKERS = ("o", "s", "^", "D", "v", "P")
# What makes an arm of the ladder what it is; the frozen phase counts as there or not.
KIND = ("optimiser.name", "learned_scale", "augmentation", "sigmoid_bias", "negatives", "text_dropout")


@dataclasses.dataclass(frozen=True)
class Rates:
    """One arm of the ladder: validation losses of every seed by rate, and the rate with which the study trains it."""

    arm: str
    losses: dict[float, list[float]]
    chosen: float

    @property
    def means(self) -> dict[float, float]:
        return {rate: float(np.mean(losses)) for rate, losses in sorted(self.losses.items())}

    @property
    def best(self) -> float:
        """The rate of least mean loss."""
        return min(self.means, key=lambda rate: self.means[rate])


def kind(arm: Arm) -> tuple[str, ...]:
    """What is equal in an arm of the ladder and in its copies with other rates."""
    return (*(json.dumps(arm.parameters.get(name)) for name in KIND), str(arm.frozen_updates > 0), str(arm.tuned_updates > 0))


def read(study: studies.Study) -> list[Rates]:
    """The arms of the ladder that were trained with several rates, in its order."""
    tried = [arm for arm in development() if arm.name.startswith("rate_")]
    trained = {arm.name: arm for arm in curves.read(study.profile, study.arms(study.settings.ladder))}
    found = []
    for arm in [trained[name] for name in study.settings.ladder if name in trained]:
        losses: dict[float, list[float]] = {}
        for one in tried:
            if kind(one) == kind(arm):
                losses.setdefault(one.learning_rate, []).extend(cell.loss for cell in one.cells.values())
        if len(losses) > 1:
            found.append(Rates(arm.name, losses, arm.learning_rate))
    return found


def development() -> list[Arm]:
    """The arms of the development world, from its runs here or from where its study was laid down."""
    folders = [
        folder for folder in (pathlib.Path(), *sorted(effects.STUDIES.glob("*"))) if (folder / paths.runs(DEVELOPMENT)).is_dir()
    ]
    if not folders:
        return []
    names = sorted(path.name for path in (folders[0] / paths.runs(DEVELOPMENT)).iterdir())
    return curves.read(DEVELOPMENT, names, folders[0])


def finding(rates: list[Rates]) -> str:
    """How many arms are trained with the best of their rates, and what the others lose by theirs."""
    lost = {one.arm: one.means[one.chosen] - one.means[one.best] for one in rates if one.chosen in one.means}
    best = sum(value == 0 for value in lost.values())
    said = f"{best} of {len(rates)} arms are trained with the best of their rates"
    worse = max(lost.values(), default=0)
    return f"{said}; the others lose {worse:.2f} of loss at most" if worse else said


def figure(rates: list[Rates]) -> Figure:
    """A line for each arm, its seeds as open points, a ring about the rate that the study trains it with."""
    result, [[axes]] = style.axes_grid(style.COLUMN, 2.5)
    for one, marker in zip(rates, MARKERS * len(rates), strict=False):
        _draw(axes, one, marker)
    places = sorted({rate for one in rates for rate in one.losses})
    style.ticks(axes, places, [f"{1000 * rate:g}" for rate in places])
    axes.set(xlabel="learning rate of the tuned phase, 10⁻³", ylabel="validation loss at scale 20")
    axes.grid(axis="y")
    axes.plot([], [], "o", markersize=7, markerfacecolor="none", markeredgecolor=style.INK, label="rate of the study")
    style.key(axes)
    style.finding(result, finding(rates))
    return result


def _draw(axes: Axes, one: Rates, marker: str) -> None:
    colour = style.colour_of(one.arm)
    axes.plot(
        [*one.means],
        [*one.means.values()],
        marker=marker,
        color=colour,
        markersize=3.6,
        linewidth=1.2,
        label=style.label_of(one.arm),
    )
    for rate, losses in one.losses.items():
        axes.plot([rate] * len(losses), losses, marker, color=colour, markersize=2.2, markerfacecolor="white", markeredgewidth=0.6)
    if one.chosen in one.means:
        axes.plot(
            one.chosen,
            one.means[one.chosen],
            "o",
            markersize=8.5,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1,
        )


def main() -> None:
    rates = read(studies.load())
    if rates:
        style.write(figure(rates), "learning_rates", "svg", "png")
    else:
        style.leave_out("learning_rates")
