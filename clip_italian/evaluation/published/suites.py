"""Suites of several test sets, evaluated into one table; each is a file in `suites/`.

`evaluate` runs every set whose folder exists and lists the others. The mean over sets has a value only if none is missing.

OUT/<suite>/<set>/        what `evaluating.evaluate` writes
OUT/<suite>/table.json    {"suite", "source", "model": {file: SHA-256}, "mean": {"metric", "value", "sets", "of"} or null,
                          "sets": [{"name", "protocol", "language", "metric", "value", "metrics": all of them by name}],
                          "missing": [{"name", "path"}]}
"""

import pathlib
from typing import Any

import numpy as np
import pydantic

from clip_italian import config, files
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.evaluation.published import evaluating, protocols

FOLDER = protocols.FOLDER.parent / "suites"


class SetSettings(Settings):
    """A row of the table."""

    name: str
    folder: str  # in the data folder
    protocol: str
    language: str | None  # if the protocol has a choice
    metric: str  # whose value the row shows, by its published name


class Suite(Settings):
    """One file of `suites/`."""

    source: str  # who selected the sets, and where
    mean: str | None  # the metric whose mean over the sets that have it is the suite's number
    sets: list[SetSettings] = pydantic.Field(min_length=1)


def names() -> list[str]:
    """The names of all suites."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Suite:
    """The suite of that name; raises InputError with the known names if there is none."""
    protocols.check_known("suite", name, names())
    path = FOLDER / f"{name}.yaml"
    return config.parse(Suite, config.read_yaml(path), str(path))


def evaluate(
    model: Model, name: str, data: pathlib.Path, out: pathlib.Path, labels: pathlib.Path | None = None, progress: bool = False
) -> dict[str, Any]:
    """Evaluates a model on the sets of a suite that are in `data`; returns and writes the table that is described above.

    `labels` is as in `protocols.read`. Raises InputError if no set exists, or if one is damaged or of another kind.
    """
    suite, rows, missing = load(name), list[dict[str, Any]](), list[dict[str, str]]()
    absent = {each.name: _absent(each, data, labels) for each in suite.sets}
    if all(absent.values()):
        raise InputError(f"{data}: no set of `{name}` is there; the first is looked for at {absent[suite.sets[0].name]}")
    for each in suite.sets:
        if path := absent[each.name]:
            missing.append({"name": each.name, "path": str(path)})
            continue
        given = labels if each.language else None
        subfolder = f"{name}/{each.name.replace('/', '-')}"
        found = evaluating.evaluate(
            model, each.protocol, data / each.folder, out, progress, language=each.language, labels=given, subfolder=subfolder
        )
        rows.append(each.model_dump(exclude={"folder"}) | {"value": found[each.metric], "metrics": found})
    table = {
        "suite": name,
        "source": suite.source,
        "model": model.digests(),
        "mean": _mean(suite, rows),
        "sets": rows,
        "missing": missing,
    }
    files.write_json(out / name / "table.json", table)
    return table


def _absent(each: SetSettings, data: pathlib.Path, labels: pathlib.Path | None) -> pathlib.Path | None:
    """Returns the first missing path of a set: its folder, or a file of its language; None if nothing is missing."""
    folder = data / each.folder
    needed = [folder, *protocols.label_files(protocols.load(each.protocol), folder, each.language, labels)]
    return next((path for path in needed if not path.exists()), None)


def _mean(suite: Suite, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    if suite.mean is None:
        return None
    values = [row["value"] for row in rows if row["metric"] == suite.mean]
    of = sum(each.metric == suite.mean for each in suite.sets)
    value = float(np.mean(values)) if len(values) == of else None
    return {"metric": suite.mean, "value": value, "sets": len(values), "of": of}


def lines(table: dict[str, Any]) -> str:
    """The table as text."""
    width = max(len(row["name"]) for row in [*table["sets"], *table["missing"]])
    printed = [f"{'set':<{width}}  {'value':>8}  metric"]
    printed += [f"{row['name']:<{width}}  {row['value']:>8.4f}  {row['metric']}" for row in table["sets"]]
    printed += [f"{row['name']:<{width}}  {'missing':>8}  {row['path']}" for row in table["missing"]]
    if mean := table["mean"]:
        value = "no value" if mean["value"] is None else f"{mean['value']:.4f}"
        printed.append(f"mean {mean['metric']}: {value}; {mean['sets']} of {mean['of']} sets are there")
    return "\n".join(printed)
