"""Scenes made to order, of which a given statement is true."""

import numpy as np

from clip_italian.world.drawing.render import STYLES
from clip_italian.world.scenes.layout import Group, place, stacked, things_of
from clip_italian.world.scenes.levels import colours_of
from clip_italian.world.scenes.scene import Scene
from clip_italian.world.scenes.statements import GROUNDS, Phrase, Statement, pick
from clip_italian.world.shapes.every import SHELTERS

ASPECT = 1.0625  # the widest images have the most room
SIZES = {"on": ("medium", "large"), "inside": ("small", "large")}  # what carries is larger than what it carries


def stage(statement: Statement, seed: int, index: int, purpose: int, size: str = "medium") -> Scene:
    """A scene of seen things that shows what the statement says of nouns, colours, counts, sizes and relation.

    All else is drawn at random, the place of a lone thing too. `size` is that of things about whose size nothing is said and
    nothing follows from the relation. Raises ValueError where it does not fit into an image.
    """
    rng = np.random.default_rng([seed, purpose, index])
    sizes = _sizes(statement, size)
    groups = tuple(_group(phrase, size, rng) for phrase, size in zip(statement.phrases, sizes, strict=False))
    boxes = place(rng, groups, statement.relation, ASPECT)
    if boxes is None:
        raise ValueError(f"no room for {statement}")
    things = [things_of(group, placed, ASPECT) for group, placed in zip(groups, boxes, strict=True)]
    return Scene(
        seed=seed,
        index=index,
        **stacked(things),
        relation=statement.relation,
        ground=pick(rng, GROUNDS),
        light=1.0,
        style=pick(rng, STYLES[:-1]),
        clutter=0,
        aspect=ASPECT,
        purpose=purpose,
    )


def _sizes(statement: Statement, size: str) -> tuple[str, str]:
    if statement.relation == "below" and statement.phrases[1].noun in SHELTERS:
        return SIZES["inside"]
    return SIZES.get(statement.relation or "", (size, size))


def _group(phrase: Phrase, size: str, rng: np.random.Generator) -> Group:
    colour = phrase.colour or pick(rng, colours_of("seen", phrase.noun))
    return Group(phrase.noun, colour, phrase.size or size, phrase.count or 2, bool(rng.random() < 0.5))
