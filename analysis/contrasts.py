"""The true caption against a false one that differs in one thing; figure and table `contrasts`."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style, tables

FAMILY, METRIC = "contrasts", "acc"
CHANCE = 0.5
LABELS = {
    "noun": "noun",
    "colour": "colour",
    "swap": "colours swapped",
    "count_to_three": "count, 1 to 3",
    "count_four": "count, 4 against fewer",
    "count_beyond": "count, 4 to 6",
    "relation": "relation",
    "left_right": "left or right",
    "position": "position",
    "size": "size",
}
NOTE = (
    "Percent of pictures whose true caption scores above the false one, which differs in one thing; chance is 50. "
    "Intervals: 95 % over seeds and contrasts. Five and six things occur in no training pair."
)
Results = dict[str, dict[str, studies.Number]]  # by model, then kind


def read(study: studies.Study, models: list[str]) -> Results:
    """Every kind's accuracy of some models, in the order of LABELS."""
    kinds = [kind for kind in LABELS if kind in study.results("errors")["groups"][FAMILY]]
    return {model: {kind: study.error(model, FAMILY, f"{kind}/{METRIC}") for kind in kinds} for model in models}


def figure(results: Results) -> Figure:
    """A line for each kind; in it a point and an interval for each model, and a line at chance."""
    kinds = list(next(iter(results.values())))
    result, [[axes]] = style.axes_grid(style.COLUMN, 0.6 + 0.30 * len(kinds))
    axes.axvline(studies.POINTS * CHANCE, color=style.SOFT, linewidth=0.8, linestyle=(0, (3, 2)))
    for number, (model, numbers) in enumerate(results.items()):
        _points(axes, model, list(numbers.values()), 0.3 - 0.6 * number / max(1, len(results) - 1))
    axes.set_yticks(range(len(kinds)), [LABELS[kind] for kind in kinds])
    axes.invert_yaxis()
    axes.set_xlim(0, 102)
    axes.set_xlabel("percent of pictures; dashed: chance")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    result.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=6.5, handletextpad=0.4, columnspacing=1.2)
    return result


def _points(axes: Axes, model: str, numbers: list[studies.Number], shift: float) -> None:
    colour = style.colour_of(model)
    places = [place - shift for place in range(len(numbers))]
    for place, number in zip(places, numbers, strict=True):
        axes.plot([studies.POINTS * number.low, studies.POINTS * number.high], [place, place], color=colour, linewidth=1.2)
    values = [studies.POINTS * number.value for number in numbers]
    axes.plot(values, places, "o", color=colour, markersize=3.4, label=style.label_of(model))


def main() -> None:
    study = studies.load()
    style.write(figure(read(study, study.models(study.settings.error_models))), "contrasts", "svg", "png")
    results = read(study, list(study.results("errors")["models"]))
    rows = [
        tables.Row(style.label_of(model), [number.as_json() for number in numbers.values()], study.run_key(model))
        for model, numbers in results.items()
    ]
    tables.write("contrasts", [LABELS[kind] for kind in results[next(iter(results))]], rows, NOTE)
