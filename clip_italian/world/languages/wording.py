"""The parts of a caption in any language, which sentences put in order."""

import dataclasses

import numpy as np

from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import Phrase, Statement, pick


@dataclasses.dataclass(frozen=True)
class Part:
    """The words of a phrase."""

    words: Words
    agreement: str  # the gender for pronouns and adjectives, or the plural in a language where plurals have no gender
    plural: bool  # whether the verb is plural


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The words of the parts of a statement."""

    subject: Part
    place: Words  # the relation and the other phrase; may be empty
    place_moves: bool  # whether the place can come first: on a chair there is a cat
    position: Words
    ground: Words

    def nominal(self, comma: bool = True) -> Words:
        """The statement without a verb: a black cat on the left, beside a chair, in a meadow."""
        stop = (",",) if comma and self.ground and (self.place or self.position) else ()
        return (*self.subject.words, *self.position, *self.place, *stop, *self.ground)


def position(statement: Statement, wordings: dict[str, tuple[str, ...]], rng: np.random.Generator) -> Words:
    """The words for the statement's position, if it has one."""
    return tuple(pick(rng, wordings[statement.position]).split()) if statement.position else ()


def ground(
    statement: Statement, wordings: dict[str, tuple[str, ...]], rng: np.random.Generator, unwanted: tuple[str, ...] = ()
) -> Words:
    """The words for the statement's ground, if it has one, that begin with none of `unwanted`."""
    if statement.ground is None:
        return ()
    return tuple(pick(rng, [option for option in wordings[statement.ground] if not option.startswith(unwanted)]).split())


def turned_round(statement: Statement, rng: np.random.Generator) -> bool:
    """Whether a caption begins with the second thing of a relation: at random, but never with a position."""
    return bool(statement.relation is not None and statement.position is None and rng.random() < 0.3)


def one_of_each_colour(phrases: tuple[Phrase, ...]) -> bool:
    """Whether two phrases are single things that differ only in colour: "a black cat and a white one"."""
    first, second = phrases
    alone = all(phrase.count == 1 and phrase.size is None and phrase.colour for phrase in phrases)
    return alone and first.noun == second.noun
