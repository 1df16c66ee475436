"""Captions as they come to captions as they are used."""

import re
import unicodedata

BLANKS = re.compile(r"[\s\u0085\u2028\u2029]+")
WORD = re.compile(r"\w")


class CaptionRejected(Exception):
    """The caption is not used; the message is the reason, from a fixed vocabulary so that reasons can be counted."""


def clean(caption: str, max_characters: int) -> str:
    """The caption in NFC, with single blanks and none around it. Long captions stay: tokenisation truncates them.

    Raises CaptionRejected when nothing to read is left, and for control characters (a sign of damage) or a caption
    longer than `max_characters`, which is no caption.
    """
    text = BLANKS.sub(" ", unicodedata.normalize("NFC", caption)).strip()
    if not text:
        raise CaptionRejected("empty caption")
    if any(
        unicodedata.category(character) == "Cc" for character in text if character < " " or "\x7f" <= character < "\xa0"
    ):
        raise CaptionRejected("control characters in the caption")
    if not WORD.search(text):
        raise CaptionRejected("caption without words")
    if len(text) > max_characters:
        raise CaptionRejected("caption too long")
    return text


def normal_form(caption: str) -> str:
    """What two captions share when they differ in case, punctuation and blanks only."""
    return " ".join(re.findall(r"\w+", caption.casefold()))
