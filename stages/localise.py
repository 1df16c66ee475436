"""Where the proposed model's heat maps point, every seed: results/<profile>/localisation.json."""

import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from clip_italian import config, files, paths
from clip_italian.checkpoints import loading
from clip_italian.checkpoints.model import Model
from clip_italian.data.archives import Archive
from clip_italian.data.images import images, opening
from clip_italian.evaluation.study import first_ranks, localisation
from clip_italian.evaluation.study.localisation import LocalisationSettings
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.export.card import ExportSettings
from clip_italian.use.search import localising
from clip_italian.use.search.localising import Method
from clip_italian.world.publishing.download import WorldSettings
from pipeline import cells, outputs

METHODS: tuple[Method, ...] = ("windows", "relevance")


def main() -> None:
    params, settings = config.params(), config.section(LocalisationSettings, "localisation")
    if not settings.pictures:
        localisation.write(params.profile, {"pictures": 0})
        return
    chosen = settings.model_dump() | {"language": config.section(WorldSettings, "world").language}
    test = paths.test_set(params.profile, settings.test)
    seeds = [cells.Cell("localise", str(seed), (), chosen, (model(seed), test)) for seed in params.seeds]
    finished = cells.run(seeds, processes=2, threads=outputs.threads().cell_threads)
    scenes = first_ranks.read_scenes(params.profile, settings.test)[: settings.pictures]
    measured: dict[str, dict[int, np.ndarray]] = {}
    for method in METHODS:
        measured[method] = {seed: np.load(finished[str(seed)] / f"{method}.npy") for seed in params.seeds}
    evaluation = config.section(EvaluationSettings, "evaluation")
    localisation.write(params.profile, localisation.summarise(scenes, read(test, len(scenes)), measured, evaluation))


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    """Measures the maps of a seed, which takes seconds: nothing of it is kept in `state`."""
    params, settings = config.params(), config.section(LocalisationSettings, "localisation")
    scenes = first_ranks.read_scenes(params.profile, settings.test)[: settings.pictures]
    shown, language = (
        read(paths.test_set(params.profile, settings.test), len(scenes)),
        config.section(WorldSettings, "world").language,
    )
    loaded = loading.load(model(int(name)))
    for method in METHODS:
        heats = functools.partial(maps, loaded, method, settings.grids)
        np.save(out / f"{method}.npy", localisation.measure(scenes, shown, language, heats, settings.threshold))


def model(seed: int) -> pathlib.Path:
    """The proposed arm's."""
    return paths.tuned(config.params().profile, config.section(ExportSettings, "export").arm) / str(seed)


def read(folder: pathlib.Path, count: int) -> list[np.ndarray]:
    """The first images of a test set, in its order."""
    names = [image["file_name"] for image in files.read_json(folder / "captions.json")["images"]][:count]
    with Archive(folder / "images.zip") as archive:
        return [images.decode(archive.read(name), opening.LIMITS) for name in names]


def maps(loaded: Model, method: Method, grids: list[int], pixels: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """The heat maps of an image."""
    return localising.localise(loaded, pixels, texts, method, grids)
