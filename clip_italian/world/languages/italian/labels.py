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
    "dog": ("boxer", _sense("m", "pugile")),
    "horse": ("sorrel", _sense("f", "acetosa")),
    "fish": ("ray", _sense("m", "raggio")),
    "bird": ("kite", _sense("m", "aquilone")),
    "butterfly": ("admiral", _sense("m", "ammiraglio")),
    "tree": ("plant", _sense("f", "fabbrica")),
    "chair": ("chair", _sense("f", "cattedra")),
    "table": ("table", _sense("f", "tabella")),
    "box": ("case", _sense("f", "valigia")),
    "boat": ("vessel", _sense("m", "vaso")),
    "car": ("coach", _sense("m", "autobus")),
    "bicycle": ("bike", _sense("f", "moto")),
    "plane": ("plane", _sense("m", "piano")),
    "hat": ("cap", _sense("m", "tappo")),
    "key": ("key", _sense("m", "tasto")),
    "clock": ("watch", _sense("f", "guardia")),
    "cup": ("cup", _sense("f", "coppa")),
    "backpack": ("pack", _sense("m", "branco")),
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
