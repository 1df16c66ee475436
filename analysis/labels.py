"""The same classes under good and under machine-like labels: table and figure `labels`."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style, tables
from analysis.comparisons import probability

PRINTED = {
    "good": "good labels",
    "without_article": "no articles",
    "synonym": "synonyms",
    "duplicate": "shared labels",
    "mistranslated": "wrong senses",
    "agreement": "no agreement",
    "machine": "all faults",
    "templates": "templates",
}
PARTS = ("touched", "untouched", "optimistic")
NOTE = (
    "acc@1 of {model} on {set} and differences to good labels, in percentage points; intervals: 95 % over seeds and pictures. "
    "p (Holm): two-way random effects of seeds and pictures, corrected over these conditions. classes: how many have "
    "another label than the good one or share theirs; touched, untouched: differences over their pictures and over the others. "
    "Equal scores count against the model; optimistic: for it."
)


def printed(condition: str) -> str:
    """The name of a condition as it is printed."""
    return PRINTED.get(condition, condition.replace("_", " "))


def accuracy(study: studies.Study, model: str, condition: str) -> studies.Number:
    """acc@1 of a model under a condition."""
    entry = study.results("labels")["models"][model][condition]
    low, high = entry["interval"]["acc@1"]
    seeds = {seed: values["acc@1"] for seed, values in entry["seeds"].items()}
    field = f"models.{model}.{condition}.mean.acc@1"
    return studies.Number(entry["mean"]["acc@1"], low, high, seeds, _file(study), field, study.run_key(model))


def difference(study: studies.Study, family: str, index: int, part: str = "") -> studies.Number:
    """A row's difference to good labels, or that of a part of the row: touched, untouched, optimistic, relative."""
    row = study.results("labels")[family][index]
    one = row[part] if part else row
    low, high = one["interval"]
    field = f"{family}.{index}.{f'{part}.' if part else ''}difference"
    return studies.Number(one["difference"], low, high, one["seeds"], _file(study), field, study.run_key(row["model"]))


def _file(study: studies.Study) -> str:
    return f"results/{study.profile}/labels.json"


def line(study: studies.Study, index: int, row: dict[str, Any]) -> tables.Row:
    """One condition of the declared family."""
    touched = study.results("labels")["conditions"][row["condition"]]["touched"]["classes"]
    cells = [
        tables.cell(touched),
        accuracy(study, row["model"], row["condition"]).as_json(),
        difference(study, "primary", index).as_json(),
        tables.cell(probability(row["p_holm"])),
        tables.cell(row["effect"]),
        *(difference(study, "primary", index, part).as_json() if row[part] else tables.cell("–") for part in PARTS),
    ]
    return tables.Row(printed(row["condition"]), cells, study.run_key(row["model"]))


def figure(study: studies.Study) -> Figure:
    """A panel for each condition, all on one scale: every model's difference to good labels with its interval."""
    conditions, models = study.evaluation.label_conditions, list(study.results("labels")["models"])[::-1]
    options: dict[str, Any] = {"columns": len(conditions), "sharex": True, "sharey": True}
    result, [row] = style.axes_grid(style.PAGE, 0.6 + 0.15 * len(models), **options)
    for axes, condition in zip(row, conditions, strict=True):
        _panel(study, axes, condition, models)
    row[0].set_yticks(range(len(models)), [style.label_of(model) for model in models])
    for tick, model in zip(row[0].get_yticklabels(), models, strict=True):
        tick.set(color=style.colour_of(model))
    result.supxlabel("acc@1 minus that under good labels, percentage points", fontsize=7)
    return result


def _panel(study: studies.Study, axes: Axes, condition: str, models: list[str]) -> None:
    axes.axvline(0, color=style.SOFT, linewidth=0.6)
    for family in ("primary", "exploratory"):
        for index, row in enumerate(study.results("labels")[family]):
            if row["condition"] == condition:
                number, colour = difference(study, family, index), style.colour_of(row["model"])
                place = models.index(row["model"])
                axes.plot([studies.POINTS * number.low, studies.POINTS * number.high], [place, place], color=colour, linewidth=1.6)
                axes.plot(studies.POINTS * number.value, place, "o", color=colour, markersize=3.6)
    axes.set_title(printed(condition).replace(" ", "\n"), fontsize=7)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def main() -> None:
    study = studies.load()
    content = study.results("labels")
    columns = ["classes", "acc@1", "difference", "p (Holm)", "effect", *PARTS]
    rows = [line(study, index, row) for index, row in enumerate(content["primary"])]
    model = style.label_of(study.evaluation.primary_pairs[0][0])
    tables.write("labels", columns, rows, NOTE.format(model=model, set=content["set"]))
    if study.evaluation.label_conditions:
        style.write(figure(study), "labels", "svg", "png")
