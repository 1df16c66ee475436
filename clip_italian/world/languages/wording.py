"""The parts of a caption, in any language: what a sentence puts in order."""

import dataclasses

import numpy as np

from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import Phrase, Statement, pick


@dataclasses.dataclass(frozen=True)
class Part:
    """A phrase in words."""

    words: Words
    agreement: str  # what pronouns and adjectives agree with: a gender, or the plural where it has no genders
    plural: bool  # of a verb


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The parts of a statement, which a sentence puts in order."""

    subject: Part
    place: Words  # how the subject stands to the other phrase, which it contains; may be empty
    place_moves: bool  # whether the place may come first: on a chair there is a cat
    position: Words
    ground: Words

    def nominal(self, comma: bool = True) -> Words:
        """The statement without a verb: a black cat on the left, beside a chair, in a meadow."""
        stop = (",",) if comma and self.ground and (self.place or self.position) else ()
        return (*self.subject.words, *self.position, *self.place, *stop, *self.ground)


def position(statement: Statement, wordings: dict[str, tuple[str, ...]], rng: np.random.Generator) -> Words:
    """Words for the statement's position; none where it has none."""
    return tuple(pick(rng, wordings[statement.position]).split()) if statement.position else ()


def ground(
    statement: Statement, wordings: dict[str, tuple[str, ...]], rng: np.random.Generator, unwanted: tuple[str, ...] = ()
) -> Words:
    """Words for the statement's ground that begin with none of `unwanted`; none where it has none."""
    if statement.ground is None:
        return ()
    return tuple(pick(rng, [option for option in wordings[statement.ground] if not option.startswith(unwanted)]).split())


def turned_round(statement: Statement, rng: np.random.Generator) -> bool:
    """Whether a caption starts from the other thing of a relation: at random, if the statement has no position."""
    return bool(statement.relation is not None and statement.position is None and rng.random() < 0.3)


def one_of_each_colour(phrases: tuple[Phrase, ...]) -> bool:
    """Whether two phrases are of one thing each, alike but for the colour: "a black cat and a white one"."""
    first, second = phrases
    alone = all(phrase.count == 1 and phrase.size is None and phrase.colour for phrase in phrases)
    return alone and first.noun == second.noun
