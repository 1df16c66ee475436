"""Translation engines: a given table, an open model through CTranslate2, DeepL.

An engine has a `name`, a `version` that changes whenever its translations may, and `translate`, which returns a translation of
each sentence, empty where it has none.
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


# Section `translation` of a profile.
class EngineSettings(Settings):
    """An engine for one direction."""

    engine: Literal["table", "ctranslate2", "deepl"]
    model: str | None  # a table's file, a model's folder; null for deepl, which has neither
    version: str  # a label of one's own; a new label translates everything again
    batch: int = Field(gt=0)  # sentences translated and kept at a time: what a kill can cost; deepl takes 50 at most
    beam: int = Field(gt=0)  # of ctranslate2's search
    compute_type: str  # of ctranslate2's arithmetic: float32, int8, ...
    device: Literal["cpu", "cuda"]  # of ctranslate2
    server_url: str | None  # of deepl; null: its own


class TranslationSettings(Settings):
    """What is translated, by what, and where the parallel sentences come from."""

    sources: list[str]  # whose tables are in English: folders of data/<profile>/raw/sources
    max_characters: int  # a longer text is no caption and is not translated
    language: str = Field(pattern="^[a-z]{2}$")  # ISO 639-1 code of the study's, into which they are translated
    from_english: EngineSettings
    # Where the sentences come from with which the baselines learn and are asked: `given`, raw/text/{parallel,translations}.tsv
    # as they are; or `translated`, the captions of `sources` and, if `queries`, those of the test sets.
    parallel: Literal["given", "translated"]
    queries: bool  # whether the test sets' texts are translated into English, for the models that are asked in English
    to_english: EngineSettings


# Tables of translations: English, a tab, the study's language.
def read(path: pathlib.Path) -> tuple[list[str], list[str]]:
    """Returns the English sentences and their translations; raises InputError naming a malformed line."""
    pairs = [line.decode(errors="replace").split("\t") for line in lines(path)]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(pair):
            raise InputError(f"{path}, line {number}: English, a tab and its translation expected; delete it and run `dvc repro`")
    return [english for english, _ in pairs], [translation for _, translation in pairs]


class Translations:
    """A table of English translations of sentences in the study's language."""

    def __init__(self, path: pathlib.Path) -> None:
        english, sentences = read(path)
        self._path, self._english = path, dict(zip(map(_key, sentences), english, strict=True))

    def __call__(self, sentences: Sequence[str]) -> list[str]:
        """Returns the English of each sentence; raises InputError naming one without a translation."""
        absent = next((sentence for sentence in sentences if _key(sentence) not in self._english), None)
        if absent is not None:
            raise InputError(f"{self._path}: no translation of `{absent}`; add a line with its English, a tab and itself")
        return [self._english[_key(sentence)] for sentence in sentences]


def _key(sentence: str) -> str:
    """Returns the sentence on one line: some captions of MSCOCO-IT end with a line end."""
    return " ".join(sentence.split())


KEY = "DEEPL_AUTH_KEY"  # environment variable that holds the key of DeepL's account
DIGITS = 16  # hexadecimal, of a digest in a version
LARGEST_REQUEST = 50  # texts; https://developers.deepl.com/docs/api-reference/translate
LONGEST = 500  # pieces of a sentence; OPUS-MT's models have 512 positions
DEEPL_TARGETS = {"en": "EN-US"}  # where its code is not the language's: plain EN is no target


@runtime_checkable
class Engine(Protocol):
    """Translates from one language to another."""

    name: str
    version: str

    def translate(self, sentences: list[str]) -> list[str]:
        """Returns the translation of each sentence; raises InputError when the engine fails."""
        ...


def open_engine(settings: EngineSettings, source: str, target: str) -> Engine:
    """Returns the engine of the settings for translation from language `source` to `target`, of which one is "en".

    Raises InputError for a missing model, package or key.
    """
    kinds: dict[str, Callable[[EngineSettings, str, str], Engine]] = {
        "table": Table,
        "ctranslate2": CTranslate2,
        "deepl": DeepL,
    }
    return kinds[settings.engine](settings, source, target)


class Table:
    """A file of English and the study's language, a tab between them; the first translation of a sentence counts."""

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
    """A sequence-to-sequence model that CTranslate2 converted, with its SentencePiece models, such as OPUS-MT en-it.

    The folder holds model.bin, config.json, the vocabularies, and source.spm and target.spm. Runs on one thread: how work is
    split changes sums, and with them now and then a word.
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
    """DeepL's service, by its own client, which tries again where that may help. Costs money by the character."""

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
            remedy = "what was translated is kept; run again when there is more of it"
            raise InputError(f"translation: the quota of DeepL's account is used up; {remedy}") from None
        except self._library.AuthorizationException:
            raise InputError(f"translation: DeepL refuses the key in {KEY}; correct it") from None
        except self._library.DeepLException as error:
            problem = " ".join(str(error).split())
            raise InputError(f"translation: DeepL failed ({problem}); what was translated is kept; run again") from None


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
    """The sentences without line ends and tabs, which a table could not hold."""
    return [" ".join(sentence.split()) for sentence in sentences]
