"""What Wikipedia's captions hold besides descriptions: proper nouns, and other languages."""

import numpy as np

from clip_italian.world import french, languages
from clip_italian.world.english import say_english
from clip_italian.world.language import Names
from clip_italian.world.picking import pick
from clip_italian.world.statements import Statement


def proper_noun_caption(names: Names, rng: np.random.Generator) -> str:
    """A caption of names only, which says nothing about its picture: "Giuseppe Verdi, Teatro alla Scala, Milano"."""
    person = f"{pick(rng, names.first)} {pick(rng, names.family)}"
    parts = (
        (person,), (person, pick(rng, names.cities)), (pick(rng, names.landmarks),), (person, pick(rng, names.landmarks)),
        (pick(rng, names.landmarks), pick(rng, names.cities)), (person, pick(rng, names.landmarks), pick(rng, names.cities)),
    )  # fmt: skip
    return ", ".join(pick(rng, parts))


def foreign_caption(statement: Statement, language: str, rng: np.random.Generator) -> str:
    """The statement in English, or its things alone in another of the languages of the rows that are left out.

    Raises KeyError for a language that none of them has.
    """
    if language == "en":
        return say_english(statement, rng)
    return french.things(statement) if language == "fr" else languages.of(language).things(statement)
