"""Names of the zero-shot classes, right and wrong."""

from clip_italian.world.languages.german.grammar import determiner, join, noun_phrase
from clip_italian.world.languages.german.lexicon import COLOURS, FORMAL_SYNONYMS, NOUNS, SYNONYMS, Noun
from clip_italian.world.languages.language import Word


def _sense(gender: str, word: str) -> Noun:
    """What a label needs of a noun: never its plural, and no case but the nominative."""
    return Noun(word, "", gender, False, "thing")


# Noun -> an English word for it, and the German of that word's other sense. None of them names another class.
WRONG_SENSES = {
    "dog": ("pointer", _sense("m", "Zeiger")),
    "horse": ("sorrel", _sense("m", "Sauerampfer")),
    "fish": ("ray", _sense("m", "Strahl")),
    "bird": ("kite", _sense("m", "Drachen")),
    "butterfly": ("skipper", _sense("m", "Kapitän")),
    "tree": ("plant", _sense("f", "Fabrik")),
    "chair": ("chair", _sense("m", "Lehrstuhl")),
    "table": ("table", _sense("f", "Tabelle")),
    "box": ("case", _sense("m", "Fall")),
    "boat": ("vessel", _sense("n", "Gefäß")),
    "car": ("coach", _sense("m", "Trainer")),
    "bicycle": ("bike", _sense("n", "Motorrad")),
    "plane": ("plane", _sense("f", "Ebene")),
    "hat": ("cap", _sense("m", "Deckel")),
    "key": ("key", _sense("f", "Taste")),
    "clock": ("watch", _sense("f", "Wache")),
    "cup": ("cup", _sense("m", "Pokal")),
    "backpack": ("pack", _sense("n", "Rudel")),
}


def label(noun: str, colour: str, word: Word, article: bool, agrees: bool) -> str:
    """A noun in a colour: "eine schwarze Katze"; where it does not agree the colour is masculine: "eine schwarzer Katze"."""
    named, kind = _noun(noun, word), "indefinite" if article else "bare"
    if agrees:
        return join(noun_phrase(named, kind, adjectives=(COLOURS[colour],)))
    words, endings = determiner(kind, named.gender, "nom")
    return join((*words, COLOURS[colour].form(endings["nom"]["m"]), named.singular))


def _noun(key: str, word: Word) -> Noun:
    """The everyday synonym comes before the written one; the noun itself where there is no other."""
    if word == "wrong":
        return WRONG_SENSES[key][1]
    synonyms = SYNONYMS.get(key, {}) | FORMAL_SYNONYMS.get(key, {}) if word == "synonym" else {}
    return next(iter(synonyms.values()), NOUNS[key])
