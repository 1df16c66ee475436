"""Statements: the content of a caption, apart from its words.

Captions are made from statements and checked against scenes through statements, so a caption can be scored
against its own image and against every other image of which it happens to be true.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from clip_italian.world.tables import words

Item = TypeVar("Item")


def pick(rng: np.random.Generator, options: Sequence[Item]) -> Item:
    """One of `options`, all equally likely; repeat an option to make it likelier."""
    return options[int(rng.integers(len(options)))]


# The identifiers of what can be said, in every language. Their order is that of classes, and decides what is drawn at random.
CLASS_NOUNS = words("""
cat, dog, horse, cow, fish, bird, butterfly, rabbit, turtle, elephant, flower, tree, mushroom, apple, banana, house, chair, table,
box, boat, car, bicycle, plane, umbrella, hat, key, clock, cup, lamp, backpack""")
UNSEEN_NOUNS = words("guitar, book, boot, bottle")  # the backbones know them, the study's pairs never do
NOUNS = CLASS_NOUNS + UNSEEN_NOUNS
COLOURS = words("black, white, grey, red, orange, yellow, green, light blue, blue, purple, pink, brown")
SIZES = ("small", "medium", "large")
RELATIONS = ("on", "above", "below", "beside", "inside", "left_of")  # what is on something touches it, what is above does not
POSITIONS = ("top", "bottom", "left", "right", "centre")
GROUNDS = ("white", "meadow", "sky", "sea", "room", "sand", "snow", "night")


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
    position: str | None = None  # of phrases[0] in the image, one of POSITIONS, the viewer's left and right
    ground: str | None = None  # one of GROUNDS
