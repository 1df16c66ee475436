"""Parts of speech from the world's own lexicon: what its tagger learns from (clip_italian/data/curation/tagger_training.py)."""

import functools
import re

from clip_italian.world.languages.german import lexicon, sentences
from clip_italian.world.languages.german.grammar import CONTRACTIONS, DER, EIN, LIKE_ADJECTIVES, LIKE_DER, RELATIVE, STRONG
from clip_italian.world.languages.german.names import FIRST_NAMES
from clip_italian.world.languages.language import Tags, tagged

TOKEN = re.compile(r"\w+|[^\w\s]")

# Words that are in no table of the lexicon.
OTHER_WORDS = {
    "DET": "paar beiden kein keine keinen keinem keiner welche",
    "ADP": "an auf bei in mit neben oberhalb über unter unterhalb von vor zu",
    "CCONJ": "und als",
    "PRON": "es man sich ich das",
    "VERB": "ist sind befindet befinden gibt sieht sehen zeigt habe hat haben gesehen gegessen gekauft gefällt gefallen gehört "
    "gehören geht gehen",
    "ADV": "da darin links rechts oben unten mitten",
    "ADJ": "abgebildet freigestellt weißem linken rechten oberen unteren mittleren größer schneller",
    "NOUN": "Zeichnung Illustration Bild Foto Farbbild Darstellung Abbildung Archivbild Gruppe Paar Nähe Inneren Linken "
    "Rechten Seite Teil Bereich Mitte Hintergrund Grund Wiese Gras Himmel Meer Zimmer Raum Sand Strand Schnee Nacht Dunkeln "
    "Farbe Tier Tiere Pflanze Pflanzen Lebensmittel Getränk Getränke Mensch Menschen Gegenstand Gegenstände Ort Orte",
}


@functools.cache
def known_words() -> dict[str, str]:
    """The tag of every word form of the world as it is written inside a sentence; the first of several where it is ambiguous."""
    tags: dict[str, str] = {}
    closed = {tag: words.split() for tag, words in OTHER_WORDS.items()}
    closed["ADP"] += CONTRACTIONS.values()
    closed["DET"] += [form for table in (DER, EIN, RELATIVE) for forms in table.values() for form in forms.values()]
    endings = {ending for forms in STRONG.values() for ending in forms.values()}
    closed["DET"] += [stem + ending for stem in (*LIKE_DER.values(), *LIKE_ADJECTIVES.values()) for ending in endings]
    closed["NUM"] = list(lexicon.NUMERALS.values())
    for tag, words in closed.items():
        tags |= dict.fromkeys(words, tag) | tags
    for pairs in sentences.VERBS.values():
        tags |= dict.fromkeys((form for pair in pairs for form in pair), "VERB") | tags
    for adjectives in lexicon.ADJECTIVE_TABLES:
        for adjective in adjectives.values():
            tags |= dict.fromkeys(adjective.forms(), "ADJ") | {lexicon.colour_noun(adjective): "NOUN"} | tags
    for nouns in lexicon.noun_tables():
        for noun in nouns.values():
            tags |= {noun.form(plural, case): "NOUN" for plural in (False, True) for case in ("nom", "acc", "dat")} | tags
    return tags


def pos_tags(text: str) -> Tags:
    """(token, tag) of every token: DET, NOUN, ADJ, ADP, NUM, VERB, PRON, CCONJ, ADV, PUNCT, PROPN, or X for unknown.

    A word with a capital that the lexicon lacks is a proper noun; at the start of a sentence it may be any word.
    """
    return tagged(TOKEN.findall(text), _tag)


def _tag(token: str, starts: bool) -> str:
    if token in FIRST_NAMES:
        return "PROPN"
    known = known_words()
    if starts and token.lower() in known:
        return known[token.lower()]
    return known.get(token, "PROPN" if token[0].isupper() else "X")
