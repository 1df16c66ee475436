"""One statement in the words and tone of each source.

Each of `alt`, `encyclopaedic`, `photo` and `news` takes a statement and a generator and returns the words of a caption.
"""

import dataclasses

import numpy as np

from clip_italian.world.languages.italian.grammar import Words, coordinate, joint_gender, on_which, prepose, there_is
from clip_italian.world.languages.italian.lexicon import COLOURS, QUALITIES
from clip_italian.world.languages.italian.phrasing import Part, word_phrase
from clip_italian.world.scenes.statements import Phrase, Statement, pick

RELATION_WORDS = {
    "on": ("su",),
    "above": ("sopra", "al di sopra di"),
    "below": ("sotto", "al di sotto di"),
    "beside": ("accanto a", "vicino a", "di fianco a"),
    "inside": ("dentro", "in", "all'interno di"),
    "left_of": ("a sinistra di", "a sinistra di", "alla sinistra di"),
}
# The same fact told of the other thing.
INVERSE_WORDS = {
    "above": RELATION_WORDS["below"],
    "below": RELATION_WORDS["above"],
    "beside": RELATION_WORDS["beside"],
    "left_of": ("a destra di", "a destra di", "alla destra di"),
}
POSITION_WORDS = {
    "top": ("in alto", "nella parte alta", "nella parte superiore"),
    "bottom": ("in basso", "nella parte bassa", "nella parte inferiore"),
    "left": ("a sinistra", "sulla sinistra", "sul lato sinistro"),
    "right": ("a destra", "sulla destra", "sul lato destro"),
    "centre": ("al centro", "al centro", "nella parte centrale"),
}
GROUND_WORDS = {
    "white": ("su sfondo bianco", "su fondo bianco", "su sfondo bianco"),
    "meadow": ("su un prato", "in un prato", "sull'erba", "in mezzo all'erba"),
    "sky": ("nel cielo", "in cielo", "contro il cielo", "con il cielo sullo sfondo"),
    "sea": ("in mare", "sul mare", "con il mare sullo sfondo"),
    "room": ("in una stanza", "all'interno di una stanza"),
    "sand": ("sulla sabbia", "su una spiaggia", "in spiaggia"),
    "snow": ("sulla neve", "nella neve", "in mezzo alla neve"),
    "night": ("di notte", "nella notte", "al buio"),
}


@dataclasses.dataclass(frozen=True)
class Pieces:
    """A statement cut into the parts that a sentence puts in order."""

    subject: Part
    place: Words  # how the subject stands to the other phrase, which it contains; may be empty
    place_moves: bool  # whether the place may come first: su una sedia c'è un gatto
    position: Words
    ground: Words


def _pieces(statement: Statement, manner: str, rng: np.random.Generator, formal: bool = False) -> Pieces:
    """Words for every part of a statement; the phrases are told in `manner` (see phrasing.word_phrase)."""
    if manner == "article" and len(statement.phrases) == 1:
        manner = "alone"
    subject, place, place_moves = _subject_and_place(statement, manner, rng, formal)
    position = tuple(pick(rng, POSITION_WORDS[statement.position]).split()) if statement.position else ()
    return Pieces(subject, place, place_moves, position, _ground(statement, rng, first=False))


def _subject_and_place(statement: Statement, manner: str, rng: np.random.Generator, formal: bool) -> tuple[Part, Words, bool]:
    first = word_phrase(statement.phrases[0], manner, rng, formal)
    if len(statement.phrases) == 1:
        return first, (), False
    relation = statement.relation
    told_of_other = relation is not None and statement.position is None and rng.random() < 0.3
    if told_of_other:
        return _told_of_other(statement, manner, rng, formal)
    if relation is None:
        if manner != "definite" and rng.random() < 0.3:
            return first, ("con", *word_phrase(statement.phrases[1], "article", rng, formal).words), False
        later = {"after di": "later", "bare": "article" if first.plural else "bare"}.get(manner, manner)
        second = word_phrase(statement.phrases[1], later, rng, formal)
        if manner != "bare" and _one_of_each_colour(statement):
            second = Part(_the_other_one(statement.phrases[1], manner, first.gender), first.gender, False)
        return Part(coordinate(first.words, second.words), joint_gender((first.gender, second.gender)), True), (), False
    return first, _place(pick(rng, RELATION_WORDS[relation]), statement.phrases[1], manner, rng, formal), True


def _one_of_each_colour(statement: Statement) -> bool:
    first, second = statement.phrases
    plain = all(phrase.count == 1 and phrase.size is None and phrase.colour for phrase in statement.phrases)
    return plain and first.noun == second.noun


def _the_other_one(phrase: Phrase, manner: str, gender: str) -> Words:
    """un gatto nero e "uno bianco", il gatto nero e "quello bianco"."""
    pronoun = {"m": ("uno", "quello"), "f": ("una", "quella")}[gender][manner == "definite"]
    return pronoun, COLOURS[phrase.colour or ""].form(gender, False)


def _told_of_other(statement: Statement, manner: str, rng: np.random.Generator, formal: bool) -> tuple[Part, Words, bool]:
    """The statement turned round: una sedia su cui c'è un gatto, una scatola con dentro un gatto."""
    subject = word_phrase(statement.phrases[1], manner, rng, formal)
    if statement.relation in INVERSE_WORDS:
        preposition = pick(rng, INVERSE_WORDS[statement.relation])
        return subject, _place(preposition, statement.phrases[0], manner, rng, formal), True
    other = word_phrase(statement.phrases[0], "article", rng, formal)
    if statement.relation == "inside" and rng.random() < 0.5:
        return subject, ("con", "dentro", *other.words), False
    preposition = "su" if statement.relation == "on" else "in"
    relative = on_which(preposition, subject.gender, subject.plural, cui=rng.random() < 0.7)
    return subject, (*relative, *there_is(other.plural), *other.words), False


def _place(preposition: str, phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool) -> Words:
    governed = "definite" if manner == "definite" else "later" if preposition.endswith(" di") else "article"
    return prepose(preposition, word_phrase(phrase, governed, rng, formal).words)


def _ground(statement: Statement, rng: np.random.Generator, first: bool) -> Words:
    """Where it all is, as it is told `first` in the sentence or last; last not on something after su."""
    if statement.ground is None:
        return ()
    unwanted = ("con ",) if first else ("su un", "sul") if statement.relation else ()
    options = [option for option in GROUND_WORDS[statement.ground] if not option.startswith(unwanted)]
    return tuple(pick(rng, options).split())


def _nominal(pieces: Pieces) -> Words:
    """un gatto nero a sinistra, accanto a una sedia, su un prato: the statement without a verb."""
    comma = (",",) if pieces.ground and (pieces.place or pieces.position) else ()
    return (*pieces.subject.words, *pieces.position, *pieces.place, *comma, *pieces.ground)


def alt(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("disegno di", "illustrazione di", "immagine di", "foto di", "un disegno di"))
        return (*prefix.split(), *_nominal(_pieces(statement, "after di", rng)))
    pieces = _pieces(statement, "bare" if style < 0.75 else "article", rng)
    if statement.ground == "white" and not pieces.place and rng.random() < 0.5:
        isolated = QUALITIES["isolato"].form(pieces.subject.gender, pieces.subject.plural)
        return (*pieces.subject.words, *pieces.position, isolated, "su", "sfondo", "bianco")
    suffix = pick(rng, ((), (), (), (",", "disegno"), (",", "illustrazione"), (",", "immagine", "a", "colori")))
    words = _nominal(pieces)
    return words if len(words) > 12 else (*words, *suffix)  # terse


def encyclopaedic(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.25:
        prefix = pick(rng, ("raffigurazione di", "rappresentazione di", "disegno di", "illustrazione di"))
        return (*prefix.split(), *_nominal(_pieces(statement, "after di", rng, formal=True)))
    if style < 0.4:
        prefix = pick(rng, ("illustrazione raffigurante", "immagine raffigurante", "disegno che mostra"))
        return (*prefix.split(), *_nominal(_pieces(statement, "article", rng, formal=True)))
    pieces = _pieces(statement, "bare" if style < 0.6 else "article", rng, formal=True)
    if pieces.place_moves and rng.random() < 0.4:
        shown = QUALITIES["raffigurato"].form(pieces.subject.gender, pieces.subject.plural)
        pieces = dataclasses.replace(pieces, place=(shown, *pieces.place))
    return _nominal(pieces)


def photo(statement: Statement, rng: np.random.Generator) -> Words:
    style = int(rng.integers(6))
    if style == 0:
        prefix = pick(rng, ("una foto di", "un'immagine di", "un disegno di"))
        return (*prefix.split(), *_nominal(_pieces(statement, "after di", rng)), ".")
    pieces = _pieces(statement, "article", rng)
    subject, plural = pieces.subject, pieces.subject.plural
    there = there_is(plural)
    if style == 1:
        where = pick(rng, ("nell'immagine", "nella foto", "nel disegno"))
        seen = ("si", "vedono" if plural else "vede")
        return (where, *pick(rng, (seen, there)), *_nominal(pieces), ".")
    if style == 2 and statement.ground:
        return (*_ground(statement, rng, first=True), *there, *subject.words, *pieces.position, *pieces.place, ".")
    if style in (3, 4) and (pieces.place_moves or (pieces.position and not pieces.place)):
        place = (*pieces.position, *pieces.place)
        comma = (",",) if pieces.ground else ()
        stays = pick(rng, ((("sono",), ("è",)), (("si", "trovano"), ("si", "trova")), (("stanno",), ("sta",))))
        first, last = (place, subject.words) if style == 3 else (subject.words, place)
        verb = there if style == 3 else stays[0 if plural else 1]
        return (*first, *verb, *last, *comma, *pieces.ground, ".")
    return (*there, *_nominal(pieces), ".")


def news(statement: Statement, rng: np.random.Generator) -> Words:
    manner = pick(rng, ("definite", "definite", "article"))
    pieces = _pieces(statement, manner, rng, formal=True)
    if pieces.place_moves and manner == "definite" and rng.random() < 0.3:
        stays = ("che", "stanno" if pieces.subject.plural else "sta")
        pieces = dataclasses.replace(pieces, place=(*stays, *pieces.place))
    style = rng.random()
    if statement.ground and style < 0.4:
        return (*_ground(statement, rng, first=True), ",", *_nominal(dataclasses.replace(pieces, ground=())))
    if style < 0.6:
        return (pick(rng, ("nell'immagine:", "nel disegno:", "nella foto:")), *_nominal(pieces))
    source = pick(rng, ("(disegno)", "(illustrazione)", "(immagine d'archivio)", ""))
    return (*_nominal(pieces), *((source,) if source else ()))
