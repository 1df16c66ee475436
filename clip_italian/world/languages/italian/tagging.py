"""Parts of speech from the world's own lexicon: what its tagger learns from (clip_italian/data/curation/tagger_training.py)."""

import functools
import re

from clip_italian.world.languages.italian import lexicon, sentences
from clip_italian.world.languages.italian.grammar import DEFINITE, FUSED, fuse
from clip_italian.world.languages.italian.names import FIRST_NAMES
from clip_italian.world.languages.language import Tags, tagged

TOKEN = re.compile(r"\w+['’]?|[^\w\s]")

# Words that are in no table of the lexicon.
OTHER_WORDS = {
    "DET": "un uno una un' quel quello quell' quei quegli quella quelle qualche ogni",
    "ADP": "di d' a ad da in con su per tra fra sopra sotto accanto vicino dentro davanti dietro contro",
    "CCONJ": "e ed o ma",
    "PRON": "ci c' si che cui quale quali",
    "VERB": "è sono sta stanno trova trovano vede vedono mostra raffigurante ho visto mangiato comprato piace piacciono va vanno",
    "ADV": "più non",
    "ADJ": "alta bassa superiore inferiore centrale sinistro destro medie scuro chiaro veloce bel bell' bei begli buon buon'",
    "NOUN": "disegno illustrazione immagine raffigurazione rappresentazione archivio colore colori dimensioni parte "
    "lato sfondo fondo alto basso sinistra destra centro mezzo fianco interno prato mare stanza sabbia neve notte buio "
    "animale animali pianta piante alimento alimenti bevanda bevande persona persone oggetto oggetti luogo luoghi",
}


@functools.cache
def known_words() -> dict[str, str]:
    """The tag of every lower-case word form of the world; the first of several where a form is ambiguous."""
    tags: dict[str, str] = {}
    fused = " ".join(fuse(preposition, article) for preposition in FUSED for article in DEFINITE)
    closed = {**OTHER_WORDS, "ADP": f"{OTHER_WORDS['ADP']} {fused} all' dell' dall'"}
    closed["DET"] += " " + " ".join(DEFINITE)
    closed["NUM"] = " ".join(lexicon.NUMERALS.values())
    for tag, words in closed.items():
        tags |= dict.fromkeys(words.split(), tag) | tags
    for pairs in sentences.VERBS.values():
        tags |= dict.fromkeys((form for pair in pairs for form in pair), "VERB") | tags
    for adjectives, tag in ((lexicon.QUANTIFIERS, "DET"), *((table, "ADJ") for table in lexicon.ADJECTIVE_TABLES)):
        for adjective in adjectives.values():
            tags |= dict.fromkeys(adjective.forms(), tag) | tags
    for table in lexicon.noun_tables():
        tags |= dict.fromkeys((form for noun in table.values() for form in (noun.singular, noun.plural)), "NOUN") | tags
    return tags


def pos_tags(text: str) -> Tags:
    """(token, tag) of every token: DET, NOUN, ADJ, ADP, NUM, VERB, PRON, CCONJ, ADV, PUNCT, PROPN, or X for unknown.

    A capital inside a sentence makes a proper noun of any word (Giuseppe Verdi), at its start of an unknown one.
    """
    return tagged(TOKEN.findall(text), _tag)


def _tag(token: str, starts: bool) -> str:
    token = token.replace("’", "'")
    if token[0].isupper() and (not starts or token in FIRST_NAMES):
        return "PROPN"
    return known_words().get(token.lower(), "PROPN" if token[0].isupper() else "X")
