"""Paired comparisons: tables `comparisons` (the declared family) and `comparisons_exploratory`."""

from collections.abc import Sequence
from typing import Any

from analysis import study as studies
from analysis import style, tables
from analysis.retrieval import heading

NOTE = (
    "Difference in percentage points, first minus second; intervals: 95 % over seeds and pictures. "
    "p: two-way random effects of seeds and pictures, as the intervals. {correction} "
    "Smallest effect of interest: {smallest} points; floor: neither model is above chance."
)
HOLM = "p (Holm): corrected over this declared family."
BH = "Exploratory; q: Benjamini and Hochberg over all of these."


# What the sentences say of a difference, by where its interval lies against the smallest effect of interest.
VERBS = {"above": "raises", "below": "lowers", "within": "hardly changes", "unclear": "has no clear effect on"}
# The same where two models are compared, of which neither is an edit of the other.
STANDINGS = {"raises": "is ahead in", "lowers": "is behind in", "hardly changes": "is level in"}
STANDINGS |= {"has no clear effect on": "is neither clearly ahead nor behind in"}
OPEN = "though its corrected p leaves that open"  # the interval, which is not corrected, lies beyond the margin
HEDGE = "perhaps by less than {smallest:g} points"  # where the interval excludes zero and reaches into the margin


def words(interval: Sequence[float], effect: str, smallest: float) -> dict[str, str]:
    """The verb for an edit's difference, that for two models', and the hedge to add; `smallest` is in percentage points.

    No clear effect is left for intervals that hold zero: one that excludes it has a direction, however small.
    """
    low, high = interval
    if effect == "unclear" and (low > 0 or high < 0):
        verb, hedge = VERBS["above" if low > 0 else "below"], HEDGE.format(smallest=smallest)
    else:
        verb, hedge = VERBS[effect], ""
    return {"effect": effect, "verb": verb, "standing": STANDINGS[verb], "hedge": hedge}


def words_of(row: dict[str, Any], smallest: float) -> dict[str, str]:
    """`words` of a row of results; where its corrected p leaves the direction open, they say so or tell of no clear effect."""
    undecided = row.get("direction", "untold") is None
    said = words((-1.0, 1.0) if undecided and row["effect"] == "unclear" else row["interval"], row["effect"], smallest)
    return said | {"hedge": OPEN} if undecided and row["effect"] in ("above", "below") else said


def probability(p: float) -> str:
    """A p-value as it is printed."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def difference(study: studies.Study, file: str, field: str, entry: dict[str, Any]) -> studies.Number:
    """The difference of a comparison, which lies in that file at that field."""
    low, high = entry["interval"]
    key = f"{study.run_key(entry['first'])}-{study.run_key(entry['second'])}"
    return studies.Number(entry["difference"], low, high, entry["seeds"], file, field, key)


def row(study: studies.Study, family: str, index: int, entry: dict[str, Any], corrected: str) -> tables.Row:
    """One comparison: endpoint, difference with interval, p, corrected p, and what it means for the smallest effect."""
    number = difference(study, f"results/{study.profile}/comparisons.json", f"{family}.{index}.difference", entry)
    test_set, _, metric = entry["endpoint"].partition("/")
    name = heading(study, metric) if "/" in metric else studies.endpoint_label(metric)
    cells = [
        tables.cell(f"{test_set} {name}"),
        number.as_json(),
        tables.cell(probability(entry["p"])),
        tables.cell(probability(entry[corrected])),
        tables.cell("floor" if entry.get("floor") else entry["effect"]),
    ]
    return tables.Row(f"{style.label_of(entry['first'])} − {style.label_of(entry['second'])}", cells, number.run_key)


def main() -> None:
    study = studies.load()
    content = study.results("comparisons")
    kinds = (
        ("primary", "comparisons", "p_holm", "p (Holm)", HOLM),
        ("exploratory", "comparisons_exploratory", "q", "q", BH),
    )
    for family, name, corrected, title, correction in kinds:
        rows = [row(study, family, index, entry, corrected) for index, entry in enumerate(content[family])]
        note = NOTE.format(correction=correction, smallest=content["smallest_effect"])
        tables.write(name, ["endpoint", "difference", "p", title, "effect"], rows, note)
