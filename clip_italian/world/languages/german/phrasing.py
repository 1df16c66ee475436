"""The words for one Phrase of a statement: which noun, which determiner, which adjectives."""

import dataclasses

import numpy as np

from clip_italian.world.languages.german import lexicon
from clip_italian.world.languages.german.grammar import EIN, Words, noun_phrase
from clip_italian.world.languages.german.lexicon import Adjective, Case, Noun
from clip_italian.world.scenes.statements import Phrase, pick

SYNONYM_SHARE = 0.15  # of the nouns that have one
# Determiners of an unspecified plural, by manner; a repeated one is likelier.
UNCOUNTED = {
    "article": ("bare", "bare", "einige", "ein paar"),
    "written": ("bare", "einige"),
    "definite": ("definite",),
    "bare": ("bare",),
}


@dataclasses.dataclass(frozen=True)
class Part:
    """A worded phrase in one case, and what agrees with it."""

    words: Words
    agreement: str  # m, f, n or p: of a relative pronoun
    plural: bool  # of a verb


def word_phrase(phrase: Phrase, manner: str, case: Case, rng: np.random.Generator, formal: bool = False) -> Part:
    """`phrase` in words.

    `manner` is "article" (eine Katze, Katzen, einige Katzen, zwei Katzen), "definite" (die Katze, die Katzen, die beiden Katzen) or
    "bare" (Katze, Katzen, zwei Katzen: captions without articles).
    """
    plural = phrase.count != 1
    noun, adjectives = _noun_and_size(phrase, rng, formal)
    colour, tail = _colour(phrase.colour, rng)
    head, kind, count = _quantity(phrase.count, "written" if formal and manner == "article" else manner, case, rng)
    words = noun_phrase(noun, kind, "dat" if head else case, plural, (*adjectives, *colour), count)
    if head:
        return Part((*head, *words, *tail), "f", False)
    return Part((*words, *tail), noun.agreement(plural), plural)


def _noun_and_size(phrase: Phrase, rng: np.random.Generator, formal: bool) -> tuple[Noun, tuple[Adjective, ...]]:
    """The noun, and the size as an adjective or in the noun's own ending (Kätzchen)."""
    if phrase.size is None:
        return _noun(phrase.noun, rng, formal), ()
    small = lexicon.DIMINUTIVES.get(phrase.noun) if phrase.size == "small" else None
    if small and rng.random() < 0.3:
        return pick(rng, list(small.values())), ()
    synonym = lexicon.SIZE_SYNONYMS.get(phrase.size)
    adjective = synonym if synonym and rng.random() < SYNONYM_SHARE else lexicon.SIZES[phrase.size]
    return _noun(phrase.noun, rng, formal), (adjective,)


def _noun(key: str, rng: np.random.Generator, formal: bool) -> Noun:
    synonyms = (lexicon.FORMAL_SYNONYMS if formal else lexicon.SYNONYMS).get(key)
    if synonyms and rng.random() < SYNONYM_SHARE:
        return pick(rng, list(synonyms.values()))
    return lexicon.NOUNS[key]


def _colour(key: str | None, rng: np.random.Generator) -> tuple[tuple[Adjective, ...], Words]:
    """The colour as an adjective or, now and then, as in Rot."""
    if key is None:
        return (), ()
    if rng.random() < 0.04:
        return (), ("in", lexicon.colour_noun(lexicon.COLOURS[key]))
    synonym = lexicon.COLOUR_SYNONYMS.get(key)
    return (synonym if synonym and rng.random() < SYNONYM_SHARE else lexicon.COLOURS[key],), ()


def _quantity(count: int | None, manner: str, case: Case, rng: np.random.Generator) -> tuple[Words, str, int | None]:
    """Words in front of the phrase (eine Gruppe von), the determiner's kind, and the numeral if one is spoken."""
    if count == 1:
        return (), {"definite": "definite", "bare": "bare"}.get(manner, "indefinite"), None
    if count is None:
        return (), pick(rng, UNCOUNTED[manner]), None
    if manner == "definite":
        return ((), "die beiden", None) if count == 2 and rng.random() < 0.5 else ((), "definite", count)
    if count > 2 and rng.random() < 0.1:
        return (EIN[case]["f"], "Gruppe", "von"), "bare", count
    return (), "bare", count
