"""Places the things of one or two groups so that their relation is visible.

Lengths are in units of the image's height: x is from 0 to the image's aspect, y from 0 (top) to 1.
"""

import dataclasses
import typing
from collections.abc import Sequence

import numpy as np

from clip_italian.world.scenes.scene import Thing
from clip_italian.world.shapes.every import MOUTHS, SHAPES, SHELTERS, SURFACES, Rectangle

# The longer side of a thing. The ranges have gaps between them, so that sizes are distinguishable.
SIDES: dict[str, tuple[float, float]] = {"small": (0.29, 0.34), "medium": (0.40, 0.47), "large": (0.58, 0.74)}
ALONE = (0.70, 0.88)  # the longer side of a single large thing
EDGE = 0.02  # smallest distance of a thing to the image's edge
TRIES = 12
# The grids (columns, rows) for several equal things, by their number.
GRIDS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((1, 1),),
    2: ((2, 1), (2, 2)),
    3: ((2, 2), (3, 1)),
    4: ((2, 2), (3, 2)),
    5: ((3, 2),),
    6: ((3, 2),),
}

Placed = list[Rectangle]
Option = typing.TypeVar("Option")


@dataclasses.dataclass(frozen=True)
class Group:
    """`count` equal things; with `mirrored` they face right."""

    noun: str
    colour: str
    size: str
    count: int
    mirrored: bool = False


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A uniform random number, four times as fast as `rng.uniform`."""
    return low + (high - low) * rng.random()


def choose(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """A random option, all equally likely; faster than statements.pick, and with other results."""
    return options[int(len(options) * rng.random())]


def extent(noun: str, side: float) -> tuple[float, float]:
    """Returns the (width, height) of a noun's drawing whose longer side is `side`."""
    aspect = SHAPES[noun].aspect
    return (side, side / aspect) if aspect >= 1 else (side * aspect, side)


def within(table: dict[str, Rectangle], group: Group, box: Rectangle) -> Rectangle:
    """The noun's rectangle of a table (SURFACES, MOUTHS or SHELTERS), in the coordinates of `box`."""
    left, top, right, bottom = table[group.noun]
    if group.mirrored:
        left, right = 1 - right, 1 - left
    width, height = box[2] - box[0], box[3] - box[1]
    return box[0] + left * width, box[1] + top * height, box[0] + right * width, box[1] + bottom * height


def place(rng: np.random.Generator, groups: tuple[Group, ...], relation: str | None, aspect: float) -> list[Placed] | None:
    """Boxes for each group's things; None if they do not fit in TRIES random draws of sizes and positions."""
    for _ in range(TRIES):
        sides = [between(rng, *_sides(group, len(groups) == 1)) for group in groups]
        if len(groups) == 1:
            boxes = [_scattered(rng, groups[0], sides[0], aspect)]
        else:
            boxes = _related(rng, groups, sides, relation, aspect)
        if all(_inside(box, aspect) for placed in boxes for box in placed):
            return boxes
    return None


def _sides(group: Group, only: bool) -> tuple[float, float]:
    return ALONE if only and group.count == 1 and group.size == "large" else SIDES[group.size]


def things_of(group: Group, boxes: Placed, aspect: float) -> tuple[Thing, ...]:
    """The group's things with their boxes in fractions of the image."""
    fractions = [
        (round(left / aspect, 4), round(top, 4), round(right / aspect, 4), round(bottom, 4)) for left, top, right, bottom in boxes
    ]
    return tuple(Thing(group.noun, group.colour, group.size, box, group.mirrored) for box in fractions)


def stacked(things: list[tuple[Thing, ...]]) -> dict[str, typing.Any]:
    """`things` and `groups` of a scene: group 0 comes last, since it is on, in or in front of group 1."""
    back = things[1] if len(things) == 2 else ()
    front = tuple(range(len(back), len(back) + len(things[0])))
    return {"things": (*back, *things[0]), "groups": (front, tuple(range(len(back)))) if back else (front,)}


def _inside(box: Rectangle, aspect: float) -> bool:
    left, top, right, bottom = box
    return left >= EDGE and top >= EDGE and right <= aspect - EDGE and bottom <= 1 - EDGE


def _scattered(rng: np.random.Generator, group: Group, side: float, aspect: float) -> Placed:
    """Boxes of one group, each at a random position in its own cell."""
    width, height = extent(group.noun, side)
    columns, rows = choose(rng, GRIDS[group.count])
    across, down = (aspect - 2 * EDGE) / columns, (1 - 2 * EDGE) / rows
    if width > across or height > down:  # too large for a cell: a box off the image, so that it is drawn again
        return [_at(-1.0, -1.0, width, height)]
    placed = []
    for cell in sorted(rng.permutation(columns * rows)[: group.count].tolist()):
        row, column = divmod(cell, columns)
        left = EDGE + column * across + rng.random() * (across - width)
        top = EDGE + row * down + rng.random() * (down - height)
        placed.append(_at(left, top, width, height))
    return placed


def _at(left: float, top: float, width: float, height: float) -> Rectangle:
    return left, top, left + width, top + height


def _row(group: Group, side: float) -> tuple[float, float]:
    """The (width, height) of the group's things in a row."""
    width, height = extent(group.noun, side)
    return group.count * width + (group.count - 1) * 0.15 * width, height


def _spread(group: Group, side: float, left: float, bottom: float) -> Placed:
    """Boxes of the group's things in a row with the given lower left corner."""
    width, height = extent(group.noun, side)
    return [_at(left + number * 1.15 * width, bottom - height, width, height) for number in range(group.count)]


def _related(
    rng: np.random.Generator, groups: tuple[Group, ...], sides: list[float], relation: str | None, aspect: float
) -> list[Placed]:
    """Boxes of two groups in the relation, possibly partly off the image."""
    if relation in ("on", "inside") or (relation == "below" and groups[1].noun in SHELTERS):
        return _held(rng, groups, sides, relation, aspect)
    upright = relation in ("above", "below") or (relation is None and rng.random() < 0.5)
    first = 0 if relation in ("left_of", "above") else 1 if relation == "below" else choose(rng, (0, 1))
    order = (first, 1 - first)
    rows = [_row(groups[number], sides[number]) for number in order]
    arranged = (_stacked if upright else _abreast)(rng, rows, relation, aspect)
    boxes: list[Placed] = [[], []]
    for number, (left, bottom) in zip(order, arranged, strict=True):
        boxes[number] = _spread(groups[number], sides[number], left, bottom)
    return boxes


def _abreast(
    rng: np.random.Generator, rows: list[tuple[float, float]], relation: str | None, aspect: float
) -> list[tuple[float, float]]:
    """Lower left corners of two rows, the first left of the second."""
    (wide, tall), (wider, taller) = rows
    gap = between(rng, 0.03, 0.06) if relation == "beside" else between(rng, 0.05, 0.25)
    left = between(rng, EDGE, max(EDGE, aspect - EDGE - wide - gap - wider))
    bottom = between(rng, EDGE + max(tall, taller), 1 - EDGE)
    lift = 0.0 if relation == "beside" else between(rng, 0, 0.12)
    return [(left, bottom), (left + wide + gap, bottom - lift)]


def _stacked(
    rng: np.random.Generator, rows: list[tuple[float, float]], relation: str | None, aspect: float
) -> list[tuple[float, float]]:
    """Lower left corners of two rows, the first above the second without contact."""
    (wide, tall), (wider, taller) = rows
    gap = between(rng, 0.07, 0.16)
    top = between(rng, EDGE, max(EDGE, 1 - EDGE - tall - gap - taller))
    broad = max(wide, wider)
    middle = between(rng, EDGE + broad / 2, max(EDGE + broad / 2, aspect - EDGE - broad / 2))
    shift = between(rng, -0.2, 0.2) * min(wide, wider)
    return [
        (middle - wide / 2 + (shift if wide < wider else 0), top + tall),
        (middle - wider / 2 + (0 if wide < wider else shift), top + tall + gap + taller),
    ]


def _held(
    rng: np.random.Generator, groups: tuple[Group, ...], sides: list[float], relation: str | None, aspect: float
) -> list[Placed]:
    """Boxes of group 0 on, in or under the single thing of group 1."""
    held, holder = groups
    width, height = extent(holder.noun, sides[1])
    row, tall = _row(held, sides[0])
    box = _at(between(rng, EDGE, max(EDGE, aspect - EDGE - width)), 1 - EDGE - height, width, height)
    table = {"on": SURFACES, "inside": MOUTHS}.get(relation or "", SHELTERS)
    left, top, right, bottom = within(table, holder, box)
    base = {"on": top + 0.01, "inside": min(bottom, top + 0.42 * tall)}.get(relation or "", box[3])
    roomy = relation == "on" and held.count == 1
    if (row > (right - left) * 1.1 and not roomy) or (relation == "below" and base - tall < top):
        return [[(-1.0, -1.0, 0.0, 0.0)], [box]]
    # A row narrower than its support has a random position on it; a wider one is centred.
    play = max(0.0, right - left - row)
    start = (left + right - row) / 2 + between(rng, -0.5, 0.5) * play
    spread = _spread(held, sides[0], start, base)
    lift = between(rng, 0, max(0.0, min(b[1] for b in [*spread, box]) - EDGE))
    return [[_lifted(b, lift) for b in spread], [_lifted(box, lift)]]


def _lifted(box: Rectangle, lift: float) -> Rectangle:
    return box[0], box[1] - lift, box[2], box[3] - lift
