"""Shards of clean pictures, and of augmented views of the training pictures."""

import pathlib

from clip_italian import config, files
from clip_italian.data.preparation import ImageSettings, prepare


def main() -> None:
    """Writes data/<profile>/shards and reports/<profile>/augment.json."""
    profile = config.params().profile
    settings = config.section(ImageSettings, "images")
    data = pathlib.Path("data", profile)
    with files.replacing_folder(data / "shards") as folder:
        pictures = prepare(folder, data / "raw", data / "pairs", settings)
    report = {"pictures": pictures, "views": settings.views, "stored": settings.stored, "side": settings.side}
    files.write_json(pathlib.Path("reports", profile, "augment.json"), report)
