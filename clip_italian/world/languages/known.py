"""The languages of the drawn world."""

from clip_italian.world.languages.german.speech import GERMAN
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.languages.language import Language

LANGUAGES = {language.code: language for language in (ITALIAN, GERMAN)}


def of(code: str) -> Language:
    """The language of an ISO 639-1 code; raises KeyError for an unknown one."""
    return LANGUAGES[code]
