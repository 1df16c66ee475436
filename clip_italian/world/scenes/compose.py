"""Draws scenes at random, or of which a given statement is true, as pure functions of seed, stream, level and number."""

import functools

import numpy as np

from clip_italian.world.drawing.render import STYLES, UNSEEN_STYLE
from clip_italian.world.scenes import levels
from clip_italian.world.scenes.layout import Group, between, choose, place, stacked, things_of
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import GROUNDS, RELATIONS, UNSEEN_NOUNS, Phrase, Statement, pick
from clip_italian.world.shapes.every import SHELTERS

ONE_GROUP, RELATED = 0.68, 0.27  # shares of scenes; the others have two groups without a relation
COUNTS = (1, 1, 1, 1, 1, 2, 2, 3, 4)  # of a lone group, equally likely
PAIRED_COUNTS = (1, 1, 1, 2, 2, 3)  # of each of two groups
# Width over height of the image: 64, 66 and 68 pixels at a height of 64, so that the central square, which the models see, loses
# hardly anything that captions mention.
ASPECTS = (1.0, 1.03125, 1.0625)
LIGHTS = (0.88, 1.0)
CLUTTER = 6  # the largest number of marks


Things = list[tuple[Thing, ...]]  # by group


def compose(seed: int, index: int, level: str, purpose: int) -> Scene:
    """Scene `index` of the stream (seed, purpose) at a level of `levels.LEVEL_KEYS`."""
    rng = _generator(seed, index, level, purpose)
    aspect = choose(rng, ASPECTS)
    alone = rng.random() < ONE_GROUP
    relation = choose(rng, RELATIONS) if not alone and rng.random() < RELATED / (1 - ONE_GROUP) else None
    while True:  # until the things fit; the kind of scene is kept, so that its share is as stated
        groups = (_one_group(rng, level),) if alone else _two_groups(rng, level, relation)
        boxes = place(rng, groups, relation, aspect)
        if boxes is not None:
            things = [things_of(group, placed, aspect) for group, placed in zip(groups, boxes, strict=True)]
            return _scene(rng, seed, index, level, purpose, aspect, things, relation)


def compose_single(seed: int, index: int, noun: str, colour: str, level: str, purpose: int) -> Scene:
    """A scene of one clearly visible thing; the level determines the drawing style only."""
    rng = _generator(seed, index, level, purpose)
    aspect = choose(rng, ASPECTS)
    group = Group(noun, colour, "large", 1, rng.random() < 0.5)
    boxes = place(rng, (group,), None, aspect)
    if boxes is None:
        raise ValueError(f"{noun} does not fit an image of aspect {aspect}")
    return _scene(rng, seed, index, level, purpose, aspect, [things_of(group, boxes[0], aspect)], None)


def _generator(seed: int, index: int, level: str, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, levels.LEVEL_KEYS.index(level), index])


def _scene(
    rng: np.random.Generator, seed: int, index: int, level: str, purpose: int, aspect: float, things: Things, relation: str | None
) -> Scene:
    style = UNSEEN_STYLE if level == "style" else choose(rng, STYLES[:-1])
    return Scene(
        seed=seed,
        index=index,
        **stacked(things),
        relation=relation,
        ground=choose(rng, GROUNDS),
        light=round(between(rng, *LIGHTS), 3),
        style=style,
        clutter=choose(rng, range(CLUTTER + 1)),
        aspect=aspect,
        purpose=purpose,
        level=level,
    )


def _colour(rng: np.random.Generator, level: str, noun: str, held_out: bool) -> str:
    return choose(rng, levels.held_out_colours(noun) if held_out else levels.colours_of(level, noun))


def _one_group(rng: np.random.Generator, level: str) -> Group:
    noun = choose(rng, UNSEEN_NOUNS if level == "noun" else levels.nouns_of(level))
    count = choose(rng, COUNTS)
    size = choose(rng, ("small", "medium", "large", "large", "large") if count == 1 else ("small", "medium"))
    colour = _colour(rng, level, noun, level == "composition")
    return Group(noun, colour, size, count, rng.random() < 0.5)


def _two_groups(rng: np.random.Generator, level: str, relation: str | None) -> tuple[Group, ...]:
    nouns = _nouns(rng, level, relation)
    held_out = [False, False]
    if level == "composition" and (nouns[0], relation, nouns[1]) not in levels.HELD_OUT_TRIPLES:
        held_out[choose(rng, (0, 1))] = True
    colours = [_colour(rng, level, noun, odd) for noun, odd in zip(nouns, held_out, strict=True)]
    sizes, counts = _sizes(rng, relation, nouns[1]), _counts(rng, relation, nouns[1])
    if nouns[0] == nouns[1] and colours[0] == colours[1]:
        return _two_groups(rng, level, relation)  # they would be one group
    groups = (
        Group(noun, colour, size, count, rng.random() < 0.5)
        for noun, colour, size, count in zip(nouns, colours, sizes, counts, strict=True)
    )
    return tuple(groups)


def _nouns(rng: np.random.Generator, level: str, relation: str | None) -> tuple[str, str]:
    """Two nouns that make sense in the relation and that the level allows."""
    held_out = [triple for triple in levels.HELD_OUT_TRIPLES if triple[1] == relation]
    if level == "composition" and held_out and rng.random() < 0.5:
        first, _, second = choose(rng, tuple(held_out))
        return first, second
    firsts, seconds = _suitable(level, relation)
    while True:
        first, second = choose(rng, firsts), choose(rng, seconds)
        if levels.allowed_triple(level, first, relation, second):
            return first, second


@functools.cache
def _suitable(level: str, relation: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nouns of the level that make sense as the first and the second of the relation."""
    nouns = levels.nouns_of(level)
    firsts = tuple(noun for noun in levels.ROLES[relation][0] if noun in (UNSEEN_NOUNS if level == "noun" else nouns))
    seconds = tuple(noun for noun in levels.ROLES[relation][1] if noun in nouns)
    return firsts or UNSEEN_NOUNS, seconds  # at level "noun" even a bottle may fly


def _holds_up(relation: str | None, holder: str) -> bool:
    return relation in ("on", "inside") or (relation == "below" and holder in SHELTERS)


def _sizes(rng: np.random.Generator, relation: str | None, holder: str) -> tuple[str, str]:
    if relation == "inside":
        return choose(rng, ("small", "medium")), "large"
    if _holds_up(relation, holder):
        return choose(rng, ("small", "medium", "medium")), "large"
    return choose(rng, ("small", "medium")), choose(rng, ("small", "medium"))


def _counts(rng: np.random.Generator, relation: str | None, holder: str) -> tuple[int, int]:
    if relation == "inside":
        return 1, 1
    if _holds_up(relation, holder):
        return choose(rng, (1, 1, 1, 2)), 1
    return choose(rng, PAIRED_COUNTS), choose(rng, PAIRED_COUNTS)


ASPECT = 1.0625  # the widest images, which have the most room
HOLDER_SIZES = {"on": ("medium", "large"), "inside": ("small", "large")}  # of both groups; the holder is larger


def stage(statement: Statement, seed: int, index: int, purpose: int, size: str = "medium") -> Scene:
    """A scene of seen things with the nouns, colours, counts, sizes and relation of a statement.

    All else is random, also the position of a lone thing. Things have the size `size` unless the statement or the relation
    determines it. Raises ValueError if the things do not fit into an image.
    """
    rng = np.random.default_rng([seed, purpose, index])
    sizes = _sizes_for(statement, size)
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


def _sizes_for(statement: Statement, size: str) -> tuple[str, str]:
    if statement.relation == "below" and statement.phrases[1].noun in SHELTERS:
        return HOLDER_SIZES["inside"]
    return HOLDER_SIZES.get(statement.relation or "", (size, size))


def _group(phrase: Phrase, size: str, rng: np.random.Generator) -> Group:
    colour = phrase.colour or pick(rng, levels.colours_of("seen", phrase.noun))
    return Group(phrase.noun, colour, phrase.size or size, phrase.count or 2, bool(rng.random() < 0.5))
