"""Clean pictures and their augmented views; figure `augmentation_sheet`."""

import pathlib

import numpy as np
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style
from clip_italian.data.images.shards import open_shards


def spaced(length: int, count: int) -> list[int]:
    """`count` indices spread over `length`, the same ones every time."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()


def read(study: studies.Study) -> list[np.ndarray]:
    """The examples' clean pictures and then each of their views, [examples, height, width, 3]; views may be smaller."""
    shards = pathlib.Path("data", study.profile, "shards")
    clean = open_shards(shards / "train")
    chosen = spaced(len(clean), study.settings.sheet_examples)
    views = [open_shards(shards / "views" / str(view)).pixels(chosen) for view in range(study.settings.sheet_views)]
    return [clean.pixels(chosen), *views]


def figure(pictures: list[np.ndarray]) -> Figure:
    """A column for each example: the clean picture on top, its views below."""
    examples = len(pictures[0])
    side = style.COLUMN / examples
    result, axes = style.axes_grid(style.COLUMN, side * len(pictures), len(pictures), examples)
    style.tighten(result)
    for view, (line, row) in enumerate(zip(axes, pictures, strict=True)):
        for one, pixels in zip(line, row, strict=True):
            style.picture(one, pixels)
        line[0].set_ylabel("clean" if view == 0 else f"view {view}", fontsize=6, color=style.SOFT)
    return result


def main() -> None:
    style.write(figure(read(studies.load())), "augmentation_sheet", "png", "svg")
