"""Draws random true statements about scenes, which languages then put into words."""

import dataclasses

import numpy as np

from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import POSITIONS, Phrase, Statement, pick
from clip_italian.world.scenes.truth import holds

# The six queries of the gallery of the 2021 study.
GALLERY = (
    Statement((Phrase("flower", "yellow"),)),
    Statement((Phrase("flower", "blue"),)),
    Statement((Phrase("cat"),)),
    Statement((Phrase("cat", count=2),)),
    Statement((Phrase("horse", "brown", count=2),)),
    Statement((Phrase("cat"), Phrase("chair")), relation="on"),
)

# The probabilities with which a caption mentions something.
COLOUR_SHARE = 0.45
SIZE_SHARE = 0.25
COUNT_SHARE = 0.75  # an exact number rather than a plural
BOTH_GROUPS_SHARE = 0.75
RELATION_SHARE = 0.9
POSITION_SHARE = 0.2
GROUND_SHARE = 0.2  # half of it with both groups


def describe(scene: Scene, rng: np.random.Generator) -> Statement:
    """A random true statement (truth.holds) about one or both groups of a scene."""
    both = len(scene.groups) == 2 and rng.random() < BOTH_GROUPS_SHARE
    chosen = (0, 1) if both else (int(rng.integers(len(scene.groups))),)
    alike = len({scene.things[scene.groups[group][0]].noun for group in chosen}) < len(chosen)
    phrases = tuple(_phrase(scene, group, alike, rng) for group in chosen)
    relation = scene.relation if both and rng.random() < RELATION_SHARE else None
    position = None if both or rng.random() > POSITION_SHARE else _position(scene, phrases, rng)
    ground = scene.ground if rng.random() < GROUND_SHARE / len(phrases) else None
    return Statement(phrases, relation, position, ground)


def _phrase(scene: Scene, group: int, alike: bool, rng: np.random.Generator) -> Phrase:
    """A phrase about a group; with `alike`, both groups have the same noun and the colour must be stated."""
    first, number = scene.things[scene.groups[group][0]], len(scene.groups[group])
    colour = first.colour if alike or rng.random() < COLOUR_SHARE else None
    size = first.size if first.size != "medium" and rng.random() < SIZE_SHARE else None
    exact = Phrase(first.noun, colour, size, number)
    if number == 1 or (rng.random() < COUNT_SHARE and holds(Statement((exact,)), scene)):
        return exact
    return dataclasses.replace(exact, count=None)


def _position(scene: Scene, phrases: tuple[Phrase, ...], rng: np.random.Generator) -> str | None:
    true = [position for position in POSITIONS if holds(Statement(phrases, position=position), scene)]
    return pick(rng, true) if true else None
