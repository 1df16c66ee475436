"""Raw files: drawn, or the publishers' own where a profile takes those."""

import pathlib
from typing import Any

from clip_italian import config, files
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.sources import published
from clip_italian.data.sources.published import PublishedSettings
from clip_italian.evaluation.published import held_out
from clip_italian.evaluation.study.settings import HeldOutSettings
from clip_italian.world.publishing.download import WorldSettings, draw

STATE = pathlib.Path(".state/published")  # what came stays: a publisher is not asked twice for one thing


def main() -> None:
    """Writes data/<profile>/raw and reports/<profile>/download.json."""
    profile = config.params().profile
    world = config.section(WorldSettings, "world")
    with files.replacing_folder(pathlib.Path("data", profile, "raw")) as raw:
        report = {"sources": draw(raw, world)} if world.kind == "drawn" else take(raw)
    files.write_json(pathlib.Path("reports", profile, "download.json"), {"kind": world.kind, **report})


def take(raw: pathlib.Path) -> dict[str, Any]:
    """Fills `raw` with the publishers' own files; returns the report."""
    where, how = config.section(PublishedSettings, "published"), config.section(FetchSettings, "fetch")
    sources = published.collect(raw, STATE, where, how)
    files.write_json(pathlib.Path("provenance", config.params().profile, "download.json"), published.dates(STATE))
    return {"sources": sources, "tests": held_out.prepare(STATE, raw, config.section(HeldOutSettings, "tests"))}
