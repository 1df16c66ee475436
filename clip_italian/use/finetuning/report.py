"""The report of a run as a self-contained HTML page: metrics before and after, and the images found for the same queries."""

import pathlib
from collections.abc import Sequence
from typing import Any

from jaxtyping import Int
from numpy import ndarray

from clip_italian import templates
from clip_italian.evaluation.metrics import LABELS
from clip_italian.use.finetuning.tables import TestSet
from clip_italian.use.search import contact_sheet

SHOWN_IMAGES = 5  # of each ranking


def table(numbers: dict[str, Any]) -> str:
    """The metrics as a table in plain text."""
    rows = [f"{'':18} {'before':>24} {'after':>24} {'difference':>26} {'p':>7}"]
    for name, cells in numbers.items():
        before, after, difference = (_cell(cells[part]) for part in ("before", "after", "difference"))
        rows.append(f"{LABELS[name]:18} {before:>24} {after:>24} {difference:>26} {cells['p']:>7.4f}")
    return "\n".join(rows)


def _cell(cell: dict[str, Any]) -> str:
    low, high = cell["interval"]
    return f"{cell['value']:.3f} ({low:.3f} to {high:.3f})"


def page(
    name: str,
    numbers: dict[str, Any],
    notes: Sequence[str],
    test: TestSet,
    rankings: Sequence[Int[ndarray, "queries k"]],
    shown: int,
) -> str:
    """The page; `rankings` are the images ranked for each query before and after. It shows the first `shown` queries."""
    metrics = [
        (LABELS[metric], [_cell(cells[part]) for part in ("before", "after", "difference")], f"{cells['p']:.4f}")
        for metric, cells in numbers.items()
    ]
    queries = [
        (
            test.queries[number],
            [(when, _images(test, found, number)) for when, found in zip(("before", "after"), rankings, strict=True)],
        )
        for number in range(min(shown, len(test.queries)))
    ]
    values = {"name": name, "notes": notes, "metrics": metrics, "queries": queries, "total": len(test.queries)}
    return templates.render("use/finetuning/report.html", **values, thumbnail=contact_sheet.thumbnail)


def _images(test: TestSet, found: Int[ndarray, "queries k"], number: int) -> list[tuple[pathlib.Path, bool]]:
    """The first images of a query's ranking, and whether each is relevant."""
    return [(test.images[index], index in test.relevant[number]) for index in found[number].tolist()[:SHOWN_IMAGES]]
