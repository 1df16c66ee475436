"""Scenes that differ from a given scene in one thing, so that its full description is false of them."""

import dataclasses
import itertools
import typing
from collections.abc import Iterator

import numpy as np

from clip_italian.world.scenes.layout import EDGE, Group, extent, place, stacked, things_of
from clip_italian.world.scenes.levels import ROLES, allowed_triple, colours_of, nouns_of
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import UNSEEN_NOUNS
from clip_italian.world.scenes.truth import full_statement, holds
from clip_italian.world.shapes.every import SHELTERS, Rectangle

STEPS = 9  # positions along each axis that are tried for one more thing
_OTHER_RELATIONS = {
    "on": ("beside", "left_of"),
    "inside": ("beside", "left_of"),
    "beside": ("above", "below"),
    "left_of": ("above", "below"),
    "above": ("beside", "below"),
    "below": ("beside", "above"),
    None: (),
}
DIFFERENCES = ("noun", "colour", "count", "relation", "left_right", "position", "several")


def near_misses(scene: Scene, k: int) -> list[Scene]:
    """Up to `k` variants of the scene with its level, ground and style; a pure function of the scene.

    Each has another colour or noun of one group, another count, exchanged roles, another relation or another position; these kinds
    take turns.
    """
    rng = np.random.default_rng([scene.seed, scene.purpose, scene.index, 2])
    kinds = [_colours(scene, rng), _nouns(scene, rng), _counts(scene)]
    kinds += [_roles(scene), _relations(scene, rng), _places(scene)]
    first = int(rng.integers(len(kinds)))  # so that all kinds occur even with one near miss a scene
    kinds = kinds[first:] + kinds[:first]
    truth = full_statement(scene)
    found: list[Scene] = []
    while kinds and len(found) < k:
        kind = kinds.pop(0)
        other = next((other for other in kind if not holds(truth, other) and other not in found), None)
        if other is not None:
            found.append(other)
            kinds.append(kind)
    return [dataclasses.replace(other, variant=number) for number, other in enumerate(found, 1)]


def difference(scene: Scene, other: Scene) -> str:
    """The difference between a scene and a near miss, or between two near misses, one of DIFFERENCES."""
    mine, its = _summary(scene), _summary(other)
    if (scene.relation, other.relation) == ("left_of", "left_of") and mine == its[::-1]:
        return "left_right"
    changed = {kind for one, two in zip(mine, its, strict=True) for kind in one if one[kind] != two[kind]}
    changed |= {"relation"} if scene.relation != other.relation else set()
    return "several" if len(changed) > 1 else changed.pop() if changed else "position"


def _summary(scene: Scene) -> list[dict[str, typing.Any]]:
    groups = [_group(scene, number) for number in range(len(scene.groups))]
    return [{"noun": group.noun, "colour": group.colour, "count": group.count} for group in groups]


def _with(scene: Scene, number: int, **changes: typing.Any) -> Scene:
    """The scene with changes to all things of one group."""
    things = tuple(
        dataclasses.replace(thing, **changes) if index in scene.groups[number] else thing
        for index, thing in enumerate(scene.things)
    )
    return dataclasses.replace(scene, things=things)


def _first(scene: Scene, number: int) -> Thing:
    return scene.things[scene.groups[number][0]]


def _colours(scene: Scene, rng: np.random.Generator) -> Iterator[Scene]:
    options = [
        (number, colour)
        for number in range(len(scene.groups))
        for colour in colours_of(scene.level, _first(scene, number).noun)
        if all(colour != _first(scene, other).colour for other in range(len(scene.groups)))
    ]
    for index in rng.permutation(len(options)).tolist():
        yield _with(scene, options[index][0], colour=options[index][1])


def _nouns(scene: Scene, rng: np.random.Generator) -> Iterator[Scene]:
    """Variants with another noun. A thing that holds others keeps its noun."""
    held = scene.relation in ("on", "inside") or (scene.relation == "below" and _first(scene, 1).noun in SHELTERS)
    numbers = (0,) if held else range(len(scene.groups))
    options = [(number, noun) for number in numbers for noun in nouns_of(scene.level) if _suits(scene, number, noun)]
    for index in rng.permutation(len(options)).tolist():
        number, noun = options[index]
        things = list(scene.things)
        for place_of in scene.groups[number]:
            things[place_of] = _refit(things[place_of], noun, scene.aspect)
        if _fits(things, held) and not (scene.relation == "inside" and _sunk(scene, things)):
            yield dataclasses.replace(scene, things=tuple(things))


def _fits(things: list[Thing], held: bool) -> bool:
    """Whether all things are inside the image and, unless one holds the others, do not touch."""
    boxes = [thing.box for thing in things]
    inside = all(box[0] >= 0 and box[1] >= EDGE / 2 and box[2] <= 1 for box in boxes)
    return inside and (held or all(_apart(*pair, 0.0) for pair in itertools.combinations(boxes, 2)))


def _sunk(scene: Scene, things: list[Thing]) -> bool:
    """Whether a container hides more of its content than before."""
    return things[-1].box[1] > scene.things[-1].box[1] + EDGE


def _suits(scene: Scene, number: int, noun: str) -> bool:
    """Whether the noun can replace that of a group at the scene's level."""
    names = [_first(scene, other).noun for other in range(len(scene.groups))]
    if noun in names or (names[number] in UNSEEN_NOUNS) != (noun in UNSEEN_NOUNS):
        return False
    names[number] = noun
    if _first(scene, number).colour not in colours_of(scene.level, noun):
        return False
    fits = noun in ROLES[scene.relation][number]
    return len(names) == 1 or (fits and allowed_triple(scene.level, names[0], scene.relation, names[1]))


def _refit(thing: Thing, noun: str, aspect: float) -> Thing:
    """The thing with another noun, and the same longer side and bottom."""
    left, top, right, bottom = thing.box
    width, height = extent(noun, max((right - left) * aspect, bottom - top))
    middle, half = (left + right) / 2, width / aspect / 2
    box = (round(middle - half, 4), round(bottom - height, 4), round(middle + half, 4), bottom)
    return dataclasses.replace(thing, noun=noun, box=box)


def _counts(scene: Scene) -> Iterator[Scene]:
    """Variants with one thing fewer, or one more if there is room."""
    for group in scene.groups:
        if len(group) > 1:
            yield _without(scene, group[-1])
    if len(scene.groups) == 1 and len(scene.things) < 4:
        thing = scene.things[-1]
        for box in _free(scene, thing):
            more = (*scene.things, dataclasses.replace(thing, box=box))
            yield dataclasses.replace(scene, things=more, groups=(tuple(range(len(more))),))


def _without(scene: Scene, gone: int) -> Scene:
    things = scene.things[:gone] + scene.things[gone + 1 :]
    groups = tuple(tuple(index - (index > gone) for index in group if index != gone) for group in scene.groups)
    return dataclasses.replace(scene, things=things, groups=groups)


def _free(scene: Scene, thing: Thing) -> Iterator[Rectangle]:
    """Yields boxes of the thing's size that touch no other, from the top left."""
    width, height = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
    for top in np.linspace(EDGE, 1 - EDGE - height, STEPS).round(4).tolist():
        for left in np.linspace(EDGE, 1 - EDGE - width, STEPS).round(4).tolist():
            box = (left, top, round(left + width, 4), round(top + height, 4))
            if all(_apart(box, other.box, EDGE) for other in scene.things):
                yield box


def _apart(box: Rectangle, other: Rectangle, gap: float) -> bool:
    """Whether the boxes are at least `gap` apart, horizontally or vertically."""
    across = max(box[0], other[0]) - min(box[2], other[2])
    down = max(box[1], other[1]) - min(box[3], other[3])
    return max(across, down) >= gap


def _roles(scene: Scene) -> Iterator[Scene]:
    """The variant of `left_of` with exchanged nouns: positions are mirrored, things are not."""
    if scene.relation == "left_of":
        things = tuple(
            dataclasses.replace(thing, box=(round(1 - thing.box[2], 4), thing.box[1], round(1 - thing.box[0], 4), thing.box[3]))
            for thing in scene.things
        )
        groups = (scene.groups[1], scene.groups[0])
        yield dataclasses.replace(scene, things=things, groups=groups)


def _group(scene: Scene, number: int) -> Group:
    thing = _first(scene, number)
    return Group(thing.noun, thing.colour, thing.size, len(scene.groups[number]), thing.mirrored)


def _relations(scene: Scene, rng: np.random.Generator) -> Iterator[Scene]:
    """Variants with the same things in another relation."""
    groups = tuple(_group(scene, number) for number in range(len(scene.groups)))
    for relation in _OTHER_RELATIONS[scene.relation]:
        boxes = place(rng, groups, relation, scene.aspect)
        if boxes is not None:
            things = [things_of(group, placed, scene.aspect) for group, placed in zip(groups, boxes, strict=True)]
            yield dataclasses.replace(scene, relation=relation, **stacked(things))


def _places(scene: Scene) -> Iterator[Scene]:
    """Variants of a single thing at another position."""
    if len(scene.things) == 1:
        thing = scene.things[0]
        width, height = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
        for x, y in (
            (EDGE, 0.5 - height / 2),
            (1 - EDGE - width, 0.5 - height / 2),
            (0.5 - width / 2, EDGE),
            (0.5 - width / 2, 1 - EDGE - height),
        ):
            box = (round(x, 4), round(y, 4), round(x + width, 4), round(y + height, 4))
            yield dataclasses.replace(scene, things=(dataclasses.replace(thing, box=box),))
