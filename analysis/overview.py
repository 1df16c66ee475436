"""All models under the two primary endpoints, every seed a point; figure `overview`, the README's picture."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style

Results = dict[str, dict[str, studies.Number]]  # by endpoint, then model


def read(study: studies.Study) -> Results:
    """Every model's result under the primary endpoints."""
    return {
        endpoint: {model: study.number(model, endpoint) for model in study.grid} for endpoint in study.evaluation.primary_endpoints
    }


def figure(results: Results) -> Figure:
    """One panel for each endpoint, models from the best down by the first one."""
    first = next(iter(results.values()))
    models = sorted(first, key=lambda model: first[model].value)
    result, [row] = style.axes_grid(style.PAGE, 0.6 + 0.19 * len(models), columns=len(results), sharey=True)
    for axes, (endpoint, numbers) in zip(row, results.items(), strict=True):
        _panel(axes, models, numbers)
        asked = TITLES.get(endpoint.rpartition("-")[0], endpoint.split("/")[0])
        axes.set_title(f"{asked}\n{studies.endpoint_label(endpoint)} (%)")
    row[0].set_yticks(range(len(models)), [style.label_of(model) for model in models])
    for tick, model in zip(row[0].get_yticklabels(), models, strict=True):
        tick.set(color=style.colour_of(model), fontsize=7.5)
    return result


TITLES = {"retrieval": "Finding a picture for a caption", "zeroshot": "Naming colour and thing"}


def _panel(axes: Axes, models: list[str], numbers: dict[str, studies.Number]) -> None:
    for place, model in enumerate(models):
        number, colour = numbers[model], style.colour_of(model)
        low, middle, high = (studies.POINTS * value for value in (number.low, number.value, number.high))
        axes.plot([low, high], [place, place], color=colour, linewidth=1.8)
        axes.plot(middle, place, "o", color=colour, markersize=5)
        seeds = [studies.POINTS * value for value in number.seeds.values()]
        axes.plot(
            seeds,
            [place - 0.32] * len(seeds),
            "o",
            markersize=2.8,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.8,
        )
        axes.annotate(number.text, (high, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=6.5)
    axes.set_xlim(0, 1.12 * studies.POINTS * max(number.high for number in numbers.values()))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def main() -> None:
    style.write(figure(read(studies.load())), "overview", "png", "svg")
