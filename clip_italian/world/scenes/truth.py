"""Evaluates statements on scenes, and draws random true statements."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import POSITIONS, Phrase, Statement, pick
from clip_italian.world.shapes.every import Rectangle

NEAR = 0.12  # the largest gap for `beside`, as a share of the image's width
TOUCH = 0.015  # the largest overlap of the boxes of separate things
INVERSES = {"above": "below", "below": "above", "beside": "beside"}

Unit = tuple[int, ...]  # the indices of the things that a phrase refers to together


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


def holds(statement: Statement, scene: Scene) -> bool:
    """Whether the statement is true of the scene.

    A phrase with count 1 refers to any one matching thing; other phrases refer to all matching things together.
    """
    if statement.ground is not None and statement.ground != scene.ground:
        return False
    choices = [_units(phrase, scene) for phrase in statement.phrases]
    if not all(choices):
        return False
    firsts = [unit for unit in choices[0] if statement.position is None or _stands(unit, statement.position, scene)]
    if len(choices) == 1:
        return bool(firsts)
    return any(
        _related(first, statement.relation, second, scene)
        for first in firsts
        for second in choices[1]
        if not set(first) & set(second)
    )


def full_statement(scene: Scene) -> Statement:
    """The full description of a scene: nouns, colours, counts, relation, ground, and the position of a single thing."""
    phrases = tuple(Phrase(scene.things[group[0]].noun, scene.things[group[0]].colour, None, len(group)) for group in scene.groups)
    position = None
    if len(scene.things) == 1:
        position = next((name for name in POSITIONS if _stands((0,), name, scene)), None)
    return Statement(phrases, scene.relation, position, scene.ground)


def describe(scene: Scene, rng: np.random.Generator) -> Statement:
    """A random true statement (truth.holds) about one or both groups of a scene."""
    both = len(scene.groups) == 2 and rng.random() < BOTH_GROUPS_SHARE
    chosen = (0, 1) if both else (int(rng.integers(len(scene.groups))),)
    alike = len({scene.things[scene.groups[group][0]].noun for group in chosen}) < len(chosen)
    phrases = tuple(_phrase(scene, group, alike, rng) for group in chosen)
    relation = scene.relation if both and rng.random() < RELATION_SHARE else None
    position = None if both or rng.random() > POSITION_SHARE else _true_position(scene, phrases, rng)
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


def _true_position(scene: Scene, phrases: tuple[Phrase, ...], rng: np.random.Generator) -> str | None:
    true = [position for position in POSITIONS if holds(Statement(phrases, position=position), scene)]
    return pick(rng, true) if true else None


def truth_matrix(statements: Sequence[Statement], scenes: Sequence[Scene]) -> Bool[np.ndarray, "statements scenes"]:
    """`holds` of every statement and scene, evaluated only for scenes with the statement's nouns and colours."""
    showing: dict[tuple[str, str | None], set[int]] = {}
    for column, scene in enumerate(scenes):
        for thing in scene.things:
            for colour in (None, thing.colour):
                showing.setdefault((thing.noun, colour), set()).add(column)
    rows: dict[Statement, Bool[np.ndarray, " scenes"]] = {}
    for statement in statements:
        if statement not in rows:
            row = rows[statement] = np.zeros(len(scenes), bool)
            found = (showing.get((phrase.noun, phrase.colour), set()) for phrase in statement.phrases)
            for column in set.intersection(*found):
                row[column] = holds(statement, scenes[column])
    return np.stack([rows[statement] for statement in statements]) if statements else np.zeros((0, len(scenes)), bool)


def _matches(phrase: Phrase, thing: Thing) -> bool:
    return thing.noun == phrase.noun and phrase.colour in (None, thing.colour) and phrase.size in (None, thing.size)


def _units(phrase: Phrase, scene: Scene) -> list[Unit]:
    """The units that the phrase can refer to; none if its count is wrong."""
    found = tuple(number for number, thing in enumerate(scene.things) if _matches(phrase, thing))
    if phrase.count == 1:
        return [(number,) for number in found]
    right = len(found) >= 2 if phrase.count is None else len(found) == phrase.count
    return [found] if right else []


def _stands(unit: Unit, position: str, scene: Scene) -> bool:
    """Whether every thing of the unit has its centre in the third of the image that `position` names."""
    for number in unit:
        left, top, right, bottom = scene.things[number].box
        x, y = (left + right) / 2, (top + bottom) / 2
        here = {
            "top": y <= 1 / 3,
            "bottom": y >= 2 / 3,
            "left": x <= 1 / 3,
            "right": x >= 2 / 3,
            "centre": 1 / 3 < x < 2 / 3 and 1 / 3 < y < 2 / 3,
        }
        if not here[position]:
            return False
    return True


def _related(first: Unit, relation: str | None, second: Unit, scene: Scene) -> bool:
    if relation is None:
        return True
    declared = _declared(first, second, scene)
    if declared in ("on", "inside") or _declared(second, first, scene) in ("on", "inside"):
        return relation == declared  # contact leaves no other relation
    if relation == declared or relation == INVERSES.get(_declared(second, first, scene) or ""):
        return True
    return _seen(_hull(first, scene), relation, _hull(second, scene))


def _declared(first: Unit, second: Unit, scene: Scene) -> str | None:
    """The scene's relation, if the units are parts of its groups 0 and 1, in this order."""
    if len(scene.groups) < 2 or not (set(first) <= set(scene.groups[0]) and set(second) <= set(scene.groups[1])):
        return None
    return scene.relation


def _hull(unit: Unit, scene: Scene) -> Rectangle:
    lefts, tops, rights, bottoms = zip(*(scene.things[number].box for number in unit), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _seen(first: Rectangle, relation: str, second: Rectangle) -> bool:
    """Whether two boxes are in the relation by their positions."""
    if relation == "below":
        return _seen(second, "above", first)
    across = (second[0] + second[2] - first[0] - first[2]) / 2
    down = (second[1] + second[3] - first[1] - first[3]) / 2
    if relation == "left_of":
        return first[2] <= second[0] + TOUCH and abs(across) > abs(down)
    if relation == "above":
        overlap = min(first[2], second[2]) - max(first[0], second[0])
        return first[3] <= second[1] + TOUCH and abs(down) > abs(across) and overlap > 0
    if relation == "beside":
        gap = max(first[0], second[0]) - min(first[2], second[2])
        level = min(first[3], second[3]) - max(first[1], second[1])
        return -TOUCH <= gap <= NEAR and level >= 0.5 * min(first[3] - first[1], second[3] - second[1])
    return False
