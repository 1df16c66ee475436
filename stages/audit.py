"""Checks, before any training, whether test images are among the training images."""

from clip_italian import config, files, paths
from clip_italian.data.curation import leakage
from clip_italian.data.curation.curate import CurateSettings
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.workers import WorkersSettings


def main() -> None:
    """Writes reports/<profile>/audit.json, then raises InputError when it has a leak that no allowance covers."""
    profile = config.params().profile
    settings = config.section(CurateSettings, "curate").duplicates
    allowances = config.section(leakage.AuditSettings, "audit").allowances
    limits = config.section(ImageSettings, "images").limits
    where = config.section(WorkersSettings, "workers")
    report = leakage.compare(paths.raw(profile), paths.pairs(profile), limits, settings, allowances, where)
    path = paths.report(profile, "audit")
    files.write_json(path, report)
    leakage.check(report, path)
