"""Raw files: drawn, or the publishers' own where a profile takes those."""

import pathlib

from clip_italian.evaluation.held_out import TestsSettings

from clip_italian import config, files
from clip_italian.data import published
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.published import PublishedSettings
from clip_italian.evaluation import held_out
from clip_italian.world.download import WorldSettings, draw

STATE = pathlib.Path(".state/published")  # what came stays: a publisher is not asked twice for one thing


def main() -> None:
    """Writes data/<profile>/raw and reports/<profile>/download.json."""
    profile = config.params().profile
    world = config.section(WorldSettings, "world")
    raw = pathlib.Path("data", profile, "raw")
    with files.replacing_folder(raw) as folder:
        report = draw(folder, world) if world.kind == "drawn" else take(folder)
    files.write_json(pathlib.Path("reports", profile, "download.json"), {"kind": world.kind, "sources": report})


def take(raw: pathlib.Path) -> dict[str, object]:
    """Fills `raw` with the publishers' own files; returns the report."""
    report = published.collect(
        raw, STATE, config.section(PublishedSettings, "published"), config.section(FetchSettings, "fetch")
    )
    held_out.prepare(STATE, raw, config.section(TestsSettings, "tests"))
    return report
