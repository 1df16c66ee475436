"""The study's pairs out of the raw files."""

import functools
import pathlib

from clip_italian import config, files, paths
from clip_italian.data.curation import tagger_training
from clip_italian.data.curation.curate import CurateSettings, curate
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.sources import own
from clip_italian.data.workers import WorkersSettings
from pipeline import resuming


def main() -> None:
    """Writes data/<profile>/pairs/{train,valid}.jsonl and reports/<profile>/curate.json."""
    profile = config.params().profile
    limits = config.section(ImageSettings, "images").limits
    settings = config.section(CurateSettings, "curate")
    where = config.section(WorkersSettings, "workers")
    raw = paths.raw(profile)
    inputs = [raw / "sources", raw / "text", paths.translated(profile) / "sources", pathlib.Path(own.FOLDER)]
    state = resuming.folder("curate", [settings, limits], inputs)
    pairs = state / "pairs"
    pairs.mkdir(exist_ok=True)
    shares = functools.partial(tagger_training.proper_noun_shares, settings.tagger)
    report = curate(raw, pairs, state, settings, limits, shares, where)
    files.move_folder(pairs, paths.pairs(profile))
    files.write_json(paths.report(profile, "curate"), report | {"tagger": tagger_training.describe(settings.tagger)})
    resuming.forget("curate")
