"""Translation engines: a table of translations, an open model run by CTranslate2, DeepL.

An engine has a `name`, a `version` that changes whenever its translations may change, and `translate`, which returns the
translation of each sentence, or an empty string if it has none.
"""

import importlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import Field

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data.sources.rows import lines
from clip_italian.errors import InputError


class EngineSettings(Settings):
    """Keys `from_english` and `to_english` of section `translation`: an engine for one direction."""

    engine: Literal["table", "ctranslate2", "deepl"]
    model: str | None  # the file of a table or the folder of a model; null for deepl
    version: str  # a label; with a new label everything is translated again
    batch: int = Field(gt=0)  # sentences translated and stored at a time, which a kill can lose; deepl allows 50
    beam: int = Field(gt=0)  # of ctranslate2's search
    compute_type: str  # of ctranslate2's arithmetic: float32, int8, ...
    device: Literal["cpu", "cuda"]  # of ctranslate2
    server_url: str | None  # of deepl; null: its own


class TranslationSettings(Settings):
    """Section `translation` of a profile."""

    sources: list[str]  # sources with English tables: folders of data/<profile>/raw/sources
    max_characters: int  # longer texts are not translated, since they are not captions
    language: str = Field(pattern="^[a-z]{2}$")  # ISO 639-1 code of the study's language, the target
    from_english: EngineSettings
    # The origin of the baselines' parallel sentences and of their translated queries: `given` copies
    # raw/text/{parallel,translations}.tsv, `translated` uses the captions of `sources` and, with `queries`, the test sets' texts.
    parallel: Literal["given", "translated"]
    queries: bool  # whether the test sets' texts are translated into English, for models with English queries
    to_english: EngineSettings


def read(path: pathlib.Path) -> tuple[list[str], list[str]]:
    """Reads lines of English, a tab and the translation; returns the English sentences and the translations.

    Raises InputError naming a malformed line.
    """
    pairs = [line.decode(errors="replace").split("\t") for line in lines(path)]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(pair):
            raise InputError(f"{path}, line {number}: English, a tab and its translation expected; delete it and run `dvc repro`")
    return [english for english, _ in pairs], [translation for _, translation in pairs]


class Translations:
    """A table of English translations of sentences in the study's language."""

    def __init__(self, path: pathlib.Path) -> None:
        english, sentences = read(path)
        self._path, self._english = path, dict(zip(one_line(sentences), english, strict=True))

    def __call__(self, sentences: Sequence[str]) -> list[str]:
        """Returns the English of each sentence, ignoring line ends; raises InputError naming one without a translation."""
        keys = one_line(sentences)  # some captions of MSCOCO-IT end with a line end
        absent = next((sentence for sentence, key in zip(sentences, keys, strict=True) if key not in self._english), None)
        if absent is not None:
            raise InputError(f"{self._path}: no translation of `{absent}`; add a line with its English, a tab and itself")
        return [self._english[key] for key in keys]


KEY = "DEEPL_AUTH_KEY"  # environment variable with the key of a DeepL account
DIGITS = 16  # hexadecimal digits of a hash in a version
LARGEST_REQUEST = 50  # texts; https://developers.deepl.com/docs/api-reference/translate
LONGEST = 500  # pieces of a sentence; OPUS-MT's models have 512 positions
DEEPL_TARGETS = {"en": "EN-US"}  # DeepL's codes of target languages that differ from ISO 639-1


@runtime_checkable
class Engine(Protocol):
    """A translator from one language to another."""

    name: str
    version: str

    def translate(self, sentences: list[str]) -> list[str]:
        """Returns the translation of each sentence; raises InputError if the engine fails."""
        ...


def open_engine(settings: EngineSettings, source: str, target: str) -> Engine:
    """Returns the engine for translation from language `source` to `target`, one of which is "en".

    Raises InputError for a missing model, package or key.
    """
    kinds: dict[str, Callable[[EngineSettings, str, str], Engine]]
    kinds = {"table": Table, "ctranslate2": CTranslate2, "deepl": DeepL}
    return kinds[settings.engine](settings, source, target)


class Table:
    """A file of English and the study's language, separated by tabs; the first translation of a sentence is used."""

    name = "table"

    def __init__(self, settings: EngineSettings, source: str, target: str) -> None:
        path = _model(settings)
        english, other = read(path)
        pairs = zip(english, other, strict=True) if source == "en" else zip(other, english, strict=True)
        self._translations: dict[str, str] = {}
        for sentence, translation in pairs:
            self._translations.setdefault(sentence, translation)
        self.version = f"{settings.version} {files.sha256(path)[:DIGITS]}"

    def translate(self, sentences: list[str]) -> list[str]:
        return [self._translations.get(sentence, "") for sentence in sentences]


class CTranslate2:
    """A sequence-to-sequence model converted by CTranslate2, with its SentencePiece models, such as OPUS-MT en-it.

    The folder has model.bin, config.json, the vocabularies, source.spm and target.spm. The model runs on one thread, because the
    number of threads changes sums and sometimes a word.
    """

    name = "ctranslate2"

    def __init__(self, settings: EngineSettings, source: str, target: str) -> None:
        folder = _model(settings)
        library, sentencepiece = _package("ctranslate2"), _package("sentencepiece")
        config = files.read_json(folder / "config.json")
        self._end = [] if config.get("add_source_eos") else [config.get("eos_token", "</s>")]
        self._source, self._target = (
            sentencepiece.SentencePieceProcessor(model_file=str(_required(folder / f"{side}.spm"))) for side in ("source", "target")
        )
        digest = files.tree_digest(_required(folder / "model.bin"), folder / "source.spm", folder / "target.spm")
        self._beam = settings.beam
        self.version = f"{settings.version} {digest[:DIGITS]} beam {settings.beam} {settings.compute_type} {settings.device}"
        try:
            self._translator = library.Translator(
                str(folder), settings.device, compute_type=settings.compute_type, inter_threads=1, intra_threads=1
            )
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{folder}: CTranslate2 cannot load it ({error}); convert the model again") from None

    def translate(self, sentences: list[str]) -> list[str]:
        pieces = [self._source.encode(sentence, out_type=str) + self._end for sentence in sentences]
        limits = {"max_input_length": LONGEST, "max_decoding_length": LONGEST}
        found = self._translator.translate_batch(pieces, beam_size=self._beam, **limits)
        return [self._target.decode(result.hypotheses[0]) for result in found]


class DeepL:
    """The service DeepL through its own client, which retries. It costs money per character."""

    name = "deepl"

    def __init__(self, settings: EngineSettings, source: str, target: str) -> None:
        self._library = _package("deepl")
        if settings.batch > LARGEST_REQUEST:
            raise InputError(f"translation: `batch` is {settings.batch}; deepl takes {LARGEST_REQUEST} texts at most")
        key = os.environ.get(KEY)
        if not key:
            raise InputError(f"translation: deepl needs the key of an account in the environment variable {KEY}; set it")
        self._client = self._library.Translator(key, server_url=settings.server_url, send_platform_info=False)
        self._languages = {"source_lang": source.upper(), "target_lang": DEEPL_TARGETS.get(target, target.upper())}
        self.version = settings.version

    def translate(self, sentences: list[str]) -> list[str]:
        try:
            return [result.text for result in self._client.translate_text(sentences, **self._languages)]
        except self._library.QuotaExceededException:
            remedy = "finished translations are kept; run again when there is more quota"
            raise InputError(f"translation: the quota of DeepL's account is used up; {remedy}") from None
        except self._library.AuthorizationException:
            raise InputError(f"translation: DeepL refuses the key in {KEY}; correct it") from None
        except self._library.DeepLException as error:
            problem = " ".join(str(error).split())
            raise InputError(f"translation: DeepL failed ({problem}); finished translations are kept; run again") from None


def _model(settings: EngineSettings) -> pathlib.Path:
    if settings.model is None:
        raise InputError(f"translation: engine {settings.engine} needs a `model`; name its file or folder")
    return _required(pathlib.Path(settings.model))


def _required(path: pathlib.Path) -> pathlib.Path:
    if not path.exists():
        raise InputError(f"{path}: missing, and needed to translate; put it there or correct section `translation`")
    return path


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"translation: needs the package {name}; install the extra `translation`") from None


def one_line(sentences: Sequence[str]) -> list[str]:
    """The sentences with line ends and tabs, which a table cannot contain, replaced by single blanks."""
    return [" ".join(sentence.split()) for sentence in sentences]
