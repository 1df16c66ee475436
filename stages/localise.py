"""Where the proposed model's heat maps point, every seed: results/<profile>/localisation.json."""

import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from clip_italian import config, files
from clip_italian.data import images
from clip_italian.data.archive import Archive
from clip_italian.evaluation import first_ranks, localisation
from clip_italian.evaluation.localisation import LocalisationSettings
from clip_italian.evaluation.settings import EvaluationSettings, test_folder
from clip_italian.use import loading, localising, pictures
from clip_italian.use.export.facts import ExportSettings
from clip_italian.use.localising import Method
from clip_italian.use.model import Clip
from clip_italian.world.download import WorldSettings

METHODS: tuple[Method, ...] = ("windows", "relevance")


def main() -> None:
    params, settings = config.params(), config.section(LocalisationSettings, "localisation")
    if not settings.pictures:
        localisation.write(params.profile, {"pictures": 0})
        return
    arm, language = config.section(ExportSettings, "export").arm, config.section(WorldSettings, "world").language
    scenes = first_ranks.read_scenes(params.profile, settings.test)[: settings.pictures]
    shown = read(test_folder(params.profile, settings.test), len(scenes))
    measured: dict[str, dict[int, np.ndarray]] = {method: {} for method in METHODS}
    for seed in params.seeds:
        model = loading.load(pathlib.Path("models", params.profile, "tuned", arm, str(seed)))
        for method in METHODS:
            heats = functools.partial(maps, model, method, settings.grids)
            measured[method][seed] = localisation.measure(scenes, shown, language, heats, settings.threshold)
    evaluation = config.section(EvaluationSettings, "evaluation")
    localisation.write(params.profile, localisation.summarise(scenes, shown, measured, evaluation))


def read(folder: pathlib.Path, count: int) -> list[np.ndarray]:
    """The first pictures of a test set, in its order."""
    names = [image["file_name"] for image in files.read_json(folder / "captions.json")["images"]][:count]
    with Archive(folder / "images.zip") as archive:
        return [images.decode(archive.read(name), pictures.LIMITS) for name in names]


def maps(model: Clip, method: Method, grids: list[int], pixels: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """The heat maps of a picture."""
    return localising.localise(model, pixels, texts, method, grids)
