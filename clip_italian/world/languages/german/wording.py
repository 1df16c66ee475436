"""Captions of statements in the tone of each source.

Each of `alt`, `encyclopaedic`, `photo` and `news` takes a statement and a generator and returns the words of a caption. The frame
of a sentence is chosen first, because it determines the case: ein Foto von einem Hund, man sieht einen Hund, da ist ein Hund.
"""

import dataclasses

import numpy as np

from clip_italian.world.languages import wording
from clip_italian.world.languages.german.grammar import EIN, RELATIVE, clause, coordinate, determiner, noun_phrase, prepose
from clip_italian.world.languages.german.lexicon import LEXICON, Adjective, Case, Noun, colour_noun
from clip_italian.world.languages.language import Words
from clip_italian.world.languages.lexicon import SYNONYM_SHARE
from clip_italian.world.languages.wording import Part, Pieces
from clip_italian.world.scenes.statements import Phrase, Statement, pick

# Determiners of an unspecified plural, by manner; a repeated one is likelier.
UNCOUNTED = {
    "article": ("bare", "bare", "einige", "ein paar"),
    "written": ("bare", "einige"),
    "definite": ("definite",),
    "bare": ("bare",),
}


def word_phrase(phrase: Phrase, manner: str, case: Case, rng: np.random.Generator, formal: bool = False) -> Part:
    """The words of `phrase`.

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
        return LEXICON.noun(phrase.noun, rng, formal), ()
    small = LEXICON.diminutives.get(phrase.noun) if phrase.size == "small" else None
    if small and rng.random() < 0.3:
        return pick(rng, small), ()
    synonym = LEXICON.size_synonyms.get(phrase.size)
    adjective = synonym if synonym and rng.random() < SYNONYM_SHARE else LEXICON.sizes[phrase.size]
    return LEXICON.noun(phrase.noun, rng, formal), (adjective,)


def _colour(key: str | None, rng: np.random.Generator) -> tuple[tuple[Adjective, ...], Words]:
    """The colour as an adjective or, sometimes, as in Rot."""
    if key is None:
        return (), ()
    if rng.random() < 0.04:
        return (), ("in", colour_noun(LEXICON.colours[key]))
    synonym = LEXICON.colour_synonyms.get(key)
    return (synonym if synonym and rng.random() < SYNONYM_SHARE else LEXICON.colours[key],), ()


def _quantity(count: int | None, manner: str, case: Case, rng: np.random.Generator) -> tuple[Words, str, int | None]:
    """Words in front of the phrase (eine Gruppe von), the determiner's kind, and the numeral, if it is used."""
    if count == 1:
        return (), {"definite": "definite", "bare": "bare"}.get(manner, "indefinite"), None
    if count is None:
        return (), pick(rng, UNCOUNTED[manner]), None
    if manner == "definite":
        return ((), "die beiden", None) if count == 2 and rng.random() < 0.5 else ((), "definite", count)
    if count > 2 and rng.random() < 0.1:
        return (EIN[case]["f"], "Gruppe", "von"), "bare", count
    return (), "bare", count


def _pieces(statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool = False) -> Pieces:
    """Words for every part of a statement, its subject in `case`.

    Phrases are worded in `manner` (see word_phrase), or "terse": without articles, the second one too.
    """
    subject, place, place_moves = _subject_and_place(statement, manner, case, rng, formal)
    position = wording.position(statement, LEXICON.positions, rng)
    return Pieces(subject, place, place_moves, position, _ground(statement, rng, first=False))


def _subject_and_place(
    statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool
) -> tuple[Part, Words, bool]:
    own = "bare" if manner == "terse" else manner
    first = word_phrase(statement.phrases[0], own, case, rng, formal)
    if len(statement.phrases) == 1:
        return first, (), False
    if statement.relation is None:
        return _both(statement, first, own, case, rng, formal)
    if wording.turned_round(statement, rng):
        return _inverted(statement, manner, case, rng, formal)
    return first, _place(pick(rng, LEXICON.relations[statement.relation]), statement.phrases[1], manner, rng, formal), True


def _both(
    statement: Statement, first: Part, manner: str, case: Case, rng: np.random.Generator, formal: bool
) -> tuple[Part, Words, bool]:
    """eine Katze und ein Stuhl, eine Katze mit einem Stuhl."""
    if manner != "definite" and rng.random() < 0.3:
        return first, prepose("mit", word_phrase(statement.phrases[1], "article", "dat", rng, formal).words), False
    second = word_phrase(statement.phrases[1], manner, case, rng, formal).words
    if manner != "bare" and wording.one_of_each_colour(statement.phrases) and _inflects(statement.phrases[1]):
        second = _the_other_one(statement.phrases[1], manner, case, first.agreement)
    return Part(coordinate(first.words, second), "p", True), (), False


def _inflects(phrase: Phrase) -> bool:
    return LEXICON.colours[phrase.colour or ""].inflects


def _the_other_one(phrase: Phrase, manner: str, case: Case, agreement: str) -> Words:
    """eine schwarze Katze und "eine weiße", der schwarze Hund und "der weiße"."""
    article, endings = determiner("definite" if manner == "definite" else "indefinite", agreement, case)
    return (*article, LEXICON.colours[phrase.colour or ""].form(endings[case][agreement]))


def _inverted(statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool) -> tuple[Part, Words, bool]:
    """The statement from the other thing's side: ein Stuhl, auf dem eine Katze ist; eine Schachtel mit einer Katze darin."""
    first, second = statement.phrases
    subject = word_phrase(second, "bare" if manner == "terse" else manner, case, rng, formal)
    if statement.relation in LEXICON.inverse_relations:
        return subject, _place(pick(rng, LEXICON.inverse_relations[statement.relation]), first, manner, rng, formal), True
    if statement.relation == "inside" and rng.random() < 0.5:
        return subject, (*prepose("mit", word_phrase(first, "article", "dat", rng, formal).words), "darin"), False
    other = word_phrase(first, "article", "nom", rng, formal)
    preposition = "auf" if statement.relation == "on" else "in"
    return subject, clause(preposition, subject.agreement, other.words, other.plural, reflexive=rng.random() < 0.3), False


def _place(preposition: str, phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool) -> Words:
    governed = {"definite": "definite", "terse": "bare"}.get(manner, "article")
    return prepose(preposition, word_phrase(phrase, governed, "dat", rng, formal).words)


def _ground(statement: Statement, rng: np.random.Generator, first: bool) -> Words:
    """The words for the ground: at the beginning of a sentence if `first`, else at its end, without auf after a relation."""
    unwanted = ("mit ",) if first else ("auf einer", "auf dem") if statement.relation else ()
    return wording.ground(statement, LEXICON.grounds, rng, unwanted)


def alt(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("Zeichnung von", "Illustration von", "Bild von", "Foto von", "eine Zeichnung von"))
        return prepose(prefix, _pieces(statement, "article", "dat", rng).nominal())
    manner = "terse" if style < 0.5 else "bare" if style < 0.75 else "article"
    pieces = _pieces(statement, manner, "nom", rng)
    if statement.ground == "white" and not pieces.place and rng.random() < 0.5:
        return (*pieces.subject.words, *pieces.position, "freigestellt", "auf", "weißem", "Hintergrund")
    suffix = pick(rng, ((), (), (), (",", "Zeichnung"), (",", "Illustration"), (",", "Farbbild")))
    words = pieces.nominal()
    return words if len(words) > 12 else (*words, *suffix)  # terse


def encyclopaedic(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("Darstellung von", "Abbildung von", "Zeichnung von", "Illustration mit"))
        return prepose(prefix, _pieces(statement, "article", "dat", rng, formal=True).nominal())
    if style < 0.4:
        noun, relative = pick(rng, (("Zeichnung", "die"), ("Bild", "das"), ("Illustration", "die")))
        shown = _pieces(statement, "article", "acc", rng, formal=True).nominal(comma=False)
        return (noun, ",", relative, *shown, "zeigt")
    pieces = _pieces(statement, "bare" if style < 0.6 else "article", "nom", rng, formal=True)
    if pieces.place_moves and rng.random() < 0.3:
        pieces = dataclasses.replace(pieces, place=(",", "abgebildet", *pieces.place))
    return pieces.nominal()


def _shown(statement: Statement, where: Words, rng: np.random.Generator) -> Words:
    """Auf dem Bild sieht man einen Hund. Auf dem Bild ist ein Hund zu sehen."""
    if rng.random() < 0.5:
        pieces = _pieces(statement, "article", "acc", rng)
        return (*where, *pick(rng, (("sieht", "man"), ("gibt", "es"))), *pieces.nominal(), ".")
    pieces = _pieces(statement, "article", "nom", rng)
    return (*where, _is(pieces.subject), *pieces.nominal(comma=False), "zu", "sehen", ".")


def _is(subject: Part) -> str:
    return "sind" if subject.plural else "ist"


def _stays(subject: Part, rng: np.random.Generator) -> Words:
    return pick(rng, ((_is(subject),), ("befinden" if subject.plural else "befindet", "sich")))


def photo(statement: Statement, rng: np.random.Generator) -> Words:
    style = int(rng.integers(6))
    if style == 0:
        prefix = pick(rng, ("ein Foto von", "ein Bild von", "eine Zeichnung von"))
        return (*prepose(prefix, _pieces(statement, "article", "dat", rng).nominal()), ".")
    if style == 1:
        return _shown(statement, pick(rng, (("auf", "dem", "Bild"), ("auf", "dem", "Foto"), ("auf", "der", "Zeichnung"))), rng)
    pieces = _pieces(statement, "article", "nom", rng)
    if style == 2 and statement.ground:
        first = _ground(statement, rng, first=True)
        return (*first, *_stays(pieces.subject, rng), *pieces.subject.words, *pieces.position, *pieces.place, ".")
    if style in (3, 4) and (pieces.place_moves or (pieces.position and not pieces.place)):
        place, comma = (*pieces.position, *pieces.place), (",",) if pieces.ground else ()
        first, last = (place, pieces.subject.words) if style == 3 else (pieces.subject.words, place)
        return (*first, *_stays(pieces.subject, rng), *last, *comma, *pieces.ground, ".")
    if rng.random() < 0.5:
        return ("da", _is(pieces.subject), *pieces.nominal(), ".")
    seen = pick(rng, (("es", "gibt"), ("man", "sieht")))
    return (*seen, *_pieces(statement, "article", "acc", rng).nominal(), ".")


def news(statement: Statement, rng: np.random.Generator) -> Words:
    manner = pick(rng, ("definite", "definite", "article"))
    pieces = _pieces(statement, manner, "nom", rng, formal=True)
    subject = pieces.subject
    if pieces.place_moves and manner == "definite" and rng.random() < 0.3:
        place = (",", RELATIVE["nom"][subject.agreement], *pieces.place, _is(subject), ",")
        pieces = dataclasses.replace(pieces, place=place)
    style = rng.random()
    if statement.ground and style < 0.4:
        return (*_ground(statement, rng, first=True), ":", *dataclasses.replace(pieces, ground=()).nominal())
    if style < 0.6:
        return (*pick(rng, (("im", "Bild", ":"), ("auf", "der", "Zeichnung", ":"), ("auf", "dem", "Foto", ":"))), *pieces.nominal())
    source = pick(rng, ("(Zeichnung)", "(Illustration)", "(Archivbild)", ""))
    return (*pieces.nominal(), *((source,) if source else ()))


def with_name(person: str, caption: str) -> str:
    """Karl Weber: Eine schwarze Katze."""
    return f"{person}: {caption}"
