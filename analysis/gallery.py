"""The pictures found for the six queries of 2021; figure `gallery`, and table `gallery` where it is known what is true of them."""

import dataclasses
import io
import pathlib
import zipfile

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from analysis import study as studies
from analysis import style, tables
from clip_italian import files, paths
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays

COLUMNS = 3  # queries beside each other
ALL = "all"  # the row of all queries together


@dataclasses.dataclass(frozen=True)
class Found:
    """What a query found: pictures from the best down, and whether it is true of each, where that is known."""

    query: str
    pictures: list[np.ndarray]
    true: list[bool] | None  # None: nobody knows


def read_pictures(folder: pathlib.Path, indices: list[int]) -> list[np.ndarray]:
    """The pictures of a test set at `indices`; raises InputError naming the archive when one cannot be read."""
    names = [image["file_name"] for image in files.read_json(folder / "captions.json")["images"]]
    path = folder / "images.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            return [np.asarray(Image.open(io.BytesIO(archive.read(names[index]))).convert("RGB")) for index in indices]
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}); run `dvc repro` (or `dvc checkout`) to make it") from None


def read(study: studies.Study) -> list[Found]:
    """The top pictures of the proposed arm's first seed among those of the headline retrieval set."""
    folder = paths.test_set(study.profile, study.headline_retrieval)
    model, seed = study.settings.proposed, study.params.seeds[0]
    (image,) = arrays.read(paths.embedded(study.profile, model, seed, study.headline_retrieval), "image")
    (text,) = arrays.read(paths.embedded(study.profile, model, seed, "gallery"), "text")
    top = np.argsort(-(text @ image.T), axis=1, kind="stable")[:, : study.settings.gallery_top]
    queries = files.read_json(folder.parent / "gallery.json")
    return [
        Found(query["query"], read_pictures(folder, row), [index in query["true"] for index in row] if study.is_drawn else None)
        for query, row in zip(queries, top.tolist(), strict=True)
    ]


def figure(found: list[Found]) -> Figure:
    """A row of pictures under each query: green frames where it is true, red frames where it is not, none where nobody knows."""
    count, lines = len(found[0].pictures), -(-len(found) // COLUMNS)
    side = style.PAGE / (COLUMNS * (count + 0.5))
    ratios = ([1.0] * count + [0.25]) * (COLUMNS - 1) + [1.0] * count
    result, axes = style.axes_grid(style.PAGE, lines * (0.85 * side + 0.22), lines, len(ratios), width_ratios=ratios)
    for plain in axes.flat:
        plain.set_axis_off()
    for number, one in enumerate(found):
        line, start = number // COLUMNS, (number % COLUMNS) * (count + 1)
        frames = [style.RIGHT if true else style.WRONG for true in one.true] if one.true else [None] * count
        for place, (pixels, frame) in enumerate(zip(one.pictures, frames, strict=True)):
            axes[line, start + place].set_axis_on()
            style.picture(axes[line, start + place], pixels, frame)
        axes[line, start].set_title(one.query, fontsize=8, fontstyle="italic", fontweight="normal", pad=4)
    return result


def row(query: str, true: list[bool], key: str) -> tables.Row:
    """How many pictures are true, and how many were shown."""
    cells = [tables.cell(value) | {"value": value} for value in (sum(true), len(true))]
    return tables.Row(query, cells, key)


def main() -> None:
    study = studies.load()
    found = read(study)
    style.write(figure(found), "gallery", "png", "svg")
    known = [(one.query, one.true) for one in found if one.true is not None]
    if not known:
        return
    key = study.run_key(study.settings.proposed, study.params.seeds[0])
    rows = [row(query, true, key) for query, true in known]
    rows.append(row(ALL, [one for _, true in known for one in true], key))
    note = f"Pictures that the query is true of among the first {study.settings.gallery_top}."
    tables.write("gallery", ["true", "shown"], rows, note)
