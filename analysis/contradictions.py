"""How often views make captions false, operation by operation; table and figure `contradictions`."""

from typing import Any

from matplotlib.figure import Figure

from analysis import study as studies
from analysis import style, tables
from clip_italian import config
from clip_italian.data.images.settings import ImageSettings
from clip_italian.world.publishing import contradictions
from clip_italian.world.publishing.contradictions import KINDS, Counts

LABELS = {
    "thing": "thing",
    "colour": "colour",
    "count": "count",
    "side": "left, right",
    "height": "top, bottom",
    "middle": "middle",
    "left_of": "left of",
    "relation": "other relation",
    "caption": "caption",
}
NOTE = (
    "Percent of true statements that are false of an augmented view, on {scenes} drawn scenes with {views} views each: by what the "
    "statement says, and for captions as the study's, three a scene. Above, every operation alone and applied to every view; "
    "below, the named settings. A thing is gone when its centre is outside or less than half of it is shown."
)


def read(study: studies.Study) -> dict[str, Counts]:
    """Statements and how many became false, by operation or setting and by kind; operations first."""
    images, settings = config.section(ImageSettings, "images"), study.settings.contradictions
    base = images.augmentations[images.views_of]
    alone = {name: contradictions.alone(change, images.stored, base) for name, change in settings.alone.items()}
    return contradictions.count(settings, images.stored, images.side, alone | images.augmentations)


def share(count: list[int]) -> float | None:
    """The share of false statements; None where none was made."""
    return count[1] / count[0] if count[0] else None


def cell(count: list[int]) -> dict[str, Any]:
    """The share in percent and what it is of; a dash where no statement was made."""
    one = share(count)
    return tables.cell("–") if one is None else {"text": studies.points(one), "statements": count[0], "false": count[1]}


def figure(counts: dict[str, Counts], operations: int) -> Figure:
    """A cell for each operation and kind, the darker the more often false; a line above the named settings."""
    result, [[axes]] = style.axes_grid(style.COLUMN, 0.75 + 0.15 * len(counts))
    shares = [[share(row[kind]) for kind in KINDS] for row in counts.values()]
    axes.imshow([[one or 0 for one in row] for row in shares], cmap="Oranges", vmin=0, vmax=1, aspect="auto")
    for line, row in enumerate(shares):
        for column, one in enumerate(row):
            if one:
                colour = "white" if one > 0.6 else style.INK
                axes.text(column, line, studies.points(one), ha="center", va="center", fontsize=5.5, color=colour)
    axes.axhline(operations - 0.5, color=style.INK, linewidth=0.8)
    axes.set_xticks(range(len(KINDS)), list(LABELS.values()), rotation=35, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(counts)), [name.replace("_", " ") for name in counts])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return result


def main() -> None:
    study = studies.load()
    settings, counts = study.settings.contradictions, read(study)
    rows = [tables.Row(name.replace("_", " "), [cell(row[kind]) for kind in KINDS]) for name, row in counts.items()]
    tables.write("contradictions", list(LABELS.values()), rows, NOTE.format(scenes=settings.scenes, views=settings.views))
    style.write(figure(counts, len(settings.alone)), "contradictions", "svg", "png")
