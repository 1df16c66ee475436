"""What open_clip does to a text ahead of its tokeniser, by the names of its configurations (open_clip, tokenizer.py)."""
import html
import string
from collections.abc import Callable

from clip_italian.errors import InputError


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


def named(name: str, where: str) -> Callable[[str], str]:
    """The function of that name; raises InputError with the names that are known."""
    if name not in NAMED:
        raise InputError(f"{where}: `clean` is `{name}`; known are {', '.join(NAMED)}")
    return NAMED[name]
