"""Texts as a system's tower reads them: tokens by the tokeniser in its folder, cleaned and cut as its own library does."""

import functools
import html
import pathlib
import string
from collections.abc import Callable
from typing import Any

import numpy as np
import tokenizers

from clip_italian import files
from clip_italian.checkpoints import hf_config, layouts
from clip_italian.checkpoints.model import Tokenise
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.dual_encoder import DualEncoderSettings


# What open_clip does to a text ahead of its tokeniser, by the names of its configurations (open_clip, tokenizer.py).
def basic(text: str) -> str:
    """Broken encodings mended, HTML entities resolved, also where they were escaped twice."""
    import ftfy  # here: takes a moment, and the study's own texts need none of it

    return html.unescape(html.unescape(ftfy.fix_text(text))).strip()


def whitespace(text: str) -> str:
    """One space between words."""
    return " ".join(basic(text).split())


def lower(text: str) -> str:
    """The same in lower case: CLIP's own tokeniser (openai/CLIP, simple_tokenizer.py)."""
    return whitespace(text).lower()


def canonical(text: str) -> str:
    """Without ASCII punctuation, in lower case: SigLIP's texts (big_vision, prompt_engineering.py)."""
    bare = basic(text).replace("_", " ").translate(str.maketrans("", "", string.punctuation))
    return " ".join(bare.lower().split())


NAMED: dict[str, Callable[[str], str]] = {"whitespace": whitespace, "lower": lower, "canonicalize": canonical}


def cleaning(name: str, where: str) -> Callable[[str], str]:
    """The function of that name; raises InputError with the names that are known."""
    if name not in NAMED:
        raise InputError(f"{where}: `clean` is `{name}`; known are {', '.join(NAMED)}")
    return NAMED[name]


# Any of these is a tokeniser; without one, transformers makes up an empty one and says nothing.
FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
LONGEST = 512  # tokens, where neither the tower nor the system says less
CLIP_ITALIAN_LONGEST = 96  # hybrid_clip/run_hybrid_clip.py and the notebooks; its README says 95
CLIP_TOKENIZER = "openai/clip-vit-base-patch32"  # whose byte pairs all of CLIP's English text towers share


def tokenise(folder: pathlib.Path, settings: DualEncoderSettings) -> Tokenise:
    """From texts to tokens, for the model in a folder; longer texts are cut.

    Raises InputError naming the folder when its tokeniser is missing, damaged or of another model.
    """
    kind, place = layouts.kind(folder), place_of(folder)
    if kind == "open_clip":
        return _open_clip(place, settings)
    if kind == "sentence_transformers":
        return _sentence_transformers(place, settings)
    tokenizer = read(place)
    longest = CLIP_ITALIAN_LONGEST if kind in ("vision-text-dual-encoder", "hybrid-clip") else LONGEST
    # SigLIP's tokeniser drops capitals and punctuation itself. SigLIP 2's is Gemma's, and its texts were lower-cased, which
    # transformers does in its Siglip2Tokenizer but not where a folder names Gemma's.
    if kind in ("siglip", "siglip2") and type(tokenizer).__name__ != "SiglipTokenizer":
        _normalise_first(tokenizer, tokenizers.normalizers.Lowercase())
    return functools.partial(encode, tokenizer, settings, longest, unchanged)


def place_of(folder: pathlib.Path) -> pathlib.Path:
    """Where the tokeniser of the model in a folder lies."""
    kind = layouts.kind(folder)
    if kind == "sentence_transformers":
        return hf_config.module_folder(folder, "Transformer")
    if kind == "sentence_transformers_clip":
        return hf_config.module_folder(folder, "CLIPModel")
    return _m_clip_folder(folder) if kind == "M-CLIP" else folder


def read(folder: pathlib.Path) -> Any:
    """The tokeniser that transformers finds in a folder; raises InputError when it finds none."""
    if not any((folder / name).exists() for name in FILES):
        raise InputError(f"{folder}: no tokeniser; one of {', '.join(FILES)} must lie there, copy it from where the model is from")
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        return transformers.AutoTokenizer.from_pretrained(str(folder))
    except Exception as error:  # the tokenizers library raises bare Exception
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise InputError(f"{folder}: no tokeniser that transformers can read ({reason}); get its files anew") from None


def encode(tokenizer: Any, settings: DualEncoderSettings, longest: int, clean: Callable[[str], str], texts: list[str]) -> Tokens:
    """Texts cut to what the tower and the system take, with their special tokens, and padded to that length.

    Where the tower reads padding too (SigLIP), all tokens count as real. Raises InputError when a token is not in its table.
    """
    length = min(longest, settings.text.positions)
    cleaned = [clean(text) for text in texts]
    padded = tokenizer(cleaned, truncation=True, max_length=length, padding="max_length", return_attention_mask=True)
    ids = np.array(padded["input_ids"], np.int32).reshape(len(texts), length)
    if ids.size and ids.max() >= settings.text.vocabulary:
        raise InputError(
            f"{tokenizer.name_or_path}: token {ids.max()} is beyond the {settings.text.vocabulary} of the text tower; "
            "the tokeniser is of another model"
        )
    if isinstance(settings.text, ClipTextSettings) and settings.text.reading == "fixed":
        return Tokens(ids, np.ones_like(ids, bool))
    return Tokens(ids, np.array(padded["attention_mask"], bool).reshape(ids.shape))


def unchanged(text: str) -> str:
    """What the tokeniser does is all."""
    return text


def _normalise_first(tokenizer: Any, step: tokenizers.normalizers.Normalizer) -> None:
    """Puts a step ahead of what the tokeniser does to a text; special tokens written in it stay what they are."""
    rest = tokenizer.backend_tokenizer.normalizer
    tokenizer.backend_tokenizer.normalizer = tokenizers.normalizers.Sequence([step] if rest is None else [step, rest])


def _m_clip_folder(folder: pathlib.Path) -> pathlib.Path:
    """Where M-CLIP's tokeniser lies: beside the weights, or in the folder that the configuration names as `modelBase`."""
    base = pathlib.Path(str(files.read_json(folder / hf_config.CONFIG).get("modelBase")))
    return base if base.is_dir() and not any((folder / name).exists() for name in FILES) else folder


def _sentence_transformers(folder: pathlib.Path, settings: DualEncoderSettings) -> Tokenise:
    """sentence-transformers' Transformer: its own longest text, and lower case on demand."""
    path = folder / "sentence_bert_config.json"
    config = files.read_json(path) if path.exists() else {}
    tokenizer = read(folder)
    if config.get("do_lower_case"):
        _normalise_first(tokenizer, tokenizers.normalizers.Lowercase())
    return functools.partial(encode, tokenizer, settings, config.get("max_seq_length") or LONGEST, unchanged)


def _open_clip(folder: pathlib.Path, settings: DualEncoderSettings) -> Tokenise:
    """open_clip's HFTokenizer, or its own SimpleTokenizer where the configuration names no other."""
    where = str(folder / hf_config.OPEN_CLIP)
    config = files.read_json(folder / hf_config.OPEN_CLIP)["model_cfg"]["text_cfg"]
    options = config.get("tokenizer_kwargs") or {}
    named = config.get("hf_tokenizer_name")
    for key in [*options, *(["tokenizer_mode"] if config.get("tokenizer_mode") else [])]:
        if key not in ("clean", "context_length"):
            raise InputError(f"{where}: `{key}` of the tokeniser is not known; known are clean, context_length")
    clean = cleaning(options.get("clean", "whitespace" if named else "lower"), where)
    try:
        tokenizer = read(folder)
    except InputError as error:
        hint = "" if named else f"; open_clip's own tokeniser is that of {CLIP_TOKENIZER}: copy tokenizer.json from there"
        raise InputError(f"{error}{hint}") from None
    if not named:
        return functools.partial(encode, _exactly_as_given(tokenizer), settings, LONGEST, clean)
    longest = config.get("context_length", hf_config.OPEN_CLIP_LENGTH)  # the tower may have room for more
    encoded = functools.partial(encode, tokenizer, settings, longest, clean)
    if isinstance(settings.text, ClipTextSettings):
        return encoded
    return functools.partial(_by_padding, encoded, tokenizer.pad_token_id)


def _exactly_as_given(tokenizer: Any) -> Any:
    """transformers' CLIPTokenizer without its own cleaning (NFC and lower case): open_clip's comes before it."""
    tokenizer.backend_tokenizer.normalizer = tokenizers.normalizers.Sequence([])
    return tokenizer


def _by_padding(encode: Tokenise, padding: int, texts: list[str]) -> Tokens:
    """open_clip knows padding by its id (hf_model.py, HFTextEncoder.forward)."""
    ids = encode(texts).ids
    return Tokens(ids, ids != padding)
