"""Clean images and their augmented views; figure `augmentation_sheet`."""

import numpy as np
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style
from clip_italian import paths
from clip_italian.data.images.shards import Shards
from clip_italian.data.sources.own import is_own


def spaced(length: int, count: int) -> list[int]:
    """`count` indices spread over `length`, the same ones every time."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()


def published(images: Shards) -> list[int]:
    """Indices of the images that may be shown: all but those of the user's own sources, since git tracks the figures."""
    return [index for index, source in enumerate(images.sources) if not is_own(source)]


def read(study: studies.Study) -> list[np.ndarray]:
    """The examples' clean images and then each of their views, [examples, height, width, 3]; views may be smaller."""
    shards = paths.shards(study.profile)
    clean = Shards(shards / "train")
    shown = published(clean)
    chosen = [shown[index] for index in spaced(len(shown), study.settings.sheet_examples)]
    views = [Shards(shards / "views" / str(view)).pixels(chosen) for view in range(study.settings.sheet_views)]
    return [clean.pixels(chosen), *views]


def figure(pictures: list[np.ndarray]) -> Figure:
    """A column for each example: the clean image on top, its views below."""
    examples = len(pictures[0])
    if not examples:
        return style.nothing_to_show(style.COLUMN)
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
