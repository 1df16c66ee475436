"""Dose and response of freezing at equal total updates; figure `freeze_length`."""

import dataclasses

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style


@dataclasses.dataclass(frozen=True)
class Dose:
    """One arm: the updates with frozen backbones and its result under each endpoint."""

    arm: str
    frozen: int
    results: dict[str, studies.Number]


def read(study: studies.Study) -> list[Dose]:
    """The arms of the figure by rising freeze length, under the two primary endpoints."""
    doses = []
    for arm in study.arms(study.settings.freeze_arms):
        results = {endpoint: study.number(arm, endpoint) for endpoint in study.evaluation.primary_endpoints}
        doses.append(Dose(arm, study.frozen_updates(arm, study.grid[arm][0]), results))
    return sorted(doses, key=lambda dose: dose.frozen)


def figure(doses: list[Dose]) -> Figure:
    """One panel for each endpoint: mean and interval, every seed an open point beside them."""
    endpoints = list(doses[0].results)
    result, [row] = style.axes_grid(style.COLUMN, 1.9, columns=len(endpoints))
    for axes, endpoint in zip(row, endpoints, strict=True):
        _panel(axes, doses, endpoint)
    row[0].set_ylabel("percent")
    result.supxlabel("updates with frozen backbones", fontsize=7)
    return result


def _panel(axes: Axes, doses: list[Dose], endpoint: str) -> None:
    numbers = [dose.results[endpoint] for dose in doses]
    places = [dose.frozen for dose in doses]
    means = [studies.POINTS * number.value for number in numbers]
    axes.plot(places, means, color=style.GRID, linewidth=1.2, zorder=1)
    step = 0.045 * (max(places) - min(places) or 1)
    for dose, number, place in zip(doses, numbers, places, strict=True):
        colour = style.colour_of(dose.arm)
        axes.plot([place, place], [studies.POINTS * number.low, studies.POINTS * number.high], color=colour, linewidth=1.4)
        axes.plot(place, studies.POINTS * number.value, "o", color=colour, markersize=4.2)
        seeds = [studies.POINTS * value for value in number.seeds.values()]
        axes.plot(
            [place + step] * len(seeds),
            seeds,
            "o",
            markersize=2.6,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.8,
        )
    protocol = "Retrieval" if endpoint.count("/") > 1 else "Zero-shot"  # set/direction/relevance/metric, or set/metric
    axes.set_title(f"{protocol} {studies.endpoint_label(endpoint)}")
    axes.set_xticks(places)
    axes.margins(x=0.15, y=0.15)
    axes.grid(axis="y")


def main() -> None:
    style.write(figure(read(studies.load())), "freeze_length", "svg", "png")
