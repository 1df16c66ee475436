"""Raw files: drawn, or checked to be there where a profile takes the publishers' own."""

import pathlib

from clip_italian import config, files
from clip_italian.data import given
from clip_italian.world import publish
from clip_italian.world.download import WorldSettings, draw


def main() -> None:
    """Writes data/<profile>/raw and reports/<profile>/download.json."""
    profile = config.params().profile
    settings = config.section(WorldSettings, "world")
    raw = pathlib.Path("data", profile, "raw")
    if settings.kind == "given":
        report = given.require(raw, list(publish.WRITERS))
    else:
        with files.replacing_folder(raw) as folder:
            report = draw(folder, settings)
    files.write_json(pathlib.Path("reports", profile, "download.json"), {"kind": settings.kind, "sources": report})
