"""Statements in the plainest German, one wording each: where two statements differ in one thing, so do their captions."""

import re

from clip_italian.world.languages.german.grammar import Words, coordinate, join, noun_phrase, prepose
from clip_italian.world.languages.german.lexicon import COLOURS, NOUNS, SIZES, Case
from clip_italian.world.languages.german.wording import POSITION_WORDS, RELATION_WORDS
from clip_italian.world.scenes.statements import Phrase, Statement

_MIRRORED = {"link": "recht", "recht": "link", "Link": "Recht", "Recht": "Link"}


def plain(statement: Statement) -> str:
    """eine schwarze Katze neben einem roten Stuhl; zwei Katzen; ein kleiner Baum; ein Apfel oben.

    Grounds are left unsaid.
    """
    words = _phrase(statement.phrases[0], "nom")
    if len(statement.phrases) == 2:
        second, relation = statement.phrases[1], statement.relation
        place = prepose(RELATION_WORDS[relation][0], _phrase(second, "dat")) if relation else ()
        words = (*words, *place) if place else coordinate(words, _phrase(second, "nom"))
    return join((*words, *POSITION_WORDS[statement.position][0].split()) if statement.position else words)


def right_of(statement: Statement) -> str:
    """What is true once the picture of `statement`, of one thing left of another, is mirrored: eine Katze rechts von
    einem Stuhl."""
    return mirror(plain(statement))


def mirror(text: str) -> str:
    """`text` after its picture was mirrored: links, rechts and the forms of linke, rechte swapped as whole words."""
    return re.sub(r"\b([Ll]ink|[Rr]echt)(s|e[mnrs]?)\b", lambda match: _MIRRORED[match[1]] + match[2], text)


def things(statement: Statement) -> str:
    """What there is, without articles, sizes and places: Zwei schwarze Katzen und weißes Haus."""
    first, *others = (_named(phrase) for phrase in statement.phrases)
    text = join(coordinate(first, others[0]) if others else first)
    return text[0].upper() + text[1:]


def _phrase(phrase: Phrase, case: Case) -> Words:
    plural = phrase.count != 1
    adjectives = [SIZES[phrase.size]] if phrase.size else []
    adjectives += [COLOURS[phrase.colour]] if phrase.colour else []
    kind = "bare" if plural else "indefinite"
    return noun_phrase(NOUNS[phrase.noun], kind, case, plural, adjectives, phrase.count if plural else None)


def _named(phrase: Phrase) -> Words:
    plural = phrase.count != 1
    adjectives = [COLOURS[phrase.colour]] if phrase.colour else []
    return noun_phrase(NOUNS[phrase.noun], "bare", "nom", plural, adjectives, phrase.count if plural else None)
