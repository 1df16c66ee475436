"""The drawings of all nouns, and the areas on, in or under them where other things can be."""

from clip_italian.world.shapes import animals, things, vehicles
from clip_italian.world.shapes.parts import Point, Shape

SHAPES: dict[str, Shape] = animals.SHAPES | things.PLANTS | vehicles.SHAPES | things.SHAPES

# Left end, right end and y of the surface for other things, in the units of the drawing.
_SURFACES: dict[str, tuple[float, float, float]] = {
    "chair": (14, 76, 56),
    "table": (14, 106, 12),
    "car": (36, 76, 5),
    "house": (34, 66, 8),
    "box": (14, 86, 26),
    "elephant": (56, 84, 13),
    "horse": (52, 84, 38),
    "cow": (46, 88, 31),
    "tree": (34, 66, 5),
    "hat": (36, 84, 7),
    "turtle": (36, 76, 12),
    "book": (14, 66, 7),
}
# The front wall, which covers things inside.
_FRONTS: dict[str, tuple[Point, ...]] = {
    "box": ((-10, 47), (4, 47), (12, 34), (88, 34), (96, 47), (110, 47), (110, 110), (-10, 110)),
    "boat": ((-10, 68), (110, 68), (110, 110), (-10, 110)),
    "cup": ((-10, 38), (6, 38), (20, 45), (40, 47), (60, 45), (74, 38), (110, 38), (110, 110), (-10, 110)),
    "backpack": ((-10, 40), (20, 40), (50, 45), (80, 40), (110, 40), (110, 110), (-10, 110)),
}
# Left end, right end, top and bottom of the opening.
_MOUTHS: dict[str, tuple[float, float, float, float]] = {
    "box": (18, 82, 27, 60),
    "boat": (20, 80, 68, 90),
    "cup": (12, 68, 37, 60),
    "backpack": (24, 76, 40, 64),
}
_SHELTERS: dict[str, tuple[float, float, float, float]] = {"table": (18, 102, 28, 74)}

Rectangle = tuple[float, float, float, float]


def _unit(noun: str, left: float, top: float, right: float, bottom: float) -> Rectangle:
    return SHAPES[noun].place(left, top) + SHAPES[noun].place(right, bottom)


# The same in fractions of the noun's box: (left, top, right, bottom), seen unmirrored.
SURFACES = {noun: _unit(noun, left, y, right, y) for noun, (left, right, y) in _SURFACES.items()}
MOUTHS = {noun: _unit(noun, left, top, right, bottom) for noun, (left, right, top, bottom) in _MOUTHS.items()}
SHELTERS = {noun: _unit(noun, left, top, right, bottom) for noun, (left, right, top, bottom) in _SHELTERS.items()}
FRONTS = {noun: tuple(SHAPES[noun].place(*point) for point in points) for noun, points in _FRONTS.items()}
