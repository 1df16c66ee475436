"""Before and after, as a page that needs no other file: the metrics, and the same queries side by side in pictures."""

import html
import pathlib
from collections.abc import Sequence
from typing import Any

from jaxtyping import Int
from numpy import ndarray

from clip_italian.evaluation.metrics import LABELS
from clip_italian.use.finetuning.tables import TestSet
from clip_italian.use.search import contact_sheet

SHOWN_PLACES = 5  # pictures of each list
STYLE = """
table { border-collapse: collapse } th, td { padding: .3rem .8rem; text-align: left; font-variant-numeric: tabular-nums }
td { border-top: 1px solid #ddd } .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem }
.row { display: flex; flex-wrap: wrap; gap: .4rem } .row .frame { width: 112px; height: 112px; border-bottom: 5px solid #ccc }
.row .right .frame { border-color: #1b7f3b } .row img { max-width: 112px; max-height: 112px } .row figure { width: 112px }
.legend, .sides { color: #555; font-size: .9rem }
"""


def table(numbers: dict[str, Any]) -> str:
    """The metrics in lines of text."""
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
    lists: Sequence[Int[ndarray, "queries places"]],
    shown: int,
) -> str:
    """The page; `lists` are the pictures that each query found before and after. The first `shown` queries are shown, unchosen."""
    rows = "".join(_metric(metric, cells) for metric, cells in numbers.items())
    head = "<tr><th><th>before<th>after<th>difference<th>p</tr>"
    said = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    queries = "".join(_query(test, lists, number) for number in range(min(shown, len(test.queries))))
    title = html.escape(name)
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{title}</title>\n<style>{contact_sheet.STYLE}{STYLE}</style>\n"
        f"<h1>{title}</h1>\n{said}\n<table>{head}{rows}</table>\n"
        f"<p class=legend>Intervals are over the queries. Below, the first {min(shown, len(test.queries))} of "
        f"{len(test.queries)} queries with what they find first; a green line is under what is right.</p>\n"
        f"{queries}\n</html>\n"
    )


def _metric(name: str, cells: dict[str, Any]) -> str:
    columns = "".join(f"<td>{_cell(cells[part])}" for part in ("before", "after", "difference"))
    return f"<tr><td>{LABELS[name]}{columns}<td>{cells['p']:.4f}</tr>"


def _query(test: TestSet, lists: Sequence[Int[ndarray, "queries places"]], number: int) -> str:
    sides = "".join(
        f"<div>{when}{_side(test, found[number].tolist()[:SHOWN_PLACES], test.relevant[number])}</div>"
        for when, found in zip(("before", "after"), lists, strict=True)
    )
    return f"<h2>{html.escape(test.queries[number])}</h2>\n<div class=sides>{sides}</div>\n"


def _side(test: TestSet, places: Sequence[int], right: frozenset[int]) -> str:
    return f"<div class=row>{''.join(_picture(test.pictures[place], place in right) for place in places)}</div>"


def _picture(path: pathlib.Path, right: bool) -> str:
    name = html.escape(path.name)
    picture = contact_sheet.thumbnail(path)
    shown = f'<img src="{picture}" alt="{name}">' if picture else "gone"
    return f'<figure class="{"right" if right else "wrong"}" title="{name}"><div class=frame>{shown}</div></figure>'
