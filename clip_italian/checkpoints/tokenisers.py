"""Tokenisers of model folders, with the text cleaning and truncation of the library that wrote the folder."""

import html
import pathlib
import string
from collections.abc import Callable
from typing import Any

import numpy as np
import tokenizers
from tokenizers import Tokenizer

from clip_italian.checkpoints import hf_config
from clip_italian.checkpoints.hf_config import OPEN_CLIP, module_folder, read_json
from clip_italian.checkpoints.tensors import one_line
from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models.text_tower import TextTower


# Text cleaning of open_clip, by the names in its configurations (open_clip, tokenizer.py).
def _basic(text: str) -> str:
    """The text with broken encodings repaired and HTML entities resolved, twice."""
    import ftfy  # here: takes a moment, and the study's own texts need none of it

    return html.unescape(html.unescape(ftfy.fix_text(text))).strip()


def whitespace(text: str) -> str:
    """The cleaned text with single spaces between words."""
    return " ".join(_basic(text).split())


def lower(text: str) -> str:
    """The same in lower case, as in CLIP's own tokeniser (openai/CLIP, simple_tokenizer.py)."""
    return whitespace(text).lower()


def canonical(text: str) -> str:
    """The cleaned text without ASCII punctuation, in lower case, as SigLIP's (big_vision, prompt_engineering.py)."""
    bare = _basic(text).replace("_", " ").translate(str.maketrans("", "", string.punctuation))
    return " ".join(bare.lower().split())


CLEANING: dict[str, Callable[[str], str]] = {"whitespace": whitespace, "lower": lower, "canonicalize": canonical}


# A folder with none of these has no tokeniser; transformers would silently make an empty one.
FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
LONGEST = 512  # tokens, unless the tower or the system takes fewer
CLIP_ITALIAN_LONGEST = 96  # hybrid_clip/run_hybrid_clip.py and the notebooks; its README says 95
CLIP_TOKENIZER = "openai/clip-vit-base-patch32"  # the byte pairs of all of CLIP's English text towers


class Foreign:
    """The tokeniser of another library; texts are truncated and padded to the length that the tower and the system take."""

    def __init__(
        self,
        tokenizer: Any,
        text: TextTower,
        max_length: int = LONGEST,
        clean: Callable[[str], str] = str,
        padded_by_id: bool = False,
    ) -> None:
        self.tokenizer, self._text, self._clean, self._padded_by_id = tokenizer, text, clean, padded_by_id
        self._length = min(max_length, text.max_length)

    def __call__(self, texts: list[str]) -> Tokens:
        """Token ids with special tokens; if the tower reads padding (SigLIP), the mask includes it.

        Raises InputError if a token id is beyond the tower's vocabulary.
        """
        cleaned = [self._clean(text) for text in texts]
        padded = self.tokenizer(cleaned, truncation=True, max_length=self._length, padding="max_length", return_attention_mask=True)
        ids = np.array(padded["input_ids"], np.int32).reshape(len(texts), self._length)
        if ids.size and ids.max() >= self._text.vocabulary:
            raise InputError(
                f"{self.tokenizer.name_or_path}: token {ids.max()} is beyond the {self._text.vocabulary} of the text tower; "
                "the tokeniser is of another model"
            )
        if self._text.reads_padding:
            return Tokens(ids, np.ones_like(ids, bool))
        if self._padded_by_id:  # open_clip knows no other mask (hf_model.py, HFTextEncoder.forward)
            return Tokens(ids, ids != self.tokenizer.pad_token_id)
        return Tokens(ids, np.array(padded["attention_mask"], bool).reshape(ids.shape))

    def plain(self) -> Tokenizer | None:
        """The part that tokenizer.json can hold, or None; the caller checks whether it gives the same tokens."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        return None if backend is None else Tokenizer.from_str(backend.to_str())


Tokeniser = Tokenizer | Foreign


def read(
    folder: pathlib.Path,
    text: TextTower,
    max_length: int = LONGEST,
    clean: Callable[[str], str] = str,
    padded_by_id: bool = False,
) -> Foreign:
    """The tokeniser that transformers reads from a folder; raises InputError if there is none."""
    if not any((folder / name).exists() for name in FILES):
        raise InputError(f"{folder}: no tokeniser; one of {', '.join(FILES)} must be there; copy it from the model's repository")
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise InputError(
            f"{folder}: no tokeniser that transformers can read ({one_line(error)}); download its files again"
        ) from None
    return Foreign(tokenizer, text, max_length, clean, padded_by_id)


def plain(folder: pathlib.Path, text: TextTower) -> Tokenizer:
    """The tokeniser of a folder in the form of tokenizer.json; raises InputError if it has no such form."""
    if (found := read(folder, text).plain()) is None:
        raise InputError(f"{folder}: its tokeniser is of a kind that no tokenizer.json can hold")
    return found


def ours(folder: pathlib.Path, text: TextTower) -> Tokeniser:
    """The tokeniser of a model of this study."""
    return tokens.load(folder)


def siglip(folder: pathlib.Path, text: TextTower) -> Tokeniser:
    """The tokeniser of SigLIP, which itself removes capitals and punctuation, or of SigLIP 2.

    SigLIP 2 has Gemma's tokeniser on texts in lower case. transformers' Siglip2Tokenizer turns texts into lower case; if a folder
    names Gemma's tokeniser, this is done here.
    """
    found = read(folder, text)
    return found if type(found.tokenizer).__name__ == "SiglipTokenizer" else _lower_cased(found)


def m_clip(folder: pathlib.Path, text: TextTower) -> Tokeniser:
    """The tokeniser beside the weights, or in the folder that the configuration names as `modelBase`."""
    base = pathlib.Path(str(read_json(folder / hf_config.CONFIG).get("modelBase")))
    return read(base if base.is_dir() and not any((folder / name).exists() for name in FILES) else folder, text)


def sentence_transformers(folder: pathlib.Path, text: TextTower) -> Tokeniser:
    """The tokeniser of a Transformer module, with its maximum length and optional lower case; or that of a whole CLIP."""
    if any(hf_config.module_kind(module) == "CLIPModel" for module in hf_config.modules(folder)):
        return read(module_folder(folder, "CLIPModel"), text)
    inner = module_folder(folder, "Transformer")
    path = inner / "sentence_bert_config.json"
    config = read_json(path) if path.exists() else {}
    found = read(inner, text, config.get("max_seq_length") or LONGEST)
    return _lower_cased(found) if config.get("do_lower_case") else found


def _lower_cased(foreign: Foreign) -> Foreign:
    """The same tokeniser, with texts turned into lower case first; special tokens in a text keep their case."""
    backend = foreign.tokenizer.backend_tokenizer
    step, rest = tokenizers.normalizers.Lowercase(), backend.normalizer
    backend.normalizer = tokenizers.normalizers.Sequence([step] if rest is None else [step, rest])
    return foreign


def open_clip(folder: pathlib.Path, text: TextTower) -> Tokeniser:
    """open_clip's HFTokenizer, or its own SimpleTokenizer where the configuration names no other."""
    where = str(folder / OPEN_CLIP)
    config = read_json(folder / OPEN_CLIP)["model_cfg"]["text_cfg"]
    options = config.get("tokenizer_kwargs") or {}
    for key in [*options, *(["tokenizer_mode"] if config.get("tokenizer_mode") else [])]:
        if key not in ("clean", "context_length"):
            raise InputError(f"{where}: `{key}` of the tokeniser is not known; known are clean, context_length")
    its_own = not config.get("hf_tokenizer_name")
    clean = hf_config.named(CLEANING, options.get("clean", "lower" if its_own else "whitespace"), "clean", where)
    longest = LONGEST if its_own else config.get("context_length", hf_config.OPEN_CLIP_LENGTH)  # the tower may have room for more
    try:
        found = read(folder, text, longest, clean, padded_by_id=not its_own and "hf_model_name" in config)
    except InputError as error:
        hint = f"; open_clip's own tokeniser is that of {CLIP_TOKENIZER}: copy tokenizer.json from there" if its_own else ""
        raise InputError(f"{error}{hint}") from None
    if its_own:  # transformers' CLIPTokenizer without its own cleaning (NFC and lower case): open_clip's comes before it
        found.tokenizer.backend_tokenizer.normalizer = tokenizers.normalizers.Sequence([])
    return found
