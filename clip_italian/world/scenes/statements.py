"""What a caption asserts about a picture, apart from its words.

Captions are made from statements and checked against scenes through statements, so a caption can be scored
against its own picture and against every other picture of which it happens to be true.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

CLASS_NOUNS = (
    "gatto",
    "cane",
    "cavallo",
    "mucca",
    "pesce",
    "uccello",
    "farfalla",
    "coniglio",
    "tartaruga",
    "elefante",
    "fiore",
    "albero",
    "fungo",
    "mela",
    "banana",
    "casa",
    "sedia",
    "tavolo",
    "scatola",
    "barca",
    "auto",
    "bicicletta",
    "aereo",
    "ombrello",
    "cappello",
    "chiave",
    "orologio",
    "tazza",
    "lampada",
    "zaino",
)
UNSEEN_NOUNS = ("chitarra", "libro", "stivale", "bottiglia")  # the backbones know them, the study's pairs never do
NOUNS = CLASS_NOUNS + UNSEEN_NOUNS
COLOURS = ("nero", "bianco", "grigio", "rosso", "arancione", "giallo", "verde", "azzurro", "blu", "viola", "rosa", "marrone")
SIZES = ("piccolo", "medio", "grande")
RELATIONS = ("su", "sopra", "sotto", "accanto", "dentro", "sinistra")  # su touches, sopra does not
POSITIONS = ("alto", "basso", "sinistra", "destra", "centro")
GROUNDS = ("bianco", "prato", "cielo", "mare", "stanza", "sabbia", "neve", "notte")


@dataclasses.dataclass(frozen=True)
class Phrase:
    """Things of one noun: at least one of them where `count` is 1, exactly `count` of them otherwise.

    `count` None is an unspecified plural: two or more. `colour` and `size` None assert nothing.
    """

    noun: str
    colour: str | None = None
    size: str | None = None
    count: int | None = 1


@dataclasses.dataclass(frozen=True)
class Statement:
    """One or two phrases, how the first stands to the second, and where all of it is."""

    phrases: tuple[Phrase, ...]
    relation: str | None = None  # of phrases[0] to phrases[1], one of RELATIONS; None: both are there
    position: str | None = None  # of phrases[0] in the picture, one of POSITIONS, the viewer's left and right
    ground: str | None = None  # one of GROUNDS


# Choices that a random generator makes.
Item = TypeVar("Item")


def pick(rng: np.random.Generator, options: Sequence[Item]) -> Item:
    """One of `options`, all equally likely; repeat an option to make it likelier."""
    return options[int(rng.integers(len(options)))]
