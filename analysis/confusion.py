"""What is taken for what in zero-shot classification; figure `confusion`."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style
from clip_italian import paths
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study.naming import Classes
from clip_italian.evaluation.study.naming import read as read_classes

PARTS = ("noun", "colour")
LOWEST = 0.005  # a share below it is not written


def read(study: studies.Study, classes: Classes) -> dict[str, tuple[list[str], np.ndarray]]:
    """Names, and the share of each one's pictures that were taken for each, of nouns and of colours that have pictures."""
    path = paths.items(study.profile, "errors") / f"{study.settings.proposed}.npz"
    result = {}
    for part, counts in zip(PARTS, arrays.read(path, *PARTS), strict=True):
        shown = np.flatnonzero(counts.sum(axis=1))
        shares = counts[np.ix_(shown, shown)] / counts[shown].sum(axis=1, keepdims=True)
        result[part] = [classes.names[part][number] for number in shown], shares
    return result


def figure(matrices: dict[str, tuple[list[str], np.ndarray]]) -> Figure:
    """Two maps: what is shown down, what they were taken for across. What is right is marked and not counted: errors alone show."""
    result, [row] = style.axes_grid(style.PAGE, 3.7, columns=2, width_ratios=[1.35, 1.0])
    for axes, (part, (names, shares)) in zip(row, matrices.items(), strict=True):
        _map(axes, names, shares)
        axes.set_title(f"{part}s: percent taken for another")
    return result


def _map(axes: Axes, names: list[str], shares: np.ndarray) -> None:
    wrong = shares * (1 - np.eye(len(names)))
    axes.imshow(np.ma.masked_less(wrong, LOWEST), cmap="Oranges", vmin=0, vmax=max(wrong.max(), LOWEST), aspect="auto")
    for row, column in np.argwhere(wrong >= LOWEST).tolist():
        ink = "white" if wrong[row, column] > 0.6 * wrong.max() else style.INK
        text = f"{studies.POINTS * wrong[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=4.2 if len(names) > 15 else 5.5, color=ink)
    axes.plot(range(len(names)), range(len(names)), "s", color=style.GRID, markersize=2.2)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=5.5)
    axes.set_yticks(range(len(names)), names, fontsize=5.5)
    axes.set(xlabel="taken for", ylabel="shown")
    axes.tick_params(length=0)


def main() -> None:
    study = studies.load()
    classes = read_classes(study.profile, study.headline_zeroshot)
    style.write(figure(read(study, classes)), "confusion", "svg", "png")
