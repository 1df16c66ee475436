"""What augmentation and the frozen phase gain by tuned epochs, each with and without the other; figure `augmentation_epochs`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import effects, style
from analysis import study as studies
from analysis.curves import Arm
from analysis.effects import AUGMENTATION, ON_TOP, Effect, Effects, Gain
from analysis.freeze_length import Points, panel

WITH, WITHOUT = "with", "without"
Lines = dict[str, dict[str, Points]]  # by edit; with and without the other edit; by tuned epochs


def read(found: Effects) -> Lines:
    """The effects of both edits by tuned epochs, all else as in the proposed arm."""

    def frozen(arm: Arm) -> bool:
        return arm.frozen_updates == found.base.frozen_updates

    lines = {
        AUGMENTATION: {
            WITH: found.along(AUGMENTATION, "tuned_updates", where=frozen),
            WITHOUT: found.along(AUGMENTATION, "tuned_updates", "frozen_updates", where=lambda arm: not arm.frozen_updates),
        },
        ON_TOP: {
            WITH: found.along(ON_TOP, "tuned_updates", where=frozen),
            WITHOUT: found.along(
                ON_TOP, "tuned_updates", "augmentation", where=lambda arm: frozen(arm) and arm.augmentation is None
            ),
        },
    }
    return {name: {other: points for other, ones in both.items() if (points := by_epochs(ones))} for name, both in lines.items()}


def by_epochs(found: list[Effect]) -> Points:
    """The effects by their tuned epochs, those of arms that are tuned."""
    return effects.sizes([one for one in found if one.on.tuned_updates], lambda one: one.on.tuned_epochs)


def crossing(points: Points) -> tuple[float, float, float] | None:
    """The tuned epochs at which a mean gain of MRR@10 changes its sign, between points on a logarithmic axis; and the nearest
    points before and after it whose intervals exclude zero, zero and infinity where there are none.

    None where the mean does not change its sign exactly once.
    """
    epochs = [place for place, _ in points]
    means = [one.mrr.value for _, one in points]
    turns = [index for index in range(1, len(means)) if means[index - 1] * means[index] < 0]
    if len(turns) != 1:
        return None
    (turn,) = turns
    (left, right), (before, after) = np.log(epochs[turn - 1 : turn + 1]), means[turn - 1 : turn + 1]
    place = float(np.exp(left + (right - left) * before / (before - after)))
    low = max((place for place, one in points[:turn] if _decided(one.mrr)), default=0.0)
    high = min((place for place, one in points[turn:] if _decided(one.mrr)), default=np.inf)
    return place, low, high


def _decided(gain: Gain) -> bool:
    return gain.low > 0 or gain.high < 0


def finding(lines: Lines, found: Effects) -> str:
    """What augmentation does after the fewest and after the most epochs, and where it breaks even."""
    name = AUGMENTATION if lines[AUGMENTATION] else ON_TOP
    points = lines[name].get(WITH) or lines[name][WITHOUT]
    ends = [points[0], *points[-1:]] if len(points) > 1 else points
    said = [(one.mrr, f"at {_epochs(place)}{'' if index else ' tuned epochs'}") for index, (place, one) in enumerate(ends)]
    text = capital(effects.sentence(SUBJECTS[name], said, found.smallest))
    turn = crossing(points)
    return f"{text}, and breaks even near {_epochs(turn[0])}" if turn else text


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _epochs(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


OTHERS = {
    AUGMENTATION: {WITH: ("frozen before", style.FROZEN, "o"), WITHOUT: ("nothing frozen", style.UNFROZEN, "s")},
    ON_TOP: {WITH: ("augmented", style.AUGMENTED, "o"), WITHOUT: ("not augmented", style.CLEAN, "s")},
}
SUBJECTS = {AUGMENTATION: "augmentation", ON_TOP: "a frozen phase on top"}


def figure(lines: Lines, found: Effects) -> Figure:
    """A column for each edit; MRR@10 above, loss below; a line with and one without the other edit."""
    shown = {name: both for name, both in lines.items() if both}
    result, rows = style.axes_grid(style.COLUMN, 3.6, rows=2, columns=len(shown), sharex="col")
    for column, (name, both) in enumerate(shown.items()):
        rows[0][column].set_title(SUBJECTS[name].removeprefix("a "))
        draw(rows[:, column], both, OTHERS[name])
        style.key(rows[0][column])
        style.ticks(rows[1][column], sorted({place for points in both.values() for place, _ in points}))
        rows[1][column].set_xlabel("tuned epochs")
        for index, (other, points) in enumerate(both.items()):
            mark_crossing(rows[0][column], points, OTHERS[name][other][1], above=index == 0)
    rows[0][0].set_ylabel("gain in MRR@10, points")
    rows[1][0].set_ylabel("loss saved")
    style.finding(result, finding(lines, found))
    return result


def draw(column: Iterable[Axes], both: dict[str, Points], looks: dict[str, tuple[str, str, str]]) -> None:
    """The lines of one edit, in the panel of each metric."""
    for axes, metric in zip(column, effects.METRICS, strict=True):
        for other, points in both.items():
            label, colour, marker = looks[other]
            panel(axes, points, metric, colour, marker, label)


def mark_crossing(axes: Axes, points: Points, colour: str, above: bool) -> None:
    """The epochs at which the gain is zero, where it changes its sign once."""
    if turn := crossing(points):
        axes.plot(turn[0], 0, "|", color=colour, markersize=9, markeredgewidth=1.4, zorder=4)
        place, side = ((0, 6), "bottom") if above else ((0, -6), "top")
        options: dict[str, Any] = {"textcoords": "offset points", "ha": "right" if above else "left", "va": side, "color": colour}
        axes.annotate(_epochs(turn[0]), (turn[0], 0), xytext=place, **options)


def main() -> None:
    found = effects.of(studies.load())
    lines = read(found) if found else {}
    if found and any(lines.values()):
        style.write(figure(lines, found), "augmentation_epochs", "svg", "png")
    else:
        style.leave_out("augmentation_epochs")
