"""Captions that are published in English into the study's language, and parallel sentences for the baselines."""

import pathlib
import sys
import time

from clip_italian import config, files, journal, paths
from clip_italian.data.translation.engines import TranslationSettings
from clip_italian.data.translation.translation import translate

CACHE = pathlib.Path(".state/translation/translations.sqlite")  # of all profiles: a sentence is translated once


def main() -> None:
    """Writes data/<profile>/translated, reports/<profile>/translate.json and provenance/<profile>/translate.json."""
    profile, started = config.params().profile, time.time()
    settings = config.section(TranslationSettings, "translation")
    with files.replacing_folder(paths.translated(profile)) as folder:
        report, asked = translate(paths.raw(profile), folder, CACHE, settings, progress=sys.stderr.isatty())
    files.write_json(paths.report(profile, "translate"), report)
    # How much came from the cache is no result: it differs when a run is killed and goes on.
    files.write_json(paths.provenance(profile, "translate"), journal.provenance(started, asked=asked))
