"""Translates the tables of captions, and writes parallel sentences for the baselines."""

import itertools
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

from clip_italian import files
from clip_italian.data import workers
from clip_italian.data.translation import tables
from clip_italian.data.translation.cache import Cache, Met
from clip_italian.data.translation.engines import EngineSettings, TranslationSettings, one_line, open_engine
from clip_italian.data.translation.translator import Translator, report

PARALLEL, TRANSLATIONS = "parallel.tsv", "translations.tsv"  # English, a tab, the study's language


def translate(
    raw: pathlib.Path, folder: pathlib.Path, cache: pathlib.Path, settings: TranslationSettings, progress: bool
) -> tuple[dict[str, Any], int]:
    """Writes sources/<source>/<table> of every source, parallel.tsv and translations.tsv to the new folder `folder`.

    Returns the report, which depends on the input only, and the number of sentences that were not in the file `cache`. Raises
    InputError as engines do, and for damaged input.
    """
    (folder / "sources").mkdir()
    with Cache(cache) as kept:
        from_english = _translator(settings.from_english, "en", settings.language, kept)
        counts = {
            source: tables.translate(raw / path, folder / path, from_english, settings.max_characters, progress)
            for source, path in ((source, tables.path(source)) for source in settings.sources)
        }
        used = [from_english]
        if settings.parallel == "given":
            for name in (PARALLEL, TRANSLATIONS):
                shutil.copyfile(files.present(raw / "text" / name), folder / name)
        else:
            used += _write_parallel(raw, folder, settings, kept)
    return {"tables": counts, "engines": report(used)}, sum(translator.translated for translator in used)


def _translator(settings: EngineSettings, source: str, target: str, cache: Cache) -> Translator:
    return Translator(open_engine(settings, source, target), f"{source}-{target}", cache, settings.batch)


def _write_parallel(raw: pathlib.Path, folder: pathlib.Path, settings: TranslationSettings, cache: Cache) -> list[Translator]:
    """Writes the captions and the test sets' texts with their English; returns the translators used."""
    with open(folder / PARALLEL, "w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{english}\t{text}\n" for english, text in _distinct(raw, folder, settings))
    shutil.copyfile(folder / PARALLEL, folder / TRANSLATIONS)
    if not settings.queries:
        return []
    to_english = _translator(settings.to_english, settings.language, "en", cache)
    sentences = _test_sentences(raw / "test")
    with open(folder / TRANSLATIONS, "a", encoding="utf-8", newline="\n") as out:
        for part in workers.parts(sentences, to_english.chunk):
            out.writelines(f"{english}\t{text}\n" for english, text in zip(to_english(part), part, strict=True) if english)
    return [to_english]


def _test_sentences(test: pathlib.Path) -> list[str]:
    """Returns the distinct captions, labels and queries of the test sets below `test`; raises InputError for a damaged file."""
    sentences = [
        annotation["caption"]
        for path in sorted(test.glob("*/captions.json"))
        for annotation in files.read_json(path)["annotations"]
    ]
    sentences += [entry["label"] for entry in files.read_json(test / "classes.json")]
    sentences += [entry["query"] for entry in files.read_json(test / "gallery.json")]
    return [sentence for sentence in dict.fromkeys(one_line(sentences)) if sentence]


def _distinct(raw: pathlib.Path, folder: pathlib.Path, settings: TranslationSettings) -> Iterator[tuple[str, str]]:
    """Yields each English caption once, with its translation."""
    found = (
        tables.pairs(raw / tables.path(source), folder / tables.path(source), settings.max_characters)
        for source in settings.sources
    )
    with Met() as met:
        for english, text in itertools.chain.from_iterable(found):
            if met.first([english]):
                yield english, text
