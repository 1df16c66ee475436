"""Captions of statements in the tone of each source.

Each of `alt`, `encyclopaedic`, `photo` and `news` takes a statement and a generator and returns the words of a caption.
"""

import dataclasses

import numpy as np

from clip_italian.world.languages import wording
from clip_italian.world.languages.italian.grammar import coordinate, joint_gender, noun_phrase, on_which, prepose, there_is
from clip_italian.world.languages.italian.lexicon import LEXICON, Adjective, Noun
from clip_italian.world.languages.language import Words
from clip_italian.world.languages.lexicon import SYNONYM_SHARE
from clip_italian.world.languages.wording import Part, Pieces
from clip_italian.world.scenes.statements import Phrase, Statement, pick

# Determiners of an unspecified plural, by manner; a repeated one is likelier.
UNCOUNTED = {
    "article": ("partitive", "partitive", "alcuno"),
    "alone": ("partitive", "partitive", "alcuno", "qualche"),
    "after di": ("bare", "alcuno"),
    "later": ("alcuno",),
    "bare": ("bare",),
}


def word_phrase(phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool = False) -> Part:
    """The words of `phrase`.

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
        return LEXICON.noun(phrase.noun, rng, formal), (), ()
    inflected = (LEXICON.diminutives if phrase.size == "small" else LEXICON.augmentatives).get(phrase.noun)
    if inflected and rng.random() < 0.3:
        return pick(rng, inflected), (), ()
    adjective = (LEXICON.sizes if rng.random() < 0.85 else LEXICON.size_synonyms)[phrase.size]
    noun = LEXICON.noun(phrase.noun, rng, formal)
    return (noun, (adjective,), ()) if rng.random() < 0.6 else (noun, (), (adjective,))


def _colour(key: str | None, size_follows: bool, rng: np.random.Generator) -> tuple[tuple[Adjective, ...], Words]:
    """The colour as an adjective or, sometimes, as di colore rosso."""
    if key is None:
        return (), ()
    if not size_follows and rng.random() < 0.04:
        return (), ("di", "colore", LEXICON.colours[key].masculine)
    synonym = LEXICON.colour_synonyms.get(key)
    if synonym and rng.random() < SYNONYM_SHARE:
        return (synonym,), ()
    return (LEXICON.colours[key],), ()


def _quantity(count: int | None, manner: str, rng: np.random.Generator) -> tuple[Words, str, int | None]:
    """Words in front of the phrase (un paio di), the determiner's kind, and the numeral, if it is used."""
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


def _pieces(statement: Statement, manner: str, rng: np.random.Generator, formal: bool = False) -> Pieces:
    """Words for every part of a statement; phrases are worded in `manner` (see word_phrase)."""
    if manner == "article" and len(statement.phrases) == 1:
        manner = "alone"
    subject, place, place_moves = _subject_and_place(statement, manner, rng, formal)
    position = wording.position(statement, LEXICON.positions, rng)
    return Pieces(subject, place, place_moves, position, _ground(statement, rng, first=False))


def _subject_and_place(statement: Statement, manner: str, rng: np.random.Generator, formal: bool) -> tuple[Part, Words, bool]:
    first = word_phrase(statement.phrases[0], manner, rng, formal)
    if len(statement.phrases) == 1:
        return first, (), False
    relation = statement.relation
    if wording.turned_round(statement, rng):
        return _inverted(statement, manner, rng, formal)
    if relation is None:
        if manner != "definite" and rng.random() < 0.3:
            return first, ("con", *word_phrase(statement.phrases[1], "article", rng, formal).words), False
        later = {"after di": "later", "bare": "article" if first.plural else "bare"}.get(manner, manner)
        second = word_phrase(statement.phrases[1], later, rng, formal)
        if manner != "bare" and wording.one_of_each_colour(statement.phrases):
            second = Part(_the_other_one(statement.phrases[1], manner, first.agreement), first.agreement, False)
        return Part(coordinate(first.words, second.words), joint_gender((first.agreement, second.agreement)), True), (), False
    return first, _place(pick(rng, LEXICON.relations[relation]), statement.phrases[1], manner, rng, formal), True


def _the_other_one(phrase: Phrase, manner: str, gender: str) -> Words:
    """un gatto nero e "uno bianco", il gatto nero e "quello bianco"."""
    pronoun = {"m": ("uno", "quello"), "f": ("una", "quella")}[gender][manner == "definite"]
    return pronoun, LEXICON.colours[phrase.colour or ""].form(gender, False)


def _inverted(statement: Statement, manner: str, rng: np.random.Generator, formal: bool) -> tuple[Part, Words, bool]:
    """The statement from the other thing's side: una sedia su cui c'è un gatto, una scatola con dentro un gatto."""
    subject = word_phrase(statement.phrases[1], manner, rng, formal)
    if statement.relation in LEXICON.inverse_relations:
        preposition = pick(rng, LEXICON.inverse_relations[statement.relation])
        return subject, _place(preposition, statement.phrases[0], manner, rng, formal), True
    other = word_phrase(statement.phrases[0], "article", rng, formal)
    if statement.relation == "inside" and rng.random() < 0.5:
        return subject, ("con", "dentro", *other.words), False
    preposition = "su" if statement.relation == "on" else "in"
    relative = on_which(preposition, subject.agreement, subject.plural, cui=rng.random() < 0.7)
    return subject, (*relative, *there_is(other.plural), *other.words), False


def _place(preposition: str, phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool) -> Words:
    governed = "definite" if manner == "definite" else "later" if preposition.endswith(" di") else "article"
    return prepose(preposition, word_phrase(phrase, governed, rng, formal).words)


def _ground(statement: Statement, rng: np.random.Generator, first: bool) -> Words:
    """The words for the ground: at the beginning of a sentence if `first`, else at its end, without su after a relation."""
    unwanted = ("con ",) if first else ("su un", "sul") if statement.relation else ()
    return wording.ground(statement, LEXICON.grounds, rng, unwanted)


def alt(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("disegno di", "illustrazione di", "immagine di", "foto di", "un disegno di"))
        return (*prefix.split(), *_pieces(statement, "after di", rng).nominal())
    pieces = _pieces(statement, "bare" if style < 0.75 else "article", rng)
    if statement.ground == "white" and not pieces.place and rng.random() < 0.5:
        isolated = LEXICON.qualities["isolato"].form(pieces.subject.agreement, pieces.subject.plural)
        return (*pieces.subject.words, *pieces.position, isolated, "su", "sfondo", "bianco")
    suffix = pick(rng, ((), (), (), (",", "disegno"), (",", "illustrazione"), (",", "immagine", "a", "colori")))
    words = pieces.nominal()
    return words if len(words) > 12 else (*words, *suffix)  # terse


def encyclopaedic(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.25:
        prefix = pick(rng, ("raffigurazione di", "rappresentazione di", "disegno di", "illustrazione di"))
        return (*prefix.split(), *_pieces(statement, "after di", rng, formal=True).nominal())
    if style < 0.4:
        prefix = pick(rng, ("illustrazione raffigurante", "immagine raffigurante", "disegno che mostra"))
        return (*prefix.split(), *_pieces(statement, "article", rng, formal=True).nominal())
    pieces = _pieces(statement, "bare" if style < 0.6 else "article", rng, formal=True)
    if pieces.place_moves and rng.random() < 0.4:
        shown = LEXICON.qualities["raffigurato"].form(pieces.subject.agreement, pieces.subject.plural)
        pieces = dataclasses.replace(pieces, place=(shown, *pieces.place))
    return pieces.nominal()


def photo(statement: Statement, rng: np.random.Generator) -> Words:
    style = int(rng.integers(6))
    if style == 0:
        prefix = pick(rng, ("una foto di", "un'immagine di", "un disegno di"))
        return (*prefix.split(), *_pieces(statement, "after di", rng).nominal(), ".")
    pieces = _pieces(statement, "article", rng)
    subject, plural = pieces.subject, pieces.subject.plural
    there = there_is(plural)
    if style == 1:
        where = pick(rng, ("nell'immagine", "nella foto", "nel disegno"))
        seen = ("si", "vedono" if plural else "vede")
        return (where, *pick(rng, (seen, there)), *pieces.nominal(), ".")
    if style == 2 and statement.ground:
        return (*_ground(statement, rng, first=True), *there, *subject.words, *pieces.position, *pieces.place, ".")
    if style in (3, 4) and (pieces.place_moves or (pieces.position and not pieces.place)):
        place = (*pieces.position, *pieces.place)
        comma = (",",) if pieces.ground else ()
        stays = pick(rng, ((("sono",), ("è",)), (("si", "trovano"), ("si", "trova")), (("stanno",), ("sta",))))
        first, last = (place, subject.words) if style == 3 else (subject.words, place)
        verb = there if style == 3 else stays[0 if plural else 1]
        return (*first, *verb, *last, *comma, *pieces.ground, ".")
    return (*there, *pieces.nominal(), ".")


def news(statement: Statement, rng: np.random.Generator) -> Words:
    manner = pick(rng, ("definite", "definite", "article"))
    pieces = _pieces(statement, manner, rng, formal=True)
    if pieces.place_moves and manner == "definite" and rng.random() < 0.3:
        stays = ("che", "stanno" if pieces.subject.plural else "sta")
        pieces = dataclasses.replace(pieces, place=(*stays, *pieces.place))
    style = rng.random()
    if statement.ground and style < 0.4:
        return (*_ground(statement, rng, first=True), ",", *dataclasses.replace(pieces, ground=()).nominal())
    if style < 0.6:
        return (pick(rng, ("nell'immagine:", "nel disegno:", "nella foto:")), *pieces.nominal())
    source = pick(rng, ("(disegno)", "(illustrazione)", "(immagine d'archivio)", ""))
    return (*pieces.nominal(), *((source,) if source else ()))


def with_name(person: str, caption: str) -> str:
    """Returns a caption with a person's name: "Giuseppe Verdi con un gatto nero"."""
    return f"{person} con {caption[0].lower()}{caption[1:]}"
