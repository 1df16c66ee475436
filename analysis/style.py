"""The look shared by all figures: one font, a colour-blind safe palette, labels beside what they name, no boxes."""

from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.font_manager import FontProperties  # noqa: E402
from matplotlib.textpath import TextPath  # noqa: E402
from matplotlib.transforms import ScaledTranslation  # noqa: E402

from clip_italian import files, paths  # noqa: E402

COLUMN = 3.35  # inches: one column of the paper
PAGE = 7.0  # inches: both columns

FINDING, BOLD = 7.8, FontProperties(family="DejaVu Sans", weight="bold")  # points: the size of a figure's title, and its face
INK, SOFT, GRID = "#22252b", "#6b7280", "#e6e8ec"
FROZEN, UNFROZEN = "#d55e00", "#0072b2"  # vermilion and blue: with the frozen phase and without it
AUGMENTED, CLEAN = "#009e73", "#cc79a7"  # bluish green and reddish purple: with augmentation and without it
RIGHT, WRONG = "#009e73", "#d55e00"  # bluish green and vermilion of Okabe & Ito (2008), told apart by all
MODEL_COLOURS = {  # Okabe & Ito; the proposed recipe alone is strong
    "original": "#8a8f99",
    "plus_optimizer": "#56b4e9",
    "plus_fixed_scale": "#0072b2",
    "full": "#d55e00",
    "freeze_equal": "#e69f00",
    "no_augmentation": "#cc79a7",
    "frozen_only": "#a6761d",
    "paper_2021": "#7a5195",
    "released_2021": "#bc5090",
    "lit": "#b2912f",
    "sigmoid": "#117733",
    "without_mscoco_it": "#ad6f3b",
    "caption_safe": "#44aa99",
    "readme_2021": "#88419d",
    "views_1": "#a98fdc",
    "views_3": "#8a6cc6",
    "views_5": "#6b4ca8",
    "views_fresh": "#43277a",
    "mclip": "#009e73",
    "english_clip": "#4b5058",
    "translated": "#2f6f8f",
    "multilingual": "#66a61e",
    "english_control": "#111418",
}
MODEL_LABELS = {
    "original": "original",
    "plus_optimizer": "+ optimiser",
    "plus_fixed_scale": "+ fixed scale",
    "full": "full (+ freezing)",
    "freeze_equal": "half of the updates frozen",
    "no_augmentation": "full, no augmentation",
    "frozen_only": "full, frozen phase only",
    "paper_2021": "recipe of the paper",
    "released_2021": "recipe of the release",
    "lit": "full, image side locked (LiT)",
    "sigmoid": "full, sigmoid loss",
    "without_mscoco_it": "full, without MSCOCO-IT",
    "caption_safe": "+ fixed scale, caption-safe views",
    "readme_2021": "+ fixed scale, README's views",
    "views_1": "frozen phase, 1 view",
    "views_3": "frozen phase, 3 views",
    "views_5": "frozen phase, 5 views",
    "views_fresh": "frozen phase, new views",
    "mclip": "mCLIP",
    "english_clip": "English CLIP",
    "translated": "English CLIP, translated",
    "multilingual": "multilingual CLIP",
    "english_control": "English control",
}

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7.2,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 7.2,
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 7.2,
    "ytick.labelsize": 7.2,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.solid_capstyle": "round",
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "clip-italian",
    "figure.constrained_layout.use": True,
    "image.interpolation": "nearest",
}
plt.rcParams.update(RC)  # type: ignore[arg-type]

# Without dates and versions the same figure gives the same bytes.
_METADATA = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
}


def label_of(model: str) -> str:
    """The name of a model as it is printed."""
    return MODEL_LABELS.get(model, model.replace("_", " "))


def colour_of(model: str) -> str:
    """A model's colour, the same in every figure."""
    return MODEL_COLOURS.get(model, SOFT)


def axes_grid(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, np.ndarray]:
    """A figure of `width` x `height` inches and its axes as a two-dimensional array."""
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, **options)
    return figure, axes


def nothing_to_show(width: float) -> Figure:
    """The figure of a study whose images are all the user's own, which are not shown."""
    result, axes = axes_grid(width, 0.4)
    axes[0, 0].set_axis_off()
    axes[0, 0].text(0.5, 0.5, "All images are the user's own; they are not shown.", ha="center", fontsize=6, color=SOFT)
    return result


def finding(figure: Figure, text: str) -> None:
    """The figure's title: what it shows, in as few lines as its width allows."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if TextPath((0, 0), longer, FINDING, prop=BOLD).get_extents().width <= 68 * figure.get_figwidth():  # of 72 points an inch
            lines[-1] = longer
        else:
            lines.append(word)
    figure.suptitle("\n".join(lines), x=0.005, ha="left", fontsize=FINDING, fontweight="bold", color=INK)


def key(axes: Axes) -> None:
    """The legend, in room above the data."""
    low, high = axes.get_ylim()
    lines = len(axes.get_legend_handles_labels()[1])
    axes.set_ylim(low, high + 0.13 * lines * (high - low))
    axes.legend(frameon=False, loc="upper left", handlelength=1.6, borderaxespad=0.1, labelspacing=0.3)


def gains(axes: Axes, places: Sequence[float], shown: Sequence[Any], colour: str, marker: str, label: str, factor: float) -> None:
    """A line through gains (analysis/effects.py) with their intervals; beside each point its seeds, open.

    `factor` brings the gains to the units of the axis.
    """
    axes.margins(x=0.1)
    middle = [factor * one.value for one in shown]
    axes.plot(places, middle, marker=marker, color=colour, markersize=3.8, linewidth=1.2, label=label, zorder=3)
    beside = axes.transData + ScaledTranslation(3.2 / 72, 0, axes.figure.dpi_scale_trans)
    for place, one in zip(places, shown, strict=True):
        if np.isfinite(one.low):
            axes.plot([place, place], [factor * one.low, factor * one.high], color=colour, linewidth=1.2, zorder=2)
        seeds = [factor * value for value in one.seeds.values()]
        axes.plot(
            [place] * len(seeds),
            seeds,
            marker,
            transform=beside,
            markersize=2.4,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.7,
            zorder=2,
        )


def no_gain(axes: Axes) -> None:
    """The line on which an edit changes nothing."""
    axes.axhline(0, color=SOFT, linewidth=0.8, zorder=1)
    axes.grid(axis="y")


def ticks(axes: Axes, places: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """A logarithmic axis with a tick at each place alone."""
    axes.set_xscale("log")
    axes.set_xticks(
        list(places), list(labels) if labels else [f"{place:.2g}" if place < 10 else f"{place:.0f}" for place in places]
    )
    axes.minorticks_off()


def tighten(figure: Figure) -> None:
    """Sets the panels of a sheet close together."""
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)


def leave_out(name: str) -> None:
    """Removes the figure of an earlier run, where this run has nothing to show in it."""
    for kind in ("svg", "png", "json"):
        (paths.FIGURES / f"{name}.{kind}").unlink(missing_ok=True)


def write(figure: Figure, name: str, *formats: str) -> None:
    """Writes paper/figures/<name>.<format> for each format, its finding to <name>.json if it has one, and frees the figure."""
    for kind in formats:
        with files.replacing(paths.FIGURES / f"{name}.{kind}") as temporary:
            figure.savefig(temporary, format=kind, metadata=_METADATA[kind])
    if title := figure.get_suptitle():
        files.write_json(paths.FIGURES / f"{name}.json", {"finding": title.replace("\n", " ")})
    plt.close(figure)


def spread(positions: list[float], gap: float) -> list[float]:
    """Moves label positions apart to at least `gap`, keeping their order and their common middle."""
    order = np.argsort(positions, kind="stable")
    placed = np.array(positions, float)[order]
    for _ in range(200):
        near = np.diff(placed) < gap - 1e-9
        if not near.any():
            break
        push = (gap - np.diff(placed)) / 2 * near
        placed[:-1] -= push
        placed[1:] += push
    result = np.empty(len(placed))
    result[order] = placed
    return result.tolist()


def picture(axes: Axes, pixels: np.ndarray, frame: str | None = None) -> None:
    """Shows pixels, framed in a colour or hardly at all."""
    axes.imshow(pixels)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=frame or GRID, linewidth=2.2 if frame else 0.6)
