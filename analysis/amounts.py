"""What augmentation and the frozen phase gain by the amount of pairs, at equal epochs, and by the strength of the backbones;
figure `amounts`."""

import dataclasses
import math
from typing import Any

from matplotlib.figure import Figure

from analysis import effects, style
from analysis import study as studies
from analysis.augmentation_epochs import OTHERS, SUBJECTS, WITH, WITHOUT, Lines, capital
from analysis.curves import Arm
from analysis.effects import AUGMENTATION, ON_TOP, Effects
from analysis.freeze_length import panel

# Profiles whose backbones are weaker than the study's, from the weakest: random weights, and an English CLIP trained for a third.
STRENGTHS = ("random", "weak")
WHOLE = "whole"


@dataclasses.dataclass(frozen=True)
class Amount:
    """What the lines run along: the name of the axis, its ticks, whether it is logarithmic, the edits' lines."""

    label: str
    names: list[str]
    places: list[float]
    lines: Lines


def read(study: studies.Study, found: Effects) -> list[Amount]:
    """The amounts of which there are at least two."""
    every = [pairs(found), strengths(study, found)]
    return [amount for amount in every if len(amount.places) > 1]


def pairs(found: Effects) -> Amount:
    """By the pairs that an arm sees, at the proposed arm's epochs."""

    def near(epochs: float, wanted: float) -> bool:
        return math.isclose(epochs, wanted, rel_tol=0.03)

    def equal(arm: Arm) -> bool:
        return near(arm.tuned_epochs, found.base.tuned_epochs)

    def frozen(arm: Arm) -> bool:
        return equal(arm) and near(arm.frozen_epochs, found.base.frozen_epochs)

    varied = ("share", "tuned_updates", "frozen_updates")
    ones = {
        AUGMENTATION: {
            WITH: found.along(AUGMENTATION, *varied, where=frozen),
            WITHOUT: found.along(AUGMENTATION, *varied, where=lambda arm: equal(arm) and not arm.frozen_updates),
        },
        ON_TOP: {
            WITH: found.along(ON_TOP, *varied, where=frozen),
            WITHOUT: found.along(ON_TOP, *varied, "augmentation", where=lambda arm: frozen(arm) and arm.augmentation is None),
        },
    }
    lines = {
        name: {other: effects.sizes(some, lambda one: one.on.pairs) for other, some in both.items() if some}
        for name, both in ones.items()
    }
    places = sorted({place for both in lines.values() for points in both.values() for place, _ in points})
    return Amount("pairs", [f"{place:,.0f}" for place in places], places, lines)


def strengths(study: studies.Study, found: Effects) -> Amount:
    """By the strength of the backbones, in the proposed arm's regime."""
    every = weaker(study) | {WHOLE: found}
    lines: Lines = {AUGMENTATION: {}, ON_TOP: {}}
    for place, one in enumerate(every.values()):
        for edit, both in in_base_regime(one).items():
            for other, some in both.items():
                lines[edit].setdefault(other, []).extend((float(place), effect) for effect in some)
    return Amount("backbones", list(every), [float(place) for place in range(len(every))], lines)


def weaker(study: studies.Study) -> dict[str, Effects]:
    """The effects of the studies with weaker backbones that are there, from the weakest; none where this study is one of them."""
    if study.profile in STRENGTHS:
        return {}
    return {name: one for name in STRENGTHS if (one := effects.elsewhere(study, name))}


def in_base_regime(found: Effects) -> dict[str, dict[str, list[effects.Effect]]]:
    """Each edit with and without the other, all else as in the proposed arm."""

    def frozen(arm: Arm) -> bool:
        return arm.frozen_updates == found.base.frozen_updates

    return {
        AUGMENTATION: {
            WITH: found.along(AUGMENTATION),
            WITHOUT: found.along(AUGMENTATION, "frozen_updates", where=lambda arm: not arm.frozen_updates),
        },
        ON_TOP: {
            WITH: found.along(ON_TOP, where=frozen),
            WITHOUT: found.along(ON_TOP, "augmentation", where=lambda arm: frozen(arm) and arm.augmentation is None),
        },
    }


def finding(amounts: list[Amount], found: Effects) -> str:
    """What each edit gains at the least and at the most of the first amount."""
    amount = amounts[0]
    said: list[str] = []
    for name, both in amount.lines.items():
        points = both.get(WITH) or both.get(WITHOUT) or []
        if len(points) > 1:
            at = [amount.names[amount.places.index(place)] for place, _ in (points[0], points[-1])]
            ends = [(points[0][1].mrr, f"with {at[0]}{'' if said else f' {amount.label}'}"), (points[-1][1].mrr, f"with {at[1]}")]
            text = effects.sentence(SUBJECTS[name], ends, found.smallest)
            said.append(text.replace(effects.UNIT, "") if any(effects.UNIT in before for before in said) else text)
    return capital("; ".join(said))


def figure(amounts: list[Amount], found: Effects) -> Figure:
    """A row for each amount, a column for each edit; gains of MRR@10, a line with and one without the other edit."""
    names = [name for name in (AUGMENTATION, ON_TOP) if any(amount.lines[name] for amount in amounts)]
    options: dict[str, Any] = {"rows": len(amounts), "columns": len(names), "sharex": "row", "sharey": "row"}
    result, rows = style.axes_grid(style.COLUMN, 0.5 + 1.65 * len(amounts), **options)
    for row, amount in zip(rows, amounts, strict=True):
        for axes, name in zip(row, names, strict=True):
            for other, points in amount.lines[name].items():
                label, colour, marker = OTHERS[name][other]
                panel(axes, points, "mrr@10", colour, marker, label)
            axes.set_xlabel(amount.label)
        if amount.label == "backbones":
            row[0].set_xticks(amount.places, amount.names)
        else:
            style.ticks(row[0], amount.places, amount.names)
        row[0].set_ylabel("gain in MRR@10, points")
    low, high = rows[0][0].get_ylim()
    rows[0][0].set_ylim(low, high + 0.3 * (high - low))  # room for the legends
    for axes, name in zip(rows[0], names, strict=True):
        axes.set_title(SUBJECTS[name].removeprefix("a "))
        axes.legend(frameon=False, loc="upper left", handlelength=1.6, borderaxespad=0.1, labelspacing=0.3)
    style.finding(result, finding(amounts, found))
    return result


def main() -> None:
    study = studies.load()
    found = effects.of(study)
    amounts = read(study, found) if found else []
    if found and amounts:
        style.write(figure(amounts, found), "amounts", "svg", "png")
    else:
        style.leave_out("amounts")
