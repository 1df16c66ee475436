"""What a frozen phase gains by its length, on top of equal tuning and out of an equal total of updates; figure `freeze_length`."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import effects, style
from analysis import study as studies
from analysis.effects import EQUAL, ON_TOP, Effect, Effects

Points = list[tuple[float, Effect]]


def read(found: Effects) -> tuple[Points, Points]:
    """The effects of a frozen phase by its epochs, on top of the proposed arm's tuning, and by its share of as many updates."""
    on_top = effects.sizes(found.along(ON_TOP), lambda one: one.on.frozen_epochs)
    equal = [one for one in found.along(EQUAL) if one.off.tuned_updates == found.base.tuned_updates]
    return on_top, effects.sizes(equal, lambda one: studies.POINTS * one.on.frozen_share)


def finding(on_top: Points, equal: Points, found: Effects) -> str:
    """What each account says: of the proposed arm's length, and of the most equal division."""
    said: list[str] = []
    if on_top:
        epochs, one = min(on_top, key=lambda point: abs(point[0] - found.base.frozen_epochs))
        said.append(effects.sentence(f"A frozen phase of {epochs:.0f} epochs on top", [(one.mrr, "")], found.smallest))
    if equal:
        share, one = min(equal, key=lambda point: abs(point[0] - studies.POINTS / 2))
        text = effects.sentence(f"{share:.0f} % of equal updates", [(one.mrr, "")], found.smallest)
        said.append(text.replace(effects.UNIT, "") if any(effects.UNIT in before for before in said) else text)
    return "; ".join(said)


def figure(on_top: Points, equal: Points, found: Effects) -> Figure:
    """A column for each account that has arms; MRR@10 above, loss below, more is better in both, each panel on its own scale."""
    panels = [(points, name) for points, name in ((on_top, "on top of equal tuning"), (equal, "out of an equal total")) if points]
    result, rows = style.axes_grid(style.COLUMN, 3.2, rows=2, columns=len(panels), sharex="col")
    for column, (points, name) in enumerate(panels):
        rows[0][column].set_title(name)
        for axes, metric in zip(rows[:, column], effects.METRICS, strict=True):
            panel(axes, points, metric, style.FROZEN)
        if points is on_top:
            style.ticks(rows[1][column], [place for place, _ in points])
            rows[1][column].set_xlabel("frozen epochs")
        else:
            rows[1][column].set(xlabel="frozen share, %", xticks=[0, *(place for place, _ in points)])
    name_rows(rows[:, 0])
    style.finding(result, finding(on_top, equal, found))
    return result


def panel(axes: Axes, points: Points, metric: str, colour: str, marker: str = "o", label: str = "") -> None:
    """A line of gains under one metric."""
    style.no_gain(axes)
    shown = [(place, gain) for place, one in points if (gain := one.gain(metric))]
    factor = studies.POINTS if metric == "mrr@10" else 1
    style.gains(axes, [place for place, _ in shown], [gain for _, gain in shown], colour, marker, label, factor)


def name_rows(axes: Iterable[Axes]) -> None:
    """What each row of panels shows."""
    for one, label in zip(axes, ("gain in MRR@10, points", "loss saved"), strict=True):
        one.set_ylabel(label)


def main() -> None:
    found = effects.of(studies.load())
    on_top, equal = read(found) if found else ([], [])
    if found and (on_top or equal):
        style.write(figure(on_top, equal, found), "freeze_length", "svg", "png")
    else:
        style.leave_out("freeze_length")
