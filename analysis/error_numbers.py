"""The numbers of the errors that the paper's sentences may use, for analysis/numbers.py.

Names: `errors/<model>/<family>/<metric>` (with `interval`; of contrasts also `side`, where the interval lies against chance),
`errors/<first>-<second>/<kind>` (a difference with `interval`, `effect`, `verb` and `corrected`), `errors/contrasts/pictures`,
`told/<model>/<noun or colour>` (the commonest confusion: its share, with what was `shown` and what it was `taken_for`),
`associations/<model>/<test>` (mean effect over seeds, with the least two-sided `p` of any seed, and whether it `finds` anything).
"""

from typing import Any

from analysis import contrasts
from analysis import study as studies
from analysis.comparisons import difference, probability, words_of

Entry = dict[str, Any]
DETAILS = "contrast_details"


def side(number: studies.Number) -> str:
    """Where an interval lies against chance: above, below, or unclear."""
    return "above" if number.low > contrasts.CHANCE else "below" if number.high < contrasts.CHANCE else "unclear"


def entries(study: studies.Study) -> dict[str, Entry]:
    """All of them; with a test set that is not drawn, those of caption lengths and associations."""
    content = study.results("errors")
    found = _metrics(study, content) | _comparisons(study, content) | _told(study, content) | _associations(study, content)
    if contrasts.FAMILY in content["groups"]:
        pictures = sum(group["queries"] for group in content["groups"][contrasts.FAMILY].values())
        found["errors/contrasts/pictures"] = {
            "value": pictures,
            "text": f"{pictures:,}",
            "file": f"results/{study.profile}/errors.json",
            "field": f"groups.{contrasts.FAMILY}.*.queries",
            "run_key": "",
        }
    return found


def _metrics(study: studies.Study, content: dict[str, Any]) -> dict[str, Entry]:
    found = {}
    for model, families in content["models"].items():
        for family, one in families.items():
            for metric in one["interval"]:
                number = study.error(model, family, metric)
                words = {"side": side(number)} if family in (contrasts.FAMILY, DETAILS) else {}
                found[f"errors/{model}/{family}/{metric}"] = number.as_json() | words
    return found


def _comparisons(study: studies.Study, content: dict[str, Any]) -> dict[str, Entry]:
    found = {}
    for index, row in enumerate(content["comparisons"]):
        said = words_of(row, study.evaluation.smallest_effect) | {"corrected": probability(row["q"])}
        number = difference(study, f"results/{study.profile}/errors.json", f"comparisons.{index}.difference", row)
        found[f"errors/{row['first']}-{row['second']}/{row['endpoint'].rpartition('/')[2]}"] = number.as_json() | said
    return found


def _told(study: studies.Study, content: dict[str, Any]) -> dict[str, Entry]:
    found = {}
    for model, told in content["told"].items():
        for part in ("noun", "colour"):
            if not told[part]:  # nothing was ever confused
                continue
            first = told[part][0]
            found[f"told/{model}/{part}"] = {
                "shown": first["true"],
                "taken_for": first["taken_for"],
                "value": first["share"],
                "text": studies.points(first["share"]),
                "file": f"results/{study.profile}/errors.json",
                "field": f"told.{model}.{part}.0.share",
                "run_key": study.run_key(model),
            }
    return found


def _associations(study: studies.Study, content: dict[str, Any]) -> dict[str, Entry]:
    found = {}
    for test, one in content["associations"].items():
        for model, entry in one["models"].items():
            least = min(seed["p_two_sided"] for seed in entry["seeds"].values())
            found[f"associations/{model}/{test}"] = {
                "value": entry["mean"],
                "text": f"{entry['mean'] + 0.0:.2f}".replace("-", "−"),
                "p": probability(least),
                "finds": least <= 1 - study.evaluation.confidence,
                "file": f"results/{study.profile}/errors.json",
                "field": f"associations.{test}.models.{model}.mean",
                "run_key": study.run_key(model),
            }
    return found
