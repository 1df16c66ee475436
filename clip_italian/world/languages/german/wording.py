"""One statement in the words and tone of each source.

Each of `alt`, `encyclopaedic`, `photo` and `news` takes a statement and a generator and returns the words of a caption. The frame
of a sentence is chosen first, because it asks for a case: ein Foto von einem Hund, man sieht einen Hund, da ist ein Hund.
"""

import dataclasses

import numpy as np

from clip_italian.world.languages.german.grammar import RELATIVE, Words, clause, coordinate, determiner, prepose
from clip_italian.world.languages.german.lexicon import COLOURS, Case
from clip_italian.world.languages.german.phrasing import Part, word_phrase
from clip_italian.world.scenes.statements import Phrase, Statement, pick

# All with the dative.
RELATION_WORDS = {
    "on": ("auf",),
    "above": ("über", "oberhalb von"),
    "below": ("unter", "unterhalb von"),
    "beside": ("neben", "neben", "in der Nähe von"),
    "inside": ("in", "in", "im Inneren von"),
    "left_of": ("links von", "links von", "zur Linken von"),
}
# The same fact told of the other thing.
INVERSE_WORDS = {
    "above": RELATION_WORDS["below"],
    "below": RELATION_WORDS["above"],
    "beside": RELATION_WORDS["beside"],
    "left_of": ("rechts von", "rechts von", "zur Rechten von"),
}
POSITION_WORDS = {
    "top": ("oben", "im oberen Teil", "im oberen Bereich"),
    "bottom": ("unten", "im unteren Teil", "im unteren Bereich"),
    "left": ("links", "auf der linken Seite", "im linken Teil"),
    "right": ("rechts", "auf der rechten Seite", "im rechten Teil"),
    "centre": ("in der Mitte", "in der Mitte", "im mittleren Teil"),
}
GROUND_WORDS = {
    "white": ("auf weißem Hintergrund", "vor weißem Hintergrund", "auf weißem Grund"),
    "meadow": ("auf einer Wiese", "im Gras", "auf dem Gras", "mitten im Gras"),
    "sky": ("am Himmel", "am Himmel", "vor dem Himmel", "mit dem Himmel im Hintergrund"),
    "sea": ("auf dem Meer", "im Meer", "mit dem Meer im Hintergrund"),
    "room": ("in einem Zimmer", "in einem Raum"),
    "sand": ("auf dem Sand", "im Sand", "am Strand"),
    "snow": ("im Schnee", "auf dem Schnee", "mitten im Schnee"),
    "night": ("bei Nacht", "in der Nacht", "im Dunkeln"),
}


@dataclasses.dataclass(frozen=True)
class Pieces:
    """A statement cut into the parts that a sentence puts in order."""

    subject: Part
    place: Words  # how the subject stands to the other phrase, which it contains; may be empty
    place_moves: bool  # whether the place may come first: auf einem Stuhl ist eine Katze
    position: Words
    ground: Words


def _pieces(statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool = False) -> Pieces:
    """Words for every part of a statement, its subject in `case`.

    The phrases are told in `manner` (see phrasing.word_phrase), or "terse": without articles, the second one too.
    """
    subject, place, place_moves = _subject_and_place(statement, manner, case, rng, formal)
    position = tuple(pick(rng, POSITION_WORDS[statement.position]).split()) if statement.position else ()
    return Pieces(subject, place, place_moves, position, _ground(statement, rng, first=False))


def _subject_and_place(
    statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool
) -> tuple[Part, Words, bool]:
    own = "bare" if manner == "terse" else manner
    first = word_phrase(statement.phrases[0], own, case, rng, formal)
    if len(statement.phrases) == 1:
        return first, (), False
    relation = statement.relation
    if relation is None:
        return _both(statement, first, own, case, rng, formal)
    if statement.position is None and rng.random() < 0.3:
        return _told_of_other(statement, manner, case, rng, formal)
    return first, _place(pick(rng, RELATION_WORDS[relation]), statement.phrases[1], manner, rng, formal), True


def _both(
    statement: Statement, first: Part, manner: str, case: Case, rng: np.random.Generator, formal: bool
) -> tuple[Part, Words, bool]:
    """eine Katze und ein Stuhl, eine Katze mit einem Stuhl."""
    if manner != "definite" and rng.random() < 0.3:
        return first, prepose("mit", word_phrase(statement.phrases[1], "article", "dat", rng, formal).words), False
    second = word_phrase(statement.phrases[1], manner, case, rng, formal).words
    if manner != "bare" and _one_of_each_colour(statement):
        second = _the_other_one(statement.phrases[1], manner, case, first.agreement)
    return Part(coordinate(first.words, second), "p", True), (), False


def _one_of_each_colour(statement: Statement) -> bool:
    first, second = statement.phrases
    plain = all(phrase.count == 1 and phrase.size is None and phrase.colour for phrase in statement.phrases)
    return bool(plain and first.noun == second.noun and COLOURS[second.colour or ""].inflects)


def _the_other_one(phrase: Phrase, manner: str, case: Case, agreement: str) -> Words:
    """eine schwarze Katze und "eine weiße", der schwarze Hund und "der weiße"."""
    article, endings = determiner("definite" if manner == "definite" else "indefinite", agreement, case)
    return (*article, COLOURS[phrase.colour or ""].form(endings[case][agreement]))


def _told_of_other(
    statement: Statement, manner: str, case: Case, rng: np.random.Generator, formal: bool
) -> tuple[Part, Words, bool]:
    """The statement turned round: ein Stuhl, auf dem eine Katze ist; eine Schachtel mit einer Katze darin."""
    first, second = statement.phrases
    subject = word_phrase(second, "bare" if manner == "terse" else manner, case, rng, formal)
    if statement.relation in INVERSE_WORDS:
        return subject, _place(pick(rng, INVERSE_WORDS[statement.relation]), first, manner, rng, formal), True
    if statement.relation == "inside" and rng.random() < 0.5:
        return subject, (*prepose("mit", word_phrase(first, "article", "dat", rng, formal).words), "darin"), False
    other = word_phrase(first, "article", "nom", rng, formal)
    preposition = "auf" if statement.relation == "on" else "in"
    return subject, clause(preposition, subject.agreement, other.words, other.plural, reflexive=rng.random() < 0.3), False


def _place(preposition: str, phrase: Phrase, manner: str, rng: np.random.Generator, formal: bool) -> Words:
    governed = {"definite": "definite", "terse": "bare"}.get(manner, "article")
    return prepose(preposition, word_phrase(phrase, governed, "dat", rng, formal).words)


def _ground(statement: Statement, rng: np.random.Generator, first: bool) -> Words:
    """Where it all is, as it is told `first` in the sentence or last; last not on something after auf."""
    if statement.ground is None:
        return ()
    unwanted = ("mit ",) if first else ("auf einer", "auf dem") if statement.relation else ()
    options = [option for option in GROUND_WORDS[statement.ground] if not option.startswith(unwanted)]
    return tuple(pick(rng, options).split())


def _nominal(pieces: Pieces, comma: bool = True) -> Words:
    """eine schwarze Katze links, neben einem Stuhl, auf einer Wiese: the statement without a verb."""
    stop = (",",) if comma and pieces.ground and (pieces.place or pieces.position) else ()
    return (*pieces.subject.words, *pieces.position, *pieces.place, *stop, *pieces.ground)


def alt(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("Zeichnung von", "Illustration von", "Bild von", "Foto von", "eine Zeichnung von"))
        return prepose(prefix, _nominal(_pieces(statement, "article", "dat", rng)))
    manner = "terse" if style < 0.5 else "bare" if style < 0.75 else "article"
    pieces = _pieces(statement, manner, "nom", rng)
    if statement.ground == "white" and not pieces.place and rng.random() < 0.5:
        return (*pieces.subject.words, *pieces.position, "freigestellt", "auf", "weißem", "Hintergrund")
    suffix = pick(rng, ((), (), (), (",", "Zeichnung"), (",", "Illustration"), (",", "Farbbild")))
    words = _nominal(pieces)
    return words if len(words) > 12 else (*words, *suffix)  # terse


def encyclopaedic(statement: Statement, rng: np.random.Generator) -> Words:
    style = rng.random()
    if style < 0.3:
        prefix = pick(rng, ("Darstellung von", "Abbildung von", "Zeichnung von", "Illustration mit"))
        return prepose(prefix, _nominal(_pieces(statement, "article", "dat", rng, formal=True)))
    if style < 0.4:
        noun, relative = pick(rng, (("Zeichnung", "die"), ("Bild", "das"), ("Illustration", "die")))
        shown = _nominal(_pieces(statement, "article", "acc", rng, formal=True), comma=False)
        return (noun, ",", relative, *shown, "zeigt")
    pieces = _pieces(statement, "bare" if style < 0.6 else "article", "nom", rng, formal=True)
    if pieces.place_moves and rng.random() < 0.3:
        pieces = dataclasses.replace(pieces, place=(",", "abgebildet", *pieces.place))
    return _nominal(pieces)


def _shown(statement: Statement, where: Words, rng: np.random.Generator) -> Words:
    """Auf dem Bild sieht man einen Hund. Auf dem Bild ist ein Hund zu sehen."""
    if rng.random() < 0.5:
        pieces = _pieces(statement, "article", "acc", rng)
        return (*where, *pick(rng, (("sieht", "man"), ("gibt", "es"))), *_nominal(pieces), ".")
    pieces = _pieces(statement, "article", "nom", rng)
    return (*where, _is(pieces.subject), *_nominal(pieces, comma=False), "zu", "sehen", ".")


def _is(subject: Part) -> str:
    return "sind" if subject.plural else "ist"


def _stays(subject: Part, rng: np.random.Generator) -> Words:
    return pick(rng, ((_is(subject),), ("befinden" if subject.plural else "befindet", "sich")))


def photo(statement: Statement, rng: np.random.Generator) -> Words:
    style = int(rng.integers(6))
    if style == 0:
        prefix = pick(rng, ("ein Foto von", "ein Bild von", "eine Zeichnung von"))
        return (*prepose(prefix, _nominal(_pieces(statement, "article", "dat", rng))), ".")
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
        return ("da", _is(pieces.subject), *_nominal(pieces), ".")
    seen = pick(rng, (("es", "gibt"), ("man", "sieht")))
    return (*seen, *_nominal(_pieces(statement, "article", "acc", rng)), ".")


def news(statement: Statement, rng: np.random.Generator) -> Words:
    manner = pick(rng, ("definite", "definite", "article"))
    pieces = _pieces(statement, manner, "nom", rng, formal=True)
    subject = pieces.subject
    if pieces.place_moves and manner == "definite" and rng.random() < 0.3:
        place = (",", RELATIVE["nom"][subject.agreement], *pieces.place, _is(subject), ",")
        pieces = dataclasses.replace(pieces, place=place)
    style = rng.random()
    if statement.ground and style < 0.4:
        return (*_ground(statement, rng, first=True), ":", *_nominal(dataclasses.replace(pieces, ground=())))
    if style < 0.6:
        return (*pick(rng, (("im", "Bild", ":"), ("auf", "der", "Zeichnung", ":"), ("auf", "dem", "Foto", ":"))), *_nominal(pieces))
    source = pick(rng, ("(Zeichnung)", "(Illustration)", "(Archivbild)", ""))
    return (*_nominal(pieces), *((source,) if source else ()))
