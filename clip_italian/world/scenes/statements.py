"""Statements: the content of captions without their wording.

Captions are generated from statements, and statements are evaluated on scenes, so that all images of which a caption is true are
known.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from clip_italian.world.tables import words

Item = TypeVar("Item")


def pick(rng: np.random.Generator, options: Sequence[Item]) -> Item:
    """A random option, all equally likely; repeat an option to make it likelier."""
    return options[int(rng.integers(len(options)))]


# The identifiers of nouns, colours, ..., for all languages. Their order is that of classes, and random draws depend on it.
CLASS_NOUNS = words("""
cat, dog, horse, cow, fish, bird, butterfly, rabbit, turtle, elephant, flower, tree, mushroom, apple, banana, house, chair, table,
box, boat, car, bicycle, plane, umbrella, hat, key, clock, cup, lamp, backpack""")
UNSEEN_NOUNS = words("guitar, book, boot, bottle")  # the backbones know them, the study's pairs never do
NOUNS = CLASS_NOUNS + UNSEEN_NOUNS
COLOURS = words("black, white, grey, red, orange, yellow, green, light blue, blue, purple, pink, brown")
SIZES = ("small", "medium", "large")
RELATIONS = ("on", "above", "below", "beside", "inside", "left_of")  # a thing `on` another touches it, one `above` does not
POSITIONS = ("top", "bottom", "left", "right", "centre")
GROUNDS = ("white", "meadow", "sky", "sea", "room", "sand", "snow", "night")


@dataclasses.dataclass(frozen=True)
class Phrase:
    """Things of one noun: at least one if `count` is 1, two or more if it is None, else exactly `count`.

    `colour` and `size` None assert nothing.
    """

    noun: str
    colour: str | None = None
    size: str | None = None
    count: int | None = 1


@dataclasses.dataclass(frozen=True)
class Statement:
    """One or two phrases, with their relation, position and ground."""

    phrases: tuple[Phrase, ...]
    relation: str | None = None  # of phrases[0] to phrases[1], one of RELATIONS; None: none is asserted
    position: str | None = None  # of phrases[0], one of POSITIONS, from the viewer's perspective
    ground: str | None = None  # one of GROUNDS
