"""Section `translation` of a profile."""

from typing import Literal

from pydantic import Field

from clip_italian.config import Settings


class EngineSettings(Settings):
    """An engine for one direction."""

    engine: Literal["table", "ctranslate2", "deepl"]
    model: str | None  # a table's file, a model's folder; null for deepl, which has neither
    version: str  # a label of one's own: another one asks everything anew
    batch: int = Field(gt=0)  # sentences translated and kept at a time: what a kill can cost; deepl takes 50 at most
    beam: int = Field(gt=0)  # of ctranslate2's search
    compute_type: str  # of ctranslate2's arithmetic: float32, int8, ...
    device: Literal["cpu", "cuda"]  # of ctranslate2
    server_url: str | None  # of deepl; null: its own


class TranslationSettings(Settings):
    """What is translated, by what, and where the parallel sentences come from."""

    sources: list[str]  # whose tables are in English: folders of data/<profile>/raw
    max_characters: int  # a longer text is no caption and is not translated
    language: str = Field(pattern="^[a-z]{2}$")  # ISO 639-1 code of the study's, into which they are translated
    from_english: EngineSettings
    # Where the sentences come from with which the baselines learn and are asked: `given`, raw/text/{parallel,translations}.tsv
    # as they are; or `translated`, the captions of `sources` and, if `queries`, those of the test sets.
    parallel: Literal["given", "translated"]
    queries: bool  # whether the test sets' texts are translated into English, for the models that are asked in English
    to_english: EngineSettings
