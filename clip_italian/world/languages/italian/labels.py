"""Names of the zero-shot classes, right and wrong."""

from clip_italian.world.languages.italian.grammar import join, noun_phrase
from clip_italian.world.languages.italian.lexicon import COLOURS, FORMAL_SYNONYMS, NOUNS, SYNONYMS, Noun, four_forms
from clip_italian.world.languages.language import Word


def _sense(gender: str, word: str) -> Noun:
    """What a label needs of a noun: never its plural."""
    return Noun(word, "", gender, gender, "thing")


# Noun -> an English word for it, and the Italian of that word's other sense. The first five are DeepL's of 2021. None of them names
# another class: a label that becomes another class's is in world/labels.py.
WRONG_SENSES = {
    "cane": ("boxer", _sense("m", "pugile")),
    "cavallo": ("sorrel", _sense("f", "acetosa")),
    "pesce": ("ray", _sense("m", "raggio")),
    "uccello": ("kite", _sense("m", "aquilone")),
    "farfalla": ("admiral", _sense("m", "ammiraglio")),
    "albero": ("plant", _sense("f", "fabbrica")),
    "sedia": ("chair", _sense("f", "cattedra")),
    "tavolo": ("table", _sense("f", "tabella")),
    "scatola": ("case", _sense("f", "valigia")),
    "barca": ("vessel", _sense("m", "vaso")),
    "auto": ("coach", _sense("m", "autobus")),
    "bicicletta": ("bike", _sense("f", "moto")),
    "aereo": ("plane", _sense("m", "piano")),
    "cappello": ("cap", _sense("m", "tappo")),
    "chiave": ("key", _sense("m", "tasto")),
    "orologio": ("watch", _sense("f", "guardia")),
    "tazza": ("cup", _sense("f", "coppa")),
    "zaino": ("pack", _sense("m", "branco")),
}


def label(noun: str, colour: str, word: Word, article: bool, agrees: bool) -> str:
    """A noun in a colour: "un gatto nero", "un'auto blu"; where it does not agree the colour is masculine: "una casa nero"."""
    adjective = COLOURS[colour] if agrees else four_forms(COLOURS[colour].masculine)
    return join(noun_phrase(_noun(noun, word), "indefinite" if article else "bare", after=(adjective,)))


def _noun(key: str, word: Word) -> Noun:
    """The everyday synonym comes before the written one; the noun itself where Italian has no other."""
    if word == "wrong":
        return WRONG_SENSES[key][1]
    synonyms = SYNONYMS.get(key, {}) | FORMAL_SYNONYMS.get(key, {}) if word == "synonym" else {}
    return next(iter(synonyms.values()), NOUNS[key])
