"""A drawn world of a few dozen pictures, for tests of what is made from it."""

import json
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any, Literal

from clip_italian import files
from clip_italian.data.curation.candidates import Pair
from clip_italian.data.curation.curate import CurateSettings, curate
from clip_italian.data.curation.duplicates import DuplicateSettings
from clip_italian.data.curation.tagger_training import TaggerSettings
from clip_italian.data.curation.text import TextSettings
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.translation.engines import EngineSettings, TranslationSettings
from clip_italian.data.translation.translation import translate
from clip_italian.data.workers import WorkersSettings
from clip_italian.world.drawing.studio import StudioSettings
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing.download import WorldSettings, draw
from clip_italian.world.publishing.examinations import TestSettings
from clip_italian.world.publishing.labels import LabelSettings
from clip_italian.world.publishing.publish import SourceSettings

TWO = WorkersSettings(kind="processes", count=2, address=None)
THREE = WorkersSettings(kind="processes", count=3, address=None)
RAY = WorkersSettings(kind="ray", count=3, address=None)
LIMITS = ImageLimits(max_bytes=1 << 20, max_pixels=1_000_000, min_side=32, max_aspect=20.0)
TEXT = TextSettings(
    max_characters=10_000, min_words=1, languages=["it", "en", "de", "fr", "es", "pt"], language_words=4, language_margin=0.8
)
CURATE = CurateSettings(
    seed=42,
    sources=["wit", "mscoco_it", "conceptual_captions", "il_post"],
    language="it",
    translated=["conceptual_captions"],
    tagger="data/tiny/raw/text/tagger",
    max_proper_nouns=0.8,
    proper_noun_sources=["wit"],
    text=TEXT,
    valid_share=0.05,
    left_out=[],
    duplicates=DuplicateSettings(max_bits=6, max_cell_difference=20),
)
TAGGER = TaggerSettings(
    sentences=150, held_out=50, passes=2, batch=32, width=32, depth=1, rows=500, learning_rate=0.02, dropout=0.1, seed=0
)
NOTHING = {"names": 0, "foreign": 0, "missing": 0, "repeated": 0, "copied": 0, "damaged": 0}
ODD = {"missing": 2, "repeated": 2, "copied": 2, "damaged": 3}


def source(drawn: int, captions: int = 1, **kinds: int) -> SourceSettings:
    """Rows of one source."""
    return SourceSettings(drawn=drawn, captions=captions, **NOTHING | kinds)


def world(workers: int = 2, language: Literal["it", "de"] = "it") -> WorldSettings:
    """Every kind of row in every source that has it."""
    tests = TestSettings(
        retrieval_pictures=20,
        near_miss_share=0.3,
        near_misses=3,
        captions=3,
        gallery_pictures=1,
        zeroshot_seen=0,
        zeroshot_composition=1,
        zeroshot_style=0,
        zeroshot_noun=1,
        probe_train=0,
        probe_valid=1,
        contrasts=3,
    )
    return WorldSettings(
        kind="drawn",
        language=language,
        seed=7,
        studio=StudioSettings(workers=workers, height=64, jpeg_quality=90, png_every=5),
        wit=source(20, names=4, foreign=5, **ODD),
        mscoco_it=source(12, captions=5, missing=1, damaged=3),
        conceptual_captions=source(20, **ODD),
        il_post=source(6, **ODD),
        english=10,
        english_singles=0.3,
        sentences=20,
        parallel=10,
        tagger=TAGGER,
        tests=tests,
        labels=LabelSettings(shared=0.039, mistranslated=0.06),
    )


def by_table(table: pathlib.Path, **changes: object) -> EngineSettings:
    """The engine that looks translations up."""
    settings = EngineSettings(
        engine="table", model=str(table), version="1", batch=8, beam=1, compute_type="float32", device="cpu", server_url=None
    )
    return settings.model_copy(update=changes)


def translate_captions(raw: pathlib.Path) -> None:
    """Conceptual Captions in Italian beside `raw`, as stage `translate` writes them, by the table raw/text/captions.tsv."""
    engine = by_table(raw / "text/captions.tsv")
    settings = TranslationSettings(
        sources=["conceptual_captions"],
        max_characters=10_000,
        language="it",
        from_english=engine,
        to_english=engine,
        parallel="translated",
        queries=False,
    )
    folder = raw.parent / "translated"
    folder.mkdir()
    translate(raw, folder, raw.parent / "cache.sqlite", settings, progress=False)


def looked_up(captions: Sequence[str]) -> list[float]:
    """The share of proper nouns as the world's lexicon has it."""
    tags = [[tag for _, tag in ITALIAN.tags(caption) if tag != "PUNCT"] for caption in captions]
    return [one.count("PROPN") / len(one) if one else 0.0 for one in tags]


Curated = tuple[list[Pair], list[Pair], Any]


def curated(raw: pathlib.Path, settings: CurateSettings = CURATE, where: WorkersSettings = TWO) -> Curated:
    """The training pairs, the validation pairs and the report."""
    for name in ("out", "state"):
        shutil.rmtree(raw / name, ignore_errors=True)
        (raw / name).mkdir(parents=True)
    report = curate(raw, raw / "out", raw / "state", settings, LIMITS, looked_up, where)
    return pairs_of(raw / "out/train.jsonl"), pairs_of(raw / "out/valid.jsonl"), report


def pairs_of(path: pathlib.Path) -> list[Pair]:
    """The pairs of a file."""
    return [Pair(**json.loads(line)) for line in path.read_text().splitlines()]


def drawn_study(folder: pathlib.Path) -> None:
    """Makes `folder` a study at profile tiny whose raw data are this world's, with its captions translated: what `curate` reads."""
    shutil.copytree(pathlib.Path(__file__).parents[2] / "profiles", folder / "profiles")
    (folder / "params.yaml").write_text(
        "profile: tiny\narms: [full]\ncurves: [full_5]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0]\n"
    )
    with files.replacing_folder(folder / "data/tiny/raw") as raw:
        draw(raw, world())
    translate_captions(folder / "data/tiny/raw")
