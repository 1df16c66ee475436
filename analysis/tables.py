"""Tables as JSON for the paper and as booktabs LaTeX.

    {"columns": [label, ...], "rows": [{"label": ..., "run_key": ..., "cells": [cell, ...]}, ...], "note": ...}

A cell is {"text": ...} with, where it is a number of the results, `interval`, `value`, `low`, `high`, `file`, `field`
and `run_key`.
"""

import dataclasses
from typing import Any

from clip_italian import files, paths

ESCAPES = str.maketrans({"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "−": "$-$", "–": "--", "→": r"$\to$"})


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a table; `run_key` is empty when the line is not about a run."""

    label: str
    cells: list[dict[str, Any]]
    run_key: str = ""


def cell(text: object) -> dict[str, Any]:
    """A cell that is no result of the study: a word, a count, a published number."""
    return {"text": str(text)}


def write(name: str, columns: list[str], rows: list[Row], note: str) -> None:
    """Writes paper/tables/<name>.json and .tex."""
    content = {"columns": columns, "rows": [dataclasses.asdict(row) for row in rows], "note": note}
    files.write_json(paths.TABLES / f"{name}.json", content)
    files.write_text(paths.TABLES / f"{name}.tex", latex(columns, rows, note))


def latex(columns: list[str], rows: list[Row], note: str) -> str:
    """The table as a booktabs `tabular`; intervals follow their number in small type."""
    lines = [
        f"% {note}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        _line(["", *columns]),
        r"\midrule",
    ]
    lines += [_line([row.label, *(_with_interval(cell) for cell in row.cells)]) for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _with_interval(cell: dict[str, Any]) -> str:
    return cell["text"] + (f" [{cell['interval']}]" if "interval" in cell else "")


def _line(cells: list[str]) -> str:
    return " & ".join(cell.translate(ESCAPES) for cell in cells) + r" \\"


def chance_row(study: Any, endpoints: list[str]) -> Row:
    """What a random order is expected to reach, one cell for each endpoint."""
    return Row("chance", [study.chance(endpoint) for endpoint in endpoints])


def model_rows(study: Any, endpoints: list[str], label_of: Any) -> list[Row]:
    """One row for each model, one cell for each endpoint."""
    return [
        Row(label_of(model), [study.number(model, endpoint).as_json() for endpoint in endpoints], study.run_key(model))
        for model in study.grid
    ]
