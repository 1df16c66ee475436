"""Accuracy of linear probes by the pictures of each class that they learn from; figure `few_shot`."""

import dataclasses

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style

METRIC = "acc@1"
BESIDE = 1.1  # the draws stand so many times as far to the right as their mean


@dataclasses.dataclass(frozen=True)
class Curve:
    """One model on one test set: the accuracy by shots, every draw of every seed, and the zero-shot accuracy."""

    model: str
    points: dict[int, studies.Number]  # `seeds` holds the draws, as "seed/draw"
    zeroshot: studies.Number


def read(study: studies.Study) -> dict[str, list[Curve]]:
    """The curves of the probed models by test set."""
    content = study.results("probe")
    return {
        test_set: [
            Curve(
                model,
                {int(shots): number(study, model, test_set, shots) for shots in sets[test_set]},
                study.number(model, f"{test_set}/zeroshot_{METRIC}"),
            )
            for model, sets in content["few_shot"].items()
        ]
        for test_set in content["sets"]
    }


def number(study: studies.Study, model: str, test_set: str, shots: str) -> studies.Number:
    """A point of a curve, with its interval over seeds, draws and pictures."""
    point = study.results("probe")["few_shot"][model][test_set][shots]
    low, high = point["interval"][METRIC]
    draws = {f"{seed}/{draw}": one[METRIC] for seed, ones in point["seeds"].items() for draw, one in ones.items()}
    field = f"few_shot.{model}.{test_set}.{shots}.mean.{METRIC}"
    file = f"results/{study.profile}/probe.json"
    return studies.Number(point["mean"][METRIC], low, high, draws, file, field, study.run_key(model))


def figure(curves: dict[str, list[Curve]]) -> Figure:
    """One panel for each test set."""
    result, [row] = style.axes_grid(style.COLUMN, 2.0, columns=len(curves), sharey=True)
    for axes, (test_set, ones) in zip(row, curves.items(), strict=True):
        for curve in ones:
            _draw(axes, curve)
        axes.set_title(studies.short(test_set))
        axes.set_xscale("log", base=2)
        shots = list(ones[0].points)
        axes.set_xticks(shots, [str(count) for count in shots])
        axes.minorticks_off()
        axes.margins(x=0.14)
        axes.grid(axis="y")
    row[0].set_ylabel("accuracy, percent")
    row[0].set_ylim(0, studies.POINTS)
    row[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.08), handlelength=1.4)
    result.supxlabel("pictures of each class", fontsize=7)
    return result


def _draw(axes: Axes, curve: Curve) -> None:
    """The curve and its interval, every draw of every seed as a faint point beside it, and zero-shot as a dashed line."""
    colour, shots, numbers = style.colour_of(curve.model), list(curve.points), list(curve.points.values())
    low, middle, high = ([studies.POINTS * getattr(one, name) for one in numbers] for name in ("low", "value", "high"))
    axes.axhline(studies.POINTS * curve.zeroshot.value, color=colour, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.fill_between(shots, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(shots, middle, "o-", color=colour, markersize=2.8, linewidth=1.3, label=style.label_of(curve.model))
    for count, one in zip(shots, numbers, strict=True):
        draws = [studies.POINTS * value for value in one.seeds.values()]
        axes.plot([count * BESIDE] * len(draws), draws, "o", color=colour, markersize=2.6, alpha=0.35, markeredgewidth=0)


def main() -> None:
    style.write(figure(read(studies.load())), "few_shot", "svg", "png")
