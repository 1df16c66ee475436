"""Statements in the plainest Italian, one wording each: where two statements differ in one thing, so do their captions."""

import re

from clip_italian.world.languages.italian.grammar import Words, coordinate, join, noun_phrase, prepose
from clip_italian.world.languages.italian.lexicon import COLOURS, NOUNS, SIZES
from clip_italian.world.languages.italian.wording import POSITION_WORDS, RELATION_WORDS
from clip_italian.world.scenes.statements import Phrase, Statement

_MIRRORED = {"sinistr": "destr", "destr": "sinistr", "Sinistr": "Destr", "Destr": "Sinistr"}


def plain(statement: Statement) -> str:
    """un gatto nero accanto a una sedia rossa; due gatti; un piccolo albero; una mela in alto.

    Grounds are left unsaid. Raises KeyError for the size "medium", which has no plain word.
    """
    words = _phrase(statement.phrases[0])
    if len(statement.phrases) == 2:
        second = _phrase(statement.phrases[1])
        relation = statement.relation
        words = (*words, *prepose(RELATION_WORDS[relation][0], second)) if relation else coordinate(words, second)
    return join((*words, *POSITION_WORDS[statement.position][0].split()) if statement.position else words)


def right_of(statement: Statement) -> str:
    """What is true once the picture of `statement`, of one thing left of another, is mirrored: un gatto a destra di una sedia."""
    return mirror(plain(statement))


def things(statement: Statement) -> str:
    """What there is, without articles, sizes and places: Due gatti neri e casa bianca."""
    first, *others = map(_named, statement.phrases)
    text = join(coordinate(first, *others) if others else first)
    return text[0].upper() + text[1:]


def _named(phrase: Phrase) -> Words:
    plural = phrase.count != 1
    after = (COLOURS[phrase.colour],) if phrase.colour else ()
    return noun_phrase(NOUNS[phrase.noun], "bare", plural, (), after, phrase.count if plural else None)


def mirror(text: str) -> str:
    """`text` after its picture was mirrored: sinistro, destro and their forms swapped as whole words."""
    return re.sub(r"\b([Ss]inistr|[Dd]estr)([oaie])\b", lambda match: _MIRRORED[match[1]] + match[2], text)


def _phrase(phrase: Phrase) -> Words:
    plural = phrase.count != 1
    before = (SIZES[phrase.size],) if phrase.size else ()
    after = (COLOURS[phrase.colour],) if phrase.colour else ()
    kind = "bare" if plural else "indefinite"
    return noun_phrase(NOUNS[phrase.noun], kind, plural, before, after, phrase.count if plural else None)
