"""Pictures of the retrieval sets, of the drawn world of the headline and the held-out levels; figure `world_sheet`."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style
from analysis.augmentation_sheet import spaced
from analysis.gallery import read_pictures
from clip_italian import paths
from clip_italian.evaluation import arrays

LINE = 12  # characters of a set's name beside its row


def read(study: studies.Study) -> dict[str, list[np.ndarray]]:
    """Pictures spread over each retrieval set, near misses left out, by its short name."""
    sheet = {}
    for test_set in study.evaluation.retrieval_sets:
        folder = paths.test_set(study.profile, test_set)
        (near_miss,) = arrays.read(folder / "truth.npz", "near_miss")
        plain = np.flatnonzero(~near_miss)
        sheet[studies.short(test_set)] = read_pictures(folder, plain[spaced(len(plain), study.settings.sheet_examples)].tolist())
    return sheet


def figure(sheet: dict[str, list[np.ndarray]]) -> Figure:
    """A row of pictures for each set."""
    width = max(len(row) for row in sheet.values())
    side = style.COLUMN / width
    result, axes = style.axes_grid(style.COLUMN, len(sheet) * (side + 0.02), len(sheet), width)
    style.tighten(result)
    for line, (level, pictures) in zip(axes, sheet.items(), strict=True):
        for one in line[len(pictures) :]:
            one.set_axis_off()
        for one, pixels in zip(line, pictures, strict=False):
            style.picture(one, pixels)
        line[0].set_ylabel("\n".join(textwrap.wrap(level, LINE)), fontsize=6, color=style.SOFT)
    return result


def main() -> None:
    style.write(figure(read(studies.load())), "world_sheet", "png", "svg")
