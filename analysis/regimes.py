"""The regime map: what the edits gain in each regime; and, as predictions, in 2021's.

Tables: `regime_map`, of augmentation and the frozen phase; `regimes`, of every edit, with verdicts; `crossings`; `predictions`.

A prediction is a straight line through the gains of all seeds against the logarithm of pairs or of tuned epochs, continued to what
the study of 2021 had. Its interval is that of one more difference of seeds, with the line's own error. With fewer than three
different amounts nothing is predicted. Nor is a number for backbones of OpenAI's strength: the strengths that were tried have an
order but no scale. For them the direction is told.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis import amounts, augmentation_epochs, curves, effects, style, tables
from analysis import study as studies
from analysis.augmentation_epochs import WITH
from analysis.comparisons import words
from analysis.effects import AUGMENTATION, ON_TOP, Effect, Effects, Gain
from analysis.freeze_length import Points
from analysis.published import SOURCE
from clip_italian import config, files, paths
from clip_italian.evaluation.study.comparisons import effect

TUNED_EPOCHS_2021 = 15  # commit 9ca42b9 of clip-italian
LEAST = 3  # different amounts from which a line is drawn on
BREAK_EVEN = "breaks even at tuned epochs"
COLUMNS = ["pairs", "frozen epochs", "tuned epochs", "augmentation", "backbones", "seeds", "MRR@10", "verdict", "loss saved"]
NOTE = (
    "Validation set: gains in percentage points of MRR@10 and in loss, paired by seeds, with {confidence} intervals (t). "
    "Exploratory: nothing is corrected for the number of rows. The smallest effect of interest is {smallest} points. "
    "Losses are compared between arms of equal negatives only, at scale 20."
)
CROSSINGS_NOTE = (
    "Where the mean gain of MRR@10 changes its sign between points, on a logarithmic axis. "
    "low, high: the nearest points on both sides whose intervals exclude zero; null where there is none."
)
PREDICTED = ["along", "from", "to", "at", "prediction, MRR@10", "verdict"]
PREDICTED_NOTE = (
    "Predictions, not results: a straight line through the differences of all seeds against the logarithm of the amount, "
    "continued to 2021's, with the {confidence} interval of one more difference. At 2021's pairs this goes {factor:.0f} times "
    "beyond the largest amount here. No prediction: fewer than three amounts, or no scale of strength."
)


def rows(found: Effects) -> list[tuple[str, Effect]]:
    """The effects of one profile with the names that numbers are found by: <edit>/<arm with it>-<arm without it>."""
    return [(f"{one.edit.name}/{one.on.name}-{one.off.name}", one) for one in found.everything]


def everything(study: studies.Study) -> dict[str, tuple[str, Effect]]:
    """The effects of the study and of its weaker backbones by their names, with the strength of the backbones."""
    found = effects.of(study)
    if found is None:
        return {}
    every = {amounts.WHOLE: found} | amounts.weaker(study)
    return {
        name if strength == amounts.WHOLE else f"{strength}/{name}": (strength, one)
        for strength, own in every.items()
        for name, one in rows(own)
    }


def line(strength: str, one: Effect, smallest: float) -> tables.Row:
    """One edit in one regime."""
    regime = [curves.number(round(one.on.pairs)), curves.number(one.on.frozen_epochs), curves.number(one.on.tuned_epochs)]
    cells = [
        *regime,
        tables.cell(one.on.augmentation or "none"),
        tables.cell(strength),
        curves.number(len(one.mrr.seeds)),
        points(one.mrr),
        tables.cell(effects.verdict(one.mrr, smallest)),
        loss(one.loss) if one.loss else tables.cell("–"),
    ]
    return tables.Row(f"{one.edit.label}: {style.label_of(one.on.name)} − {style.label_of(one.off.name)}", cells, one.run_key)


def points(gain: Gain) -> dict[str, Any]:
    """A gain of MRR@10 as tables hold it."""
    return _cell(gain, studies.points)


def loss(gain: Gain) -> dict[str, Any]:
    """A gain in loss as tables hold it."""
    return _cell(gain, lambda value: f"{round(value, 3) + 0.0:.3f}".replace("-", "−"))


def _cell(gain: Gain, printed: Any) -> dict[str, Any]:
    cell = tables.cell(printed(gain.value)) | {"value": gain.value}
    if not np.isfinite(gain.low):
        return cell
    dash = "–" if gain.low >= 0 else " to "
    return cell | {"low": gain.low, "high": gain.high, "interval": f"{printed(gain.low)}{dash}{printed(gain.high)}"}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What an edit is predicted to gain at an amount; no gain where there are too few amounts to draw a line."""

    name: str
    label: str
    along: str
    amounts: list[float]
    at: float
    gain: Gain | None


def predicted(place: Sequence[float], gain: Sequence[float], at: float, confidence: float) -> Gain:
    """The value at `at` of the least-squares line through gains against the logarithm of places, with its prediction interval."""
    from scipy.stats import t

    x, y, count = np.log(place), np.asarray(gain), len(gain)
    middle, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    slope = ((x - middle) * y).sum() / spread
    error = np.sqrt(((y - y.mean() - slope * (x - middle)) ** 2).sum() / (count - 2))
    away = np.log(at) - middle
    value = y.mean() + slope * away
    reach = t.ppf((1 + confidence) / 2, count - 2) * error * np.sqrt(1 + 1 / count + away**2 / spread)
    return Gain({}, float(value), float(value - reach), float(value + reach))


def predictions(study: studies.Study) -> list[Prediction]:
    """Both edits, each with and without the other, at 2021's pairs and at its tuned epochs."""
    found = effects.of(study)
    if found is None:
        return []
    pairs_2021 = float(sum(config.read_yaml(SOURCE)["pairs"]["values"].values()))
    axes = (
        ("pairs", amounts.pairs(found).lines, pairs_2021),
        ("tuned epochs", augmentation_epochs.read(found), float(TUNED_EPOCHS_2021)),
    )
    return [
        _prediction(name, other, along, lines[name].get(other, []), at, study.evaluation.confidence)
        for along, lines, at in axes
        for name in (AUGMENTATION, ON_TOP)
        for other in augmentation_epochs.OTHERS[name]
    ]


def _prediction(name: str, other: str, along: str, found: Points, at: float, confidence: float) -> Prediction:
    places = sorted({place for place, _ in found})
    every = [(place, value) for place, one in found for value in one.mrr.seeds.values()]
    enough = len(places) >= LEAST and len(every) > LEAST
    gain = predicted([place for place, _ in every], [value for _, value in every], at, confidence) if enough else None
    label = f"{augmentation_epochs.SUBJECTS[name]}, {augmentation_epochs.OTHERS[name][other][0]}"
    return Prediction(f"{name}/{_given(name, other)}/{along.replace(' ', '_')}", label, along, places, at, gain)


def _given(edit: str, other: str) -> str:
    """The other edit in the names of numbers."""
    words = {AUGMENTATION: ("frozen", "unfrozen"), ON_TOP: ("augmented", "clean")}
    return words[edit][0 if other == WITH else 1]


def predicted_row(one: Prediction, smallest: float) -> tables.Row:
    """One prediction."""
    span = (
        [curves.number(round(place) if one.along == "pairs" else place) for place in (one.amounts[0], one.amounts[-1])]
        if one.amounts
        else []
    )
    cells = [
        tables.cell(one.along),
        *(span or [tables.cell("–")] * 2),
        curves.number(round(one.at)),
        points(one.gain) if one.gain else tables.cell("no prediction"),
        tables.cell(f"predicted: {effects.verdict(one.gain, smallest)}" if one.gain else "–"),
    ]
    return tables.Row(one.label, cells)


def directions(study: studies.Study, found: Effects) -> list[tables.Row]:
    """How the gain changes from the weakest backbones to the strongest, which is all that is said of OpenAI's."""
    amount = amounts.strengths(study, found)
    return [
        tables.Row(
            f"{augmentation_epochs.SUBJECTS[name]}, {augmentation_epochs.OTHERS[name][other][0]}",
            [
                tables.cell("backbones"),
                tables.cell(amount.names[0]),
                tables.cell(amount.names[-1]),
                tables.cell("OpenAI's"),
                tables.cell("no prediction"),
                tables.cell(_direction([one.mrr for _, one in amount.lines[name].get(other, [])])),
            ],
        )
        for name in (AUGMENTATION, ON_TOP)
        for other in augmentation_epochs.OTHERS[name]
    ]


def _direction(gains: list[Gain]) -> str:
    if len(gains) < LEAST:
        return "–"
    if gains[-1].low > gains[0].high:
        return "grew with their strength"
    return "shrank with their strength" if gains[-1].high < gains[0].low else "no sure change with their strength"


def crossings(found: Effects) -> dict[str, tables.Row]:
    """The tuned epochs at which an edit breaks even, by <edit>/<what is given>; none where its mean gain has one sign."""
    result = {}
    for name, both in augmentation_epochs.read(found).items():
        for other, own in both.items():
            turn = augmentation_epochs.crossing(own)
            if turn:
                place, low, high = turn
                cell = curves.number(place) | {"low": low, "high": high if np.isfinite(high) else None}
                label = f"{augmentation_epochs.SUBJECTS[name]}, {augmentation_epochs.OTHERS[name][other][0]}"
                result[f"{name}/{_given(name, other)}"] = tables.Row(label, [cell])
    return result


def main() -> None:
    study = studies.load()
    found = effects.of(study)
    confidence = f"{studies.POINTS * study.evaluation.confidence:g} %"
    smallest = study.evaluation.smallest_effect / studies.POINTS
    lines = [line(strength, one, smallest) for strength, one in everything(study).values()]
    note = NOTE.format(confidence=confidence, smallest=study.evaluation.smallest_effect)
    tables.write("regimes", COLUMNS, lines, note)
    titles = [f"{augmentation_epochs.SUBJECTS[name].removeprefix('a ')}, {look[0]}" for name, _, look in lines_of_map()]
    tables.write("regime_map", titles, regime_map(study, found) if found else [], note)
    told = predictions(study)
    factor = max((one.at / max(one.amounts) for one in told if one.along == "pairs" and one.amounts), default=1.0)
    ahead = [predicted_row(one, smallest) for one in told] + (directions(study, found) if found else [])
    ahead = ahead if any(one.gain for one in told) else []  # a table without a prediction tells nothing
    tables.write("predictions", PREDICTED, ahead, PREDICTED_NOTE.format(confidence=confidence, factor=factor))
    tables.write("crossings", [BREAK_EVEN], [*crossings(found).values()] if found else [], CROSSINGS_NOTE)


def lines_of_map() -> list[tuple[str, str, tuple[str, str, str]]]:
    """The columns of the map: an edit, whether with or without the other one, and how that looks."""
    return [(name, other, look) for name, looks in augmentation_epochs.OTHERS.items() for other, look in looks.items()]


Cells = dict[tuple[str, str, str], dict[str, Any]]  # by profile, edit, and arm with it


def _place(one: Effect) -> tuple[str, str, str]:
    return one.on.profile, one.edit.name, one.on.name


def regime_map(study: studies.Study, found: Effects) -> list[tables.Row]:
    """A row for each number of tuned epochs, amount of pairs and strength; a cell for each edit with and without the other.

    A cell is that of table `regimes`, and says where it stands there.
    """
    pairs, strengths = amounts.pairs(found), amounts.strengths(study, found)
    by_epochs = augmentation_epochs.read(found)
    epochs = sorted({place for both in by_epochs.values() for own in both.values() for place, _ in own})
    rows = [(f"{place:.1f} tuned epochs", by_epochs, place) for place in epochs]
    for amount, usual in ((pairs, f"{found.base.pairs:,.0f}"), (strengths, amounts.WHOLE)):
        named = zip(amount.names, amount.places, strict=True)
        rows += [(f"{name} {amount.label}", amount.lines, place) for name, place in named if name != usual]
    file, column = str(paths.TABLES / "regimes.json"), COLUMNS.index("MRR@10")
    known = {
        _place(one): points(one.mrr) | {"file": file, "field": f"rows.{index}.cells.{column}.value", "run_key": one.run_key}
        for index, (_, one) in enumerate(everything(study).values())
    }
    return [
        tables.Row(label, [_at(known, lines.get(name, {}).get(other, []), place) for name, other, _ in lines_of_map()])
        for label, lines, place in rows
    ]


def _at(known: Cells, found: Points, place: float) -> dict[str, Any]:
    """The cell of the effect at a place of a line."""
    return next((known[_place(one)] for where, one in found if where == place), tables.cell("–"))


def entries(study: studies.Study) -> dict[str, dict[str, Any]]:
    """The numbers of this table and of `curves`, and the findings of the figures, by their names in analysis/numbers.py."""
    found = effects.of(study)
    named = _table("curves", [arm.name for arm in curves.read(study.profile, study.params.arms)], curves.NAMES, "curve")
    named |= _table("regimes", list(everything(study)), {"MRR@10": "mrr@10", "loss saved": "loss"}, "effect")
    smallest = study.evaluation.smallest_effect
    for name, (_, one) in everything(study).items():
        interval = np.array([one.mrr.low, one.mrr.high])
        said = words(interval.tolist(), effect(interval, smallest / studies.POINTS), smallest)
        named[f"effect/{name}/mrr@10"] |= said | {"verdict": effects.verdict(one.mrr, smallest / studies.POINTS)}
    named |= _table("predictions", [one.name for one in predictions(study)], {"prediction, MRR@10": ""}, "prediction")
    named |= ends(found, named) if found else {}
    return named | _table("crossings", list(crossings(found)) if found else [], {BREAK_EVEN: ""}, "crossing") | findings()


def ends(found: Effects, named: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The gains at both ends of the curves by tuned epochs and by pairs, the other edit being there, and where the ends are."""
    result = {}
    for axis, lines in (("tuned_epochs", augmentation_epochs.read(found)), ("pairs", amounts.pairs(found).lines)):
        for name, both in lines.items():
            points = [one for _, one in both.get(WITH, [])]
            for end, one in zip(("first", "last"), (points[0], points[-1]) if len(points) > 1 else (), strict=False):
                result[f"ends/{name}/{axis}/{end}"] = named[f"effect/{name}/{one.on.name}-{one.off.name}/mrr@10"]
                result[f"ends/{name}/{axis}/{end}/at"] = named[f"curve/{one.on.name}/{axis}"]
    return result


def _table(table: str, names: list[str], columns: dict[str, str], kind: str) -> dict[str, dict[str, Any]]:
    """The cells of a table that are numbers, as <kind>/<name of the row>/<name of the column>."""
    file = paths.TABLES / f"{table}.json"
    content = files.read_json(file)
    result = {}
    for index, (row, name) in enumerate(zip(content["rows"], names, strict=False)):
        for place, column in enumerate(content["columns"]):
            cell = row["cells"][place]
            if column in columns and "value" in cell:
                field = {"file": str(file), "field": f"rows.{index}.cells.{place}.value", "run_key": row["run_key"]}
                result["/".join(filter(None, (kind, name, columns[column])))] = cell | field
    return result


def findings() -> dict[str, dict[str, Any]]:
    """The titles of the figures that were drawn, as figure/<name>."""
    return {
        f"figure/{path.stem}": {"value": text, "text": text, "file": str(path), "field": "finding", "run_key": ""}
        for path in sorted(paths.FIGURES.glob("*.json"))
        for text in [files.read_json(path)["finding"]]
    }
