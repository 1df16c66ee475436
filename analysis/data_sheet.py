"""What the pairs are made of: table `data_sheet`, and figure `data_sheet` with images and captions of each published source."""

import dataclasses
import textwrap

import numpy as np
from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style, tables
from analysis.augmentation_sheet import published, spaced
from clip_italian import files, paths
from clip_italian.data.images.shards import Shards

LABELS = {"wit": "WIT", "mscoco_it": "MSCOCO-IT", "conceptual_captions": "Conceptual Captions", "il_post": "Il Post"}
COLUMNS = [
    "rows read",
    "pairs kept",
    "training",
    "validation",
    "captions read",
    "captions clean",
    "words a caption",
    "rejected",
]
NOTE = "Rows of each source and what became of them; every row that is not kept is counted under its reason."
LINE, LINES = 21, 4  # characters and lines of a caption under its picture


@dataclasses.dataclass(frozen=True)
class Sample:
    """A pair of the training set."""

    source: str
    pixels: np.ndarray
    caption: str


def reasons(rejected: dict[str, int]) -> str:
    """`reason (count)` of all reasons, most frequent first."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} ({count:,})" for reason, count in ordered) or "none"


def row(source: str, report: dict) -> tables.Row:
    """One source of the curate report."""
    rows, captions, split = report["rows"], report["captions"], report["split"]
    counts = [rows["read"], rows["kept"], split["train"], split["valid"], captions["read"], captions["clean"]]
    cells = [f"{count:,}" for count in counts] + [
        f"{report['words_per_caption']['mean']:.1f}",
        reasons(rows["rejected"]),
    ]
    return tables.Row(LABELS.get(source, source), [tables.cell(text) for text in cells])


def read_samples(study: studies.Study) -> dict[str, list[Sample]]:
    """Training pairs spread over each source but the user's own, by source."""
    train = Shards(paths.shards(study.profile) / "train")
    samples, by_source = {}, dict[str, list[int]]()
    for index in published(train):
        by_source.setdefault(train.sources[index], []).append(index)
    for source, members in by_source.items():
        chosen = [members[place] for place in spaced(len(members), study.settings.sheet_examples)]
        samples[source] = [
            Sample(source, pixels, train.captions[index][0]) for index, pixels in zip(chosen, train.pixels(chosen), strict=True)
        ]
    return samples


def figure(samples: dict[str, list[Sample]]) -> Figure:
    """A row for each source, every image over its caption."""
    if not samples:
        return style.nothing_to_show(style.PAGE)
    width = max(len(row) for row in samples.values())
    side = style.PAGE / width
    result, axes = style.axes_grid(style.PAGE, len(samples) * (side + 0.52), len(samples), width)
    for line, (source, row) in zip(axes, samples.items(), strict=True):
        for one in line[len(row) :]:
            one.set_axis_off()
        for one, sample in zip(line, row, strict=False):
            style.picture(one, sample.pixels)
            one.set_xlabel(caption_lines(sample.caption), fontsize=5.5, labelpad=3)
        line[0].set_title(LABELS.get(source, source), pad=4)
    return result


def caption_lines(caption: str) -> str:
    """A caption in short lines, cut with an ellipsis where it does not fit; always LINES of them, so rows align."""
    lines = textwrap.wrap(caption, LINE, max_lines=LINES, placeholder=" …")
    return "\n".join(lines + [""] * (LINES - len(lines)))


def main() -> None:
    study = studies.load()
    report = files.read_json(paths.report(study.profile, "curate"))
    tables.write("data_sheet", COLUMNS, [row(source, one) for source, one in report["sources"].items()], NOTE)
    style.write(figure(read_samples(study)), "data_sheet", "png", "svg")
