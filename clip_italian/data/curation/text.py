"""Cleans captions, and rejects those that cannot be used, with a reason."""

import functools
import html
import re
import unicodedata
from collections.abc import Callable

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from clip_italian.config import Settings


# Identifies languages by py3langid's bundled model (Lui and Baldwin 2012), without a download.
@functools.cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(languages)
    return identifier


def margin(text: str, languages: tuple[str, ...]) -> float:
    """Returns p(most probable other language) - p(first of `languages`), from -1 to 1.

    Raises ValueError for a language that the model does not know.
    """
    probability = dict(_identifier(languages).rank(text))
    wanted = probability.pop(languages[0])
    return float(max(probability.values(), default=0.0) - wanted)


# Text in captions that does not describe the image: credits, links to other pages, suffixes of stock agencies.
AGENCIES = (
    "ANSA|AP|AFP|EPA|LaPresse|Reuters|Getty(?: Images)?|Shutterstock|iStock(?:photo)?|Alamy|Adobe Stock|Unsplash|Pixabay|"
    "Wikimedia(?: Commons)?|IPA|Imago|AGF|Fotogramma|Contrasto|Dreamstime|Depositphotos|123RF|Fotolia"
)
# A name in credits: "Mario Rossi", "X", "R. De Luca/ANSA", "Claudio Peri via Getty Images". Names are atomic groups, and no name
# begins or ends with a separator, so a match is unique and takes linear time.
NAME = r"(?-i:(?>[A-ZÀ-Ý][\w.'’-]*))"
CREDITED = rf"{NAME}(?:(?: ?[/,&|] ?| [–-] | via | per | e | ){NAME})*"
PICTURE = r"(?:foto(?:grafia)?|photo|ph\.?|immagine|image|credits?|crediti|fonte|copyright|©)"

PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Il Post, news: "(Foto: Mario Rossi/ANSA)", "(foto di Mario Rossi)", "(Photo by X/Getty Images)", "[© X]".
        rf"\s*[(\[]\s*{PICTURE}\s*(?::|\bdi\b|\bby\b|\bcourtesy\b|/)?\s*{CREDITED}\s*[)\]]",
        # Il Post: "(AP Photo/Andrew Medichini)", "(ANSA/CLAUDIO PERI)", "(Claudio Peri/ANSA)", "(LaPresse)".
        rf"\s*\((?:{CREDITED}\s*[/-]\s*)?(?-i:{AGENCIES})\b(?:\s+(?:photo|foto))?(?:\s*[/,-]\s*{CREDITED})?\)",
        # News and alt-texts: a credit after the end of a sentence, "Una casa. Foto di Mario Rossi", "Una casa - Foto: X".
        rf"(?<=[.!?;|–-])\s*{PICTURE}\s*(?::|\bdi\b|\bby\b)\s*{CREDITED}\s*\.?$",
        # Alt-texts: only a credit, with a colon, because "Foto di Roma" may describe the image.
        rf"^{PICTURE}\s*:\s*{CREDITED}(?:\s*/\s*{CREDITED})+$",
        rf"^{PICTURE}\s*:\s*(?-i:{AGENCIES})$",
        # WIT: the prefix of a page of images, "File:Gatto.jpg"; and "Immagine: un gatto", "Foto: un gatto".
        r"^(?:file|immagine|image|foto|photo|didascalia|caption|alt)\s*:\s*",
        # News: "foto di repertorio"; Conceptual Captions in translation: "stock photo" as "foto d'archivio".
        r"\s*[(\[]\s*(?:foto|fotografia) (?:di repertorio|d['’]archivio)\s*[)\]]",
        r"(?:^|\s*[-–—|,;:.]\s*)(?:foto|fotografia) (?:di repertorio|d['’]archivio)\s*\.?$",
        # News: links to other pages.
        r"\s*[(\[]?\s*\b(?:leggi (?:anche|pure|tutto)|continua a leggere|guarda (?:anche|il video|la gallery|le foto)|"
        r"clicca (?:qui|per ingrandire|sull['’]immagine)|read more|click (?:here|to enlarge))\b.*$",
        # Conceptual Captions: the suffixes of stock agencies, "un gatto stock photo", "un gatto, illustrazione stock".
        r"(?:^|\s*[-–—|,;:.(]?\s*)\b(?:royalty[- ]free\s+)?(?:stock (?:photos?|photography|images?|illustrations?|vectors?|"
        r"footage)|royalty[- ]free (?:photos?|images?)|(?:foto|fotografi[ae]|immagin[ei]|illustrazion[ei]|vettorial[ei]|"
        r"vettori|video) (?:di )?stock|(?:foto|immagin[ei]) (?:royalty[- ]free|esenti da diritti))\s*[).]?$",
        rf"\s*[-–—|©]\s*(?-i:{AGENCIES})\s*$",
    )
)


def without(text: str) -> str:
    """The text without boilerplate; empty if there is nothing else."""
    for pattern in PATTERNS:
        text = pattern.sub("", text)
    return text.strip()


BLANKS = re.compile(r"[\s\u0085\u2028\u2029]+")
LETTER = re.compile(r"[^\W\d_]")
# With its semicolon only: "pane &copyright" has no entity.
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
INLINE_TAG = re.compile(r"</?(?:a|abbr|b|big|em|font|i|mark|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
ENDING = r"\.(?:jpe?g|png|gif|webp|svg|tiff?|bmp|heic|pdf)"
FILE_NAME = re.compile(rf"[^.!?;:]*{ENDING}|\S+{ENDING}", re.IGNORECASE)
# The names of files from cameras, telephones and scanners.
CAMERA_NAME = re.compile(
    r"(?:IMG|DSC[NF]?|DCIM|PANO|PICT|P|MVI|image|pic|scan|screenshot|whatsapp image)[-_ ]?\d{3,}[-_ .\d]*", re.IGNORECASE
)


class TextSettings(Settings):
    """Key `text` of section `curate`: which captions are used."""

    max_characters: int  # longer texts are rejected; shorter ones may still be truncated by the tokeniser
    min_words: int
    languages: list[str]  # ISO 639-1 codes of the languages to distinguish, the study's first
    language_words: int  # captions with fewer words are used in any language
    language_margin: float  # a caption is rejected if another language is more probable than the study's by more than this


class CaptionRejected(Exception):
    """Raised for a caption that is not used. The message is the reason, from a fixed vocabulary, so that reasons can be counted."""


def clean(caption: str, settings: TextSettings) -> str:
    """Returns the tidied caption without boilerplate; raises CaptionRejected with the reason if it is not used.

    Long captions are used; tokenisation truncates them.
    """
    text = _without(tidy(caption, settings.max_characters), without, "nothing but boilerplate")
    if FILE_NAME.fullmatch(text) or CAMERA_NAME.fullmatch(text):
        raise CaptionRejected("a file name, not a caption")
    if not LETTER.search(text):
        raise CaptionRejected("caption without words")
    words = len(text.split())
    if words < settings.min_words:
        raise CaptionRejected("caption too short")
    foreign = words >= settings.language_words and margin(text, tuple(settings.languages)) > settings.language_margin
    if foreign:
        raise CaptionRejected("caption in another language")
    return text


def tidy(text: str, max_characters: int) -> str:
    """The text in NFC with single blanks, without markup, addresses and invisible characters.

    Raises CaptionRejected if no word is left, if the text is longer than `max_characters`, and for signs of damage: control and
    replacement characters.
    """
    if len(text) > max_characters:  # before any other work, since the text may have any length
        raise CaptionRejected("caption too long")
    text = _blanks(text)
    if not text:
        raise CaptionRejected("empty caption")
    text = _without(text, _unmarked, "nothing but markup")
    # Category Cf (format): zero-width and bidirectional controls, soft hyphens and byte-order marks.
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
    """The text without HTML. Some pages are escaped twice: `&amp;egrave;` is `è`."""
    for _ in range(2):
        text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return TAG.sub(" ", INLINE_TAG.sub("", HIDDEN.sub(" ", text)))


def _blanks(text: str) -> str:
    return BLANKS.sub(" ", text).strip()


def normal_form(caption: str) -> str:
    """Returns the caption in lower case without punctuation, for comparing captions."""
    return " ".join(re.findall(r"\w+", caption.casefold()))
