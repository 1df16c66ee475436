"""Statements in the plainest Italian, one wording each: where two statements differ in one thing, so do their captions."""

from clip_italian.world.captions import mirror
from clip_italian.world.grammar import Words, coordinate, join, noun_phrase, prepose
from clip_italian.world.lexicon import COLOURS, NOUNS, SIZES
from clip_italian.world.statements import Phrase, Statement
from clip_italian.world.wording import POSITION_WORDS, RELATION_WORDS


def plain(statement: Statement) -> str:
    """un gatto nero accanto a una sedia rossa; due gatti; un piccolo albero; una mela in alto.

    Grounds are left unsaid. Raises KeyError for the size "medio", which has no plain word.
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


def _phrase(phrase: Phrase) -> Words:
    plural = phrase.count != 1
    before = (SIZES[phrase.size],) if phrase.size else ()
    after = (COLOURS[phrase.colour],) if phrase.colour else ()
    kind = "bare" if plural else "indefinite"
    return noun_phrase(NOUNS[phrase.noun], kind, plural, before, after, phrase.count if plural else None)
