"""The look shared by all figures: one font, a colour-blind safe palette, labels beside what they name, no boxes."""

from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from clip_italian import files, paths  # noqa: E402

COLUMN = 3.35  # inches: one column of the paper
PAGE = 7.0  # inches: both columns

INK, SOFT, GRID = "#22252b", "#6b7280", "#e6e8ec"
RIGHT, WRONG = "#009e73", "#d55e00"  # bluish green and vermilion of Okabe & Ito (2008), told apart by all
MODEL_COLOURS = {  # Okabe & Ito; the proposed recipe alone is strong
    "original": "#8a8f99",
    "plus_optimizer": "#56b4e9",
    "plus_fixed_scale": "#0072b2",
    "full": "#d55e00",
    "freeze_short": "#e69f00",
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
    "freeze_short": "full, short freezing",
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
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 7,
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
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


def tighten(figure: Figure) -> None:
    """Sets the panels of a sheet close together."""
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)


def write(figure: Figure, name: str, *formats: str) -> None:
    """Writes paper/figures/<name>.<format> for each format and frees the figure."""
    for kind in formats:
        with files.replacing(paths.FIGURES / f"{name}.{kind}") as temporary:
            figure.savefig(temporary, format=kind, metadata=_METADATA[kind])
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
