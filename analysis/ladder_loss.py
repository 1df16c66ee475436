"""The effect of the edits: validation loss of the ladder's arms against all updates; figure `ladder_loss`."""

import dataclasses

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style

# A learned scale changes the level of the loss, so the loss at the recipe's fixed scale is compared where recorded.
LOSS_AT_SCALE, LOSS = "valid_loss_at_20", "valid_loss"


@dataclasses.dataclass(frozen=True)
class Curve:
    """Validation losses of one run."""

    arm: str
    updates: np.ndarray
    loss: np.ndarray
    frozen: int  # updates at which the backbones were unfrozen


def read(study: studies.Study) -> list[Curve]:
    """The curves of every seed of the ladder's arms."""
    curves = []
    for arm in study.arms(study.settings.ladder):
        for seed in study.grid[arm]:
            rows = study.curves(arm, seed)
            loss = [row.get(LOSS_AT_SCALE, row[LOSS]) for row in rows]
            updates = np.array([row["step"] for row in rows])
            curves.append(Curve(arm, updates, np.array(loss), study.frozen_updates(arm, seed)))
    return curves


def figure(curves: list[Curve]) -> Figure:
    """Each seed a thin line, the mean a strong one named at its end; a rule where the backbones are unfrozen."""
    result, [[axes]] = style.axes_grid(style.COLUMN, 2.35)
    arms = list(dict.fromkeys(curve.arm for curve in curves))
    ends = []
    for arm in arms:
        own = [curve for curve in curves if curve.arm == arm]
        colour = style.colour_of(arm)
        for curve in own:
            axes.plot(curve.updates, curve.loss, color=colour, alpha=0.35, linewidth=0.6)
        mean = np.mean([np.interp(own[0].updates, curve.updates, curve.loss) for curve in own], axis=0)
        axes.plot(own[0].updates, mean, color=colour, linewidth=1.5)
        ends.append(mean[-1])
        if own[0].frozen:
            axes.axvline(own[0].frozen, color=colour, linewidth=0.6, linestyle=(0, (2, 2)))
            axes.annotate(
                "backbones unfrozen",
                (own[0].frozen, 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -2),
                textcoords="offset points",
                color=colour,
                fontsize=6,
                va="top",
            )
    _name_ends(axes, arms, ends, float(max(curve.updates.max() for curve in curves)))
    axes.set(xlabel="updates, both phases", ylabel="validation loss at scale 20")
    axes.grid(axis="y")
    return result


def _name_ends(axes: Axes, arms: list[str], ends: list[float], last: float) -> None:
    low, high = axes.get_ylim()
    for arm, end, place in zip(arms, ends, style.spread(ends, 0.065 * (high - low)), strict=True):
        axes.annotate(
            style.label_of(arm),
            (last, end),
            xytext=(last * 1.03, place),
            color=style.colour_of(arm),
            fontsize=6.5,
            va="center",
            annotation_clip=False,
        )
    axes.set_xlim(0, last)


def main() -> None:
    style.write(figure(read(studies.load())), "ladder_loss", "svg", "png")
