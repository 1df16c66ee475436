"""Raw files: drawn, or checked to be there where a profile takes the publishers' own."""

import pathlib
from typing import Any

from clip_italian import config, files
from clip_italian.data import given
from clip_italian.evaluation import held_out
from clip_italian.evaluation.settings import PublishedSettings
from clip_italian.world import publish
from clip_italian.world.download import WorldSettings, draw


def main() -> None:
    """Writes data/<profile>/raw and reports/<profile>/download.json."""
    profile = config.params().profile
    settings = config.section(WorldSettings, "world")
    raw = pathlib.Path("data", profile, "raw")
    report: dict[str, Any]
    if settings.kind == "given":
        published = pathlib.Path("data", profile, "published")
        report = {
            "sources": given.require(raw, list(publish.WRITERS)),
            "tests": held_out.prepare(published, raw, config.section(PublishedSettings, "tests")),
        }
    else:
        with files.replacing_folder(raw) as folder:
            report = {"sources": draw(folder, settings)}
    files.write_json(pathlib.Path("reports", profile, "download.json"), {"kind": settings.kind, **report})
