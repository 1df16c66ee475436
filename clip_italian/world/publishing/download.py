"""Writes the raw files of the drawn world: sources, the backbones' data, and test sets."""

import dataclasses
import json
import pathlib
import unicodedata
from typing import Any, Literal

import pydantic

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data.curation import tagger_training
from clip_italian.data.curation.tagger_training import TaggerSettings
from clip_italian.world.drawing import studio
from clip_italian.world.drawing.studio import ImageFile, StudioSettings, Task, rng_of, tasks
from clip_italian.world.languages import corpus, english, known
from clip_italian.world.languages.language import TONES, Language
from clip_italian.world.publishing import contrasts, examinations, labels, publish
from clip_italian.world.publishing.examinations import PROBE, RETRIEVAL, ZEROSHOT, TestSettings
from clip_italian.world.publishing.labels import LabelSettings
from clip_italian.world.publishing.publish import SourceSettings
from clip_italian.world.scenes.compose import compose, compose_single
from clip_italian.world.scenes.statements import COLOURS, NOUNS, Statement
from clip_italian.world.scenes.truth import full_statement

ENGLISH_PURPOSE = 5
PARALLEL_PURPOSE = 6
SINGLES, SCENES = "english-singles", "english-scenes"  # sources of the English pairs


class WorldSettings(Settings):
    """Section `world` of a profile; with `kind: given` the sources are the publishers' files."""

    kind: Literal["drawn", "given"]
    language: str  # of languages/known.py, for all captions, labels and texts except the English ones
    seed: int  # of all scenes and captions
    studio: StudioSettings
    wit: SourceSettings
    mscoco_it: SourceSettings
    conceptual_captions: SourceSettings
    il_post: SourceSettings
    english: int  # images with English captions, for the English CLIP; with all nouns and compositions
    english_singles: float  # share of them with a single thing
    sentences: int  # for the BERT of the study's language
    parallel: int  # of them, with their English, for the distilled baseline
    tagger: TaggerSettings  # trained on tagged sentences of the grammar
    tests: TestSettings
    labels: LabelSettings

    @pydantic.field_validator("language")
    @classmethod
    def _is_known(cls, code: str) -> str:
        if code not in known.LANGUAGES:
            raise ValueError(f"the drawn world speaks {', '.join(known.LANGUAGES)}")
        return code


def draw(raw: pathlib.Path, settings: WorldSettings) -> dict[str, Any]:
    """Writes all raw files to the new folder `raw`; returns the counts of requested, present and missing images by source."""
    report: dict[str, Any] = {}
    language = known.of(settings.language)
    from_english: dict[str, str] = {}
    retrieval_scenes, in_english = {}, examinations.translated_queries(settings.seed, language)
    for name, drawn in studio.results(_jobs(settings, language), settings.studio.workers):
        folder = raw / _room(name) / name
        folder.mkdir(parents=True)
        if name in RETRIEVAL:
            retrieval_scenes[name] = examinations.write_retrieval(folder, name, settings.seed, drawn)
            in_english |= examinations.translations(name, settings.seed, drawn)
        elif name in ZEROSHOT or name in PROBE:
            examinations.write_zeroshot(folder, name, settings.tests, drawn, language)
        elif name == contrasts.NAME:
            contrasts.write(folder, drawn)
        elif name == "english":
            _write_english(folder, drawn)
        elif name == "text":
            _write_text(folder, drawn, settings)
        else:
            source = (settings.seed, getattr(settings, name), drawn, language)
            report[name] = _attrition(publish.WRITERS[name](folder, *source))
            in_english |= publish.in_english(name, *source)
            if name == "conceptual_captions":
                from_english = publish.from_english(name, *source)
    # Stage `translate` gives equal English captions the translation in this table, which may be that of another row.
    in_english |= {unicodedata.normalize("NFC", caption): source for source, caption in from_english.items()}
    _write_lines(raw / "text/captions.tsv", [f"{source}\t{caption}" for source, caption in from_english.items()])
    _write_lines(raw / "text/translations.tsv", [f"{source}\t{caption}" for caption, source in in_english.items()])
    files.write_json(raw / "test/classes.json", examinations.classes(language))
    files.write_json(raw / "test/labels.json", labels.content(settings.seed, settings.labels, language))
    files.write_json(raw / "test/gallery.json", examinations.gallery(retrieval_scenes["retrieval-seen"], language))
    return report


def _room(name: str) -> str:
    """The folder of data/<profile>/raw for a source or a set."""
    if name in (*RETRIEVAL, *ZEROSHOT, contrasts.NAME):
        return "test"
    return "probe" if name in PROBE else "sources" if name in publish.WRITERS else ""


def _jobs(settings: WorldSettings, language: Language) -> dict[str, list[Task]]:
    """All drawing tasks by set. The test sets come first, so that their truth is computed while the others are drawn."""
    seed, shop, tests = settings.seed, settings.studio, settings.tests
    jobs = {
        name: tasks(examinations.families, examinations.bases(tests)[0], name, seed, tests, shop, language) for name in RETRIEVAL
    }
    for name in (*ZEROSHOT, *PROBE):
        jobs[name] = tasks(examinations.singles, len(examinations.zeroshot_classes(name, tests)), name, seed, tests, shop)
    jobs[contrasts.NAME] = tasks(contrasts.contrasts, len(contrasts.KINDS) * tests.contrasts, seed, tests, shop, language)
    for name in publish.WRITERS:
        ours = getattr(settings, name)
        jobs[name] = tasks(publish.entries, ours.drawn, name, seed, ours, shop, language)
    jobs["english"] = tasks(english_pairs, settings.english, seed, settings.english_singles, shop)
    jobs["text"] = tasks(sentences, settings.sentences, seed, language) + tasks(parallel, settings.parallel, seed, language)
    jobs["text"] += tasks(corpus.sentences, settings.tagger.sentences + settings.tagger.held_out, seed, language)
    return jobs


def _attrition(counts: dict[str, int]) -> dict[str, Any]:
    """The counts of images that rows request and that exist; foreign, broken and repeated rows request none."""
    asking = {kind: count for kind, count in counts.items() if kind not in ("foreign", "broken", "repeated")}
    asked, missing = sum(asking.values()), counts.get("missing", 0)
    return {"rows": dict(counts), "asked": asked, "got": asked - missing, "missing": {"gone from the web": missing}}


def english_pairs(numbers: range, seed: int, singles: float, shop: StudioSettings) -> list[tuple[ImageFile, str, list[str]]]:
    """Images in the seen styles, a share of them of a single thing, each with its source and English captions.

    The first caption has things and relation, the second things only, the third everything; a single thing has the first two.
    """
    result = []
    for number in numbers:
        rng = rng_of(seed, ENGLISH_PURPOSE, number)
        single = rng.random() < singles
        if single:
            noun, colour = NOUNS[rng.integers(len(NOUNS))], COLOURS[rng.integers(len(COLOURS))]
            scene = compose_single(seed, number, noun, colour, "all", ENGLISH_PURPOSE)
        else:
            scene = compose(seed, number, "all", ENGLISH_PURPOSE)
        everything = full_statement(scene)
        statements = [_terse(everything), _nouns_alone(everything), *([] if single else [everything])]
        captions = [english.say_english(one, rng) for one in statements]
        result.append((studio.develop(scene, shop), SINGLES if single else SCENES, captions))
    return result


def _terse(statement: Statement) -> Statement:
    """The statement without sizes, position and ground."""
    phrases = tuple(dataclasses.replace(phrase, size=None) for phrase in statement.phrases)
    return dataclasses.replace(statement, phrases=phrases, position=None, ground=None)


def _nouns_alone(statement: Statement) -> Statement:
    phrases = tuple(dataclasses.replace(phrase, colour=None, size=None) for phrase in statement.phrases)
    return Statement(phrases)


def _write_english(folder: pathlib.Path, drawn: list[tuple[ImageFile, str, list[str]]]) -> None:
    """Writes the English pairs in the format of data/<profile>/pairs."""
    examinations.write_images(folder, [image for image, _, _ in drawn])
    lines = []
    for number, (_, source, captions) in enumerate(drawn):
        member = examinations.member(number)
        pair = {"id": f"english/{member}", "source": source, "archive": "english/images.zip", "image": member, "captions": captions}
        lines.append(json.dumps(pair, sort_keys=True))
    _write_lines(folder / "pairs.jsonl", lines)


def sentences(numbers: range, seed: int, language: Language) -> list[str]:
    """Lines of text in the study's language."""
    return [corpus.corpus_line(seed, number, language) for number in numbers]


def parallel(numbers: range, seed: int, language: Language) -> list[str]:
    """Lines of English, a tab and the study's language, of the same statement, in the tones of the sources by turns."""
    result = []
    for number in numbers:
        rng = rng_of(seed, PARALLEL_PURPOSE, number)
        statement = corpus.any_statement(rng)
        tone = TONES[number % len(TONES)]
        result.append(f"{english.say_english(statement, rng)}\t{language.say(statement, tone, rng)}")
    return result


def _write_text(folder: pathlib.Path, lines: list[str], settings: WorldSettings) -> None:
    _write_lines(folder / "sentences.txt", lines[: settings.sentences])
    _write_lines(folder / "parallel.tsv", lines[settings.sentences : settings.sentences + settings.parallel])
    _write_lines(folder / "tagged.jsonl", lines[settings.sentences + settings.parallel :])
    tagger_training.train(folder / "tagged.jsonl", folder / "tagger", settings.language, settings.tagger)


def _write_lines(path: pathlib.Path, lines: list[str]) -> None:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
