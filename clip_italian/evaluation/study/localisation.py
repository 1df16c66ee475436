"""Whether heat maps are where things are, on the drawn world, whose boxes are known.

An image is asked for each noun of its scene, in the plainest words ("un gatto"). Of each heat map:

    pointing   whether its brightest pixel lies in the box of a thing of that noun, ties shared out (Zhang et al. 2018, "Top-down
               neural attention by excitation backprop", without their tolerance of 15 pixels, a quarter of these images)
    iou        area in both over area in either, of the boxes and of what has at least `threshold` of the greatest heat

Beside the methods stand two that look at nothing: `anywhere`, a point drawn at random and a map of the whole image, and `centre`,
the middle of the image and a square there of half its sides.
"""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pydantic
from jaxtyping import Bool, Float, Int, UInt8

from clip_italian import files, paths
from clip_italian.config import Settings
from clip_italian.evaluation.study import summary
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.evaluation.study.summary import Gains
from clip_italian.world.languages import known
from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import Phrase, Statement

METRICS = ("pointing", "iou")
STREAM = 700  # keeps these resamples apart from those of the test sets
Picture = UInt8[np.ndarray, "_ _ 3"]
Heats = Callable[[Picture, Sequence[str]], Float[np.ndarray, "_ _ _"]]


class LocalisationSettings(Settings):
    """Section `localisation` of a profile."""

    test: str  # the drawn retrieval set whose images are used
    pictures: int = pydantic.Field(ge=0)  # how many images are used, from the first on; 0: none, where tests are not drawn
    grids: list[int]  # cells a side of each scale of the windows
    threshold: float = pydantic.Field(gt=0, le=1)  # share of the greatest heat from which a pixel counts as found


class Asked(NamedTuple):
    """A noun of an image."""

    picture: int
    noun: str
    alone: bool  # whether all things of the image are of this noun


def asked(scenes: Sequence[Scene]) -> list[Asked]:
    """Every noun of every scene, in order."""
    result = []
    for number, scene in enumerate(scenes):
        nouns = list(dict.fromkeys(thing.noun for thing in scene.things))
        result += [Asked(number, noun, len(nouns) == 1) for noun in nouns]
    return result


def text(noun: str, language: str) -> str:
    """Returns the query text for a noun."""
    return known.of(language).plain(Statement((Phrase(noun),)))


def boxes(scene: Scene, noun: str, height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """The pixels that lie in the box of a thing of the noun."""
    inside = np.zeros((height, width), bool)
    for left, top, right, bottom in (thing.box for thing in scene.things if thing.noun == noun):
        rows, columns = ((np.arange(size) + 0.5) / size for size in (height, width))
        inside |= ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))[None]
    return inside


def gains(heat: Float[np.ndarray, "height width"], inside: Bool[np.ndarray, "height width"], threshold: float) -> list[float]:
    """`METRICS` of a heat map; one without any heat points nowhere and finds nothing."""
    greatest = float(heat.max())
    if greatest <= 0:
        return [0.0, 0.0]
    found = heat >= threshold * greatest
    return [float(inside[heat == greatest].mean()), float((found & inside).sum() / (found | inside).sum())]


def of_nothing(inside: Bool[np.ndarray, "height width"]) -> dict[str, list[float]]:
    """`METRICS` of the two that look at nothing."""
    height, width = inside.shape
    middle = np.zeros((height, width))
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = 0.5
    middle[(height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1] = 1
    return {"anywhere": [float(inside.mean())] * 2, "centre": gains(middle, inside, 0.5)}


def measure(
    scenes: Sequence[Scene], pictures: Sequence[Picture], language: str, heats: Heats, threshold: float
) -> Float[np.ndarray, "asked metrics"]:
    """`METRICS` of every noun of every image, in the order of `asked`."""
    rows = []
    for scene, pixels in zip(scenes, pictures, strict=True):
        nouns = [one.noun for one in asked([scene])]
        maps = heats(pixels, [text(noun, language) for noun in nouns])
        insides = [boxes(scene, noun, *pixels.shape[:2]) for noun in nouns]
        rows += [gains(heat, inside, threshold) for heat, inside in zip(maps, insides, strict=True)]
    return np.array(rows)


def summarise(
    scenes: Sequence[Scene],
    pictures: Sequence[Picture],
    measured: dict[str, dict[int, Float[np.ndarray, "asked metrics"]]],
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Returns the content of the results file from the values by method and seed: of all nouns, and of nouns beside another one.

    Each has the means with intervals over seeds and images, and `nouns` the mean of each noun over seeds.
    """
    every = asked(scenes)
    blind = [of_nothing(boxes(scenes[one.picture], one.noun, *pictures[one.picture].shape[:2])) for one in every]
    known = measured | {name: {0: np.array([one[name] for one in blind])} for name in ("anywhere", "centre")}
    picture = np.array([one.picture for one in every])
    kept = {"all": np.ones(len(every), bool), "beside_another": np.array([not one.alone for one in every])}
    result: dict[str, Any] = {"pictures": len(scenes)}
    for stream, (name, rows) in enumerate(kept.items()):
        if not rows.any():
            continue
        cells = {
            method: {seed: [_gains(picture[rows], values[rows])] for seed, values in seeds.items()}
            for method, seeds in known.items()
        }
        found = summary.summarise(cells, len(scenes), settings, STREAM + stream)
        result[name] = {"asked": int(rows.sum()), "methods": found}
    nouns = np.array([one.noun for one in every])
    result["nouns"] = {str(noun): _of_noun(nouns == noun, known) for noun in np.unique(nouns)}
    return result


def _gains(picture: Int[np.ndarray, " asked"], values: Float[np.ndarray, "asked metrics"]) -> Gains:
    return Gains(picture, METRICS, values)


def _of_noun(rows: Bool[np.ndarray, " asked"], known: dict[str, dict[int, np.ndarray]]) -> dict[str, Any]:
    means = {method: np.mean([values[rows].mean(axis=0) for values in seeds.values()], axis=0) for method, seeds in known.items()}
    return {"asked": int(rows.sum())} | {method: summary.named(METRICS, values) for method, values in means.items()}


def table(result: dict[str, Any]) -> str:
    """Returns the means with their intervals as a Markdown table."""
    lines = ["| | pointing, all | IoU, all | pointing, beside another | IoU, beside another |", "|---|---:|---:|---:|---:|"]
    for method in result["all"]["methods"]:
        parts = [result[part]["methods"][method] if part in result else None for part in ("all", "beside_another")]
        cells = [_cell(part, metric) if part else "–" for part in parts for metric in METRICS]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(entry: dict[str, Any], metric: str) -> str:
    low, high = (100 * end for end in entry["interval"][metric])
    return f"{100 * entry['mean'][metric]:.1f} ({low:.1f}–{high:.1f})"


def write(profile: str, result: dict[str, Any]) -> None:
    """Writes results/<profile>/localisation.json."""
    files.write_json(path(profile), result)


def path(profile: str) -> pathlib.Path:
    """Where the results lie."""
    return paths.results(profile, "localisation")
