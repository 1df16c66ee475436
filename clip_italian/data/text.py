"""Captions as they come to captions as they are used."""

import html
import re
import unicodedata
from collections.abc import Callable

from clip_italian.config import Settings
from clip_italian.data import boilerplate, language

BLANKS = re.compile(r"[\s\u0085\u2028\u2029]+")
LETTER = re.compile(r"[^\W\d_]")
# Only with its semicolon: "pane &copyright" holds no entity.
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
INLINE_TAG = re.compile(r"</?(?:a|abbr|b|big|em|font|i|mark|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
ENDING = r"\.(?:jpe?g|png|gif|webp|svg|tiff?|bmp|heic|pdf)"
FILE_NAME = re.compile(rf"[^.!?;:]*{ENDING}|\S+{ENDING}", re.IGNORECASE)
# As cameras, telephones and scanners number their files.
CAMERA_NAME = re.compile(
    r"(?:IMG|DSC[NF]?|DCIM|PANO|PICT|P|MVI|image|pic|scan|screenshot|whatsapp image)[-_ ]?\d{3,}[-_ .\d]*", re.IGNORECASE
)


class TextSettings(Settings):
    """Key `text` of section `curate`: which captions are taken."""

    max_characters: int  # a longer text is no caption; anything shorter is truncated by tokens later
    min_words: int
    languages: list[str]  # ISO 639-1 codes that a caption may be in, the wanted one first
    language_words: int  # a shorter caption is taken whatever its language seems to be
    language_margin: float  # probability by which another language must exceed the wanted one for a caption to be left out


class CaptionRejected(Exception):
    """The caption is not used; the message is the reason, from a fixed vocabulary so that reasons can be counted."""


def clean(caption: str, settings: TextSettings) -> str:
    """The caption as `tidy` leaves it, without boilerplate. Raises CaptionRejected with the reason why it is not used.

    Long captions stay: tokenisation truncates them.
    """
    text = _without(tidy(caption, settings.max_characters), boilerplate.without, "nothing but boilerplate")
    if FILE_NAME.fullmatch(text) or CAMERA_NAME.fullmatch(text):
        raise CaptionRejected("a file name, not a caption")
    if not LETTER.search(text):
        raise CaptionRejected("caption without words")
    words = len(text.split())
    if words < settings.min_words:
        raise CaptionRejected("caption too short")
    foreign = words >= settings.language_words and language.margin(text, tuple(settings.languages)) > settings.language_margin
    if foreign:
        raise CaptionRejected("caption in another language")
    return text


def tidy(text: str, max_characters: int) -> str:
    """The text in NFC with single blanks and none around it, without markup, addresses and characters that nobody sees.

    Raises CaptionRejected when nothing to read is left, when it is longer than `max_characters`, and for signs of damage:
    control and replacement characters.
    """
    if len(text) > max_characters:  # before any work: what is no caption may be of any length
        raise CaptionRejected("caption too long")
    text = _blanks(text)
    if not text:
        raise CaptionRejected("empty caption")
    text = _without(text, _unmarked, "nothing but markup")
    # Zero-width and bidirectional controls, soft hyphens and byte-order marks: all are format characters.
    text = _blanks("".join(character for character in text if unicodedata.category(character) != "Cf"))
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise CaptionRejected("control characters in the caption")
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise CaptionRejected("damaged characters in the caption")
    text = _without(text, lambda text: ADDRESS.sub(" ", text), "an address, not a caption")
    if not LETTER.search(text):
        raise CaptionRejected("caption without words")
    return unicodedata.normalize("NFC", text)


def _without(text: str, take_out: Callable[[str], str], reason: str) -> str:
    left = _blanks(take_out(text))
    if text and not left:
        raise CaptionRejected(reason)
    return left


def _unmarked(text: str) -> str:
    """Without HTML. Pages that were escaped twice are met: `&amp;egrave;` is an `è`."""
    for _ in range(2):
        text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return TAG.sub(" ", INLINE_TAG.sub("", HIDDEN.sub(" ", text)))


def _blanks(text: str) -> str:
    return BLANKS.sub(" ", text).strip()


def normal_form(caption: str) -> str:
    """What two captions share when they differ in case, punctuation and blanks only."""
    return " ".join(re.findall(r"\w+", caption.casefold()))
