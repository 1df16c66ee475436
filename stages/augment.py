"""Shards of clean images, and of augmented views of the training images."""

import pathlib

from clip_italian import config, files, paths
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.preparation import prepare
from clip_italian.data.sources import own
from clip_italian.data.workers import WorkersSettings
from pipeline import resuming


def main() -> None:
    """Writes data/<profile>/shards and reports/<profile>/augment.json."""
    profile = config.params().profile
    settings = config.section(ImageSettings, "images")
    where = config.section(WorkersSettings, "workers")
    state = resuming.folder("augment", [settings], [paths.raw(profile), paths.pairs(profile), pathlib.Path(own.FOLDER)])
    pictures = prepare(state / "shards", paths.raw(profile), paths.pairs(profile), state / "done", settings, where)
    files.move_folder(state / "shards", paths.shards(profile))
    report = {"pictures": pictures, "views": settings.views, "stored": settings.stored, "side": settings.side}
    files.write_json(paths.report(profile, "augment"), report)
    resuming.forget("augment")
