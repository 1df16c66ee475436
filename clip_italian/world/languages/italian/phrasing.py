"""The words for one Phrase of a statement: which noun, which determiner, where the adjectives stand."""

import dataclasses

import numpy as np

from clip_italian.world.languages.italian import lexicon
from clip_italian.world.languages.italian.grammar import Words, noun_phrase
from clip_italian.world.languages.italian.lexicon import Adjective, Noun
from clip_italian.world.scenes.statements import Phrase, pick

SYNONYM_SHARE = 0.15  # of the nouns that have one
# Determiners of an unspecified plural, by manner; a repeated one is likelier.
UNCOUNTED = {
    "article": ("partitive", "partitive", "alcuno"),
    "alone": ("partitive", "partitive", "alcuno", "qualche"),
    "after di": ("bare", "alcuno"),
    "later": ("alcuno",),
    "bare": ("bare",),
}


@dataclasses.dataclass(frozen=True)
class Part:
    """A worded phrase, and what agrees with it."""

    words: Words
    gender: str
    plural: bool


def word_phrase(phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool = False) -> Part:
    """`phrase` in words.

    `manner` is "article" (un gatto, dei gatti, due gatti), "alone" (also qualche gatto, which cannot be coordinated),
    "definite" (il gatto, i gatti, i due gatti), "bare" (gatto, gatti, due gatti: captions without articles) or
    "after di" (as "article", but gatti: never di dei gatti) or "later" (a second phrase there: alcuni gatti).
    """
    plural = phrase.count != 1
    noun, before, size_after = _noun_and_size(phrase, rng, formal)
    colour, tail = _colour(phrase.colour, bool(size_after), rng)
    after = (*colour, *size_after)  # una barca rossa piccola
    if phrase.size == "medium":
        tail = (*tail, "di", "medie", "dimensioni")
    if formal and manner in ("article", "alone"):
        manner = "later"  # written Italian does not begin with dei
    head, kind, count = _quantity(phrase.count, manner, rng)
    if kind == "qualche":
        plural = False
    words = (*noun_phrase(noun, kind, plural, before, after, count), *tail)
    if head[1:2] in ((), ("paio",)):  # un paio di mele sono verdi: agrees with the things
        return Part((*head, *words), noun.gender_of(plural), plural)
    return Part((*head, *words), "f" if head[1] == "coppia" else "m", False)


def _noun_and_size(
    phrase: Phrase, rng: np.random.Generator, formal: bool
) -> tuple[Noun, tuple[Adjective, ...], tuple[Adjective, ...]]:
    """The noun, and the size as an adjective before or after it, or in the noun's own ending (gattino)."""
    if phrase.size in (None, "medium"):
        return _noun(phrase.noun, rng, formal), (), ()
    inflected = (lexicon.DIMINUTIVES if phrase.size == "small" else lexicon.AUGMENTATIVES).get(phrase.noun)
    if inflected and rng.random() < 0.3:
        return pick(rng, list(inflected.values())), (), ()
    adjective = (lexicon.SIZES if rng.random() < 0.85 else lexicon.SIZE_SYNONYMS)[phrase.size]
    noun = _noun(phrase.noun, rng, formal)
    return (noun, (adjective,), ()) if rng.random() < 0.6 else (noun, (), (adjective,))


def _noun(key: str, rng: np.random.Generator, formal: bool) -> Noun:
    synonyms = (lexicon.FORMAL_SYNONYMS if formal else lexicon.SYNONYMS).get(key)
    if synonyms and rng.random() < SYNONYM_SHARE:
        return pick(rng, list(synonyms.values()))
    return lexicon.NOUNS[key]


def _colour(key: str | None, size_follows: bool, rng: np.random.Generator) -> tuple[tuple[Adjective, ...], Words]:
    """The colour as an adjective or, now and then, as di colore rosso."""
    if key is None:
        return (), ()
    if not size_follows and rng.random() < 0.04:
        return (), ("di", "colore", lexicon.COLOURS[key].masculine)
    synonym = lexicon.COLOUR_SYNONYMS.get(key)
    if synonym and rng.random() < SYNONYM_SHARE:
        return (synonym,), ()
    return (lexicon.COLOURS[key],), ()


def _quantity(count: int | None, manner: str, rng: np.random.Generator) -> tuple[Words, str, int | None]:
    """Words in front of the phrase (un paio di), the determiner's kind, and the numeral if one is spoken."""
    if count == 1:
        return (), {"definite": "definite", "bare": "bare"}.get(manner, "indefinite"), None
    if manner == "definite":
        return (), "definite", count
    if count is None:
        return (), pick(rng, UNCOUNTED[manner]), None
    if rng.random() < 0.8:
        return (), "bare", count
    if count == 2:
        return pick(rng, (("un", "paio", "di"), ("una", "coppia", "di"))), "bare", None
    return ("un", "gruppo", "di"), "bare", count
