"""Retrieval by the number of a caption's words; figure `caption_length`."""

from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style

FAMILY = "caption_length"
Results = dict[str, dict[str, studies.Number]]  # by model, then class of lengths


def read(study: studies.Study) -> Results:
    """The classes of lengths from the shortest up, of the models of the error figures."""
    metric = study.evaluation.primary_endpoints[0].rpartition("/")[2]
    lengths = sorted(study.results("errors")["groups"][FAMILY], key=lambda label: int(label.rstrip("+").partition("–")[0]))
    return {
        model: {label: study.error(model, FAMILY, f"{label}/{metric}") for label in lengths}
        for model in study.models(study.settings.error_models)
    }


def figure(results: Results, metric: str) -> Figure:
    """A line for each model with its intervals, named at its end."""
    result, [[axes]] = style.axes_grid(style.COLUMN, 1.9)
    lengths = list(next(iter(results.values())))
    for number, (model, numbers) in enumerate(results.items()):
        colour = style.colour_of(model)
        places = [place + 0.06 * (number - (len(results) - 1) / 2) for place in range(len(lengths))]
        values = [studies.POINTS * one.value for one in numbers.values()]
        axes.plot(places, values, "o-", color=colour, markersize=3.2, linewidth=1.1)
        for place, one in zip(places, numbers.values(), strict=True):
            axes.plot([place, place], [studies.POINTS * one.low, studies.POINTS * one.high], color=colour, linewidth=1.2)
    ends = [studies.POINTS * numbers[lengths[-1]].value for numbers in results.values()]
    for model, height in zip(results, style.spread(ends, 8.0), strict=True):
        colour = style.colour_of(model)
        axes.text(len(lengths) - 0.75, height, style.label_of(model), color=colour, fontsize=6.3, va="center")
    axes.set_xticks(range(len(lengths)), lengths)
    axes.set_xlim(-0.3, len(lengths) + 0.6)
    axes.set_ylim(bottom=-6)  # room for the name of a model that finds nothing
    axes.set_xlabel("words of the caption")
    axes.set_ylabel(f"{metric} (%)")
    axes.grid(axis="y")
    return result


def main() -> None:
    study = studies.load()
    metric = studies.endpoint_label(study.evaluation.primary_endpoints[0])
    style.write(figure(read(study), metric), "caption_length", "svg", "png")
