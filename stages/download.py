"""Raw files: drawn, the publishers' own, or both."""

import pathlib
from typing import Any

from clip_italian import config, files, paths
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.sources import published
from clip_italian.data.sources.published import PublishedSettings
from clip_italian.evaluation.published import held_out
from clip_italian.evaluation.study.settings import HeldOutSettings
from clip_italian.world.publishing.download import WorldSettings, draw

STATE = pathlib.Path(".state/published")  # what came stays: a publisher is not asked twice for one thing


def main() -> None:
    """Writes data/<profile>/raw, reports/<profile>/download.json, and provenance/<profile>/download.json for what was fetched."""
    profile = config.params().profile
    world = config.section(WorldSettings, "world")
    publishers, fetch = config.section(PublishedSettings, "published"), config.section(FetchSettings, "fetch")
    tests = config.section(HeldOutSettings, "tests")
    with files.replacing_folder(paths.raw(profile)) as raw:
        sources = draw(raw, world) if world.kind == "drawn" else {}
        sources |= published.collect(raw / "sources", STATE, publishers, fetch)
        report: dict[str, Any] = {"kind": world.kind, "sources": sources}
        if world.kind == "given":
            report["tests"] = held_out.prepare(STATE, raw, tests)
    files.write_json(paths.report(profile, "download"), report)
    if publishers.publishers:
        files.write_json(paths.provenance(profile, "download"), published.dates(STATE))
