"""Drawings of clothes in a frame of 100 x 100 units, each with one of two details.

Parts filled with "main" are cloth, which has the product's pattern.
"""

from collections.abc import Callable

from clip_italian.world.shapes.parts import Part, Point, blob, curve, dot, mirrored, path, poly, stroke

Drawing = tuple[Part, ...]
Drawn = tuple[Callable[[bool], Drawing], bool, bool]


def _sleeves(long: bool, wide: float = 0.0) -> Drawing:
    if long:
        return mirrored(poly("main", (34, 13), (25, 18), (15 - wide, 46), (6 - wide, 80), (18, 84), (26, 60), (34, 44)))
    return mirrored(poly("main", (34, 13), (25, 18), (7, 38), (20, 50), (34, 38)))


def _cuffs(fill: str, wide: float = 0.0) -> Drawing:
    return mirrored(poly(fill, (6 - wide, 80), (18, 84), (16.5, 92), (5 - wide, 88)))


def _torso(*neck: Point, hem: float = 90) -> Part:
    """A torso with the neckline `neck`, from right to left."""
    return poly("main", (26, 17), (29, 44), (28, hem), (72, hem), (71, 44), (74, 17), *neck)


def _t_shirt(long: bool) -> Drawing:
    neck = ((62, 12), (57, 20), (50, 23), (43, 20), (38, 12))
    return (*_sleeves(long), _torso(*neck), curve("shade", 3.5, *neck))


def _shirt(long: bool) -> Drawing:
    buttons = (dot("spot", 50, y, 2.2) for y in (36, 50, 64, 78))
    return (
        *_sleeves(long),
        *(_cuffs("tint") if long else ()),
        blob("main", *path("26,17 29,44 28,70 28,86 38,93 50,88 62,93 72,86 72,70 71,44 74,17 60,13 50,22 40,13")),
        poly("shade", (46, 24), (54, 24), (54, 88.5), (46, 88.5)),
        *buttons,
        *mirrored(poly("tint", (50, 25), (38, 10), (31, 16), (40, 34))),
        poly("ink", (40, 11), (60, 11), (50, 24)),
    )


def _ribs(top: float, low: float, *columns: float) -> Drawing:
    return tuple(stroke("ink", 1.6, (x, top), (x, low), edged=False) for x in columns)


def _sweater(high: bool) -> Drawing:
    knitted = (
        *_sleeves(True, 3),
        *_cuffs("shade", 3),
        _torso(*((60, 13), (40, 13)) if high else ((63, 11), (50, 38), (37, 11)), hem=84),
        poly("shade", (28, 83), (72, 83), (70, 94), (30, 94)),
        *_ribs(84, 93, 36, 43, 50, 57, 64),
    )
    if high:
        return (*knitted, poly("shade", (37, 3), (63, 3), (64, 19), (36, 19)), *_ribs(4, 18, 43, 50, 57))
    return (*knitted, stroke("shade", 6, (63, 11), (50, 38), (37, 11)))


def _trousers(long: bool) -> Drawing:
    ankle, inner, outer = (96, 44, 24) if long else (56, 46, 21)
    legs = ((100 - outer, ankle), (100 - inner, ankle), (50, 38), (inner, ankle), (outer, ankle))
    return (
        poly("main", (32, 8), (68, 8), (74, 34), *legs, (26, 34)),
        poly("shade", (32, 5), (68, 5), (69, 13), (31, 13)),
        stroke("ink", 1.6, (50, 13), (50, 38), edged=False),
        *mirrored(curve("ink", 1.6, (31, 24), (37, 22), (40, 13), edged=False)),
        dot("spot", 50, 9, 2),
    )


def _skirt(long: bool) -> Drawing:
    hem, wide = (94, 36) if long else (60, 32)
    left = ((50 - wide * 0.7, (12 + hem) / 2), (50 - wide, hem - 3))
    right = ((50 + wide, hem - 3), (50 + wide * 0.7, (12 + hem) / 2))
    return (
        blob("main", (37, 12), *left, (50, hem + 3), *right, (63, 12), (50, 13)),
        *mirrored(curve("ink", 1.6, (45, 30), (43, hem - 14), (40, hem), edged=False)),
        *mirrored(curve("ink", 1.6, (38, 34), (50 - wide * 0.66, hem - 8), edged=False)),
        poly("shade", (36, 8), (64, 8), (65, 17), (35, 17)),
    )


def _dress(long: bool) -> Drawing:
    hem, wide = (97, 36) if long else (70, 31)
    skirt = ((30, (40 + hem) / 2), (50 - wide, hem - 3), (50, hem), (50 + wide, hem - 3), (70, (40 + hem) / 2))
    return (
        *mirrored(stroke("main", 5, (38, 4), (38, 18))),
        blob("main", (39, 40), *skirt, (61, 40)),
        *mirrored(curve("ink", 1.6, (44, 52), (41, hem - 6), edged=False)),
        poly("main", (33, 14), (42, 17), (50, 20), (58, 17), (67, 14), (64, 28), (61, 42), (39, 42), (36, 28)),
        poly("shade", (38.5, 38), (61.5, 38), (62.5, 45), (37.5, 45)),
    )


def _jacket(hooded: bool) -> Drawing:
    hood = (
        blob("main", (27, 22), (31, 6), (50, 0), (69, 6), (73, 22), (50, 30)),
        blob("ink", (37, 20), (40, 10), (50, 7), (60, 10), (63, 20), (50, 29)),
    )
    collar = mirrored(poly("shade", (50, 20), (40, 5), (33, 9), (33, 16), (46, 32)))
    return (
        *_sleeves(True, 3),
        *_cuffs("shade", 3),
        *(hood if hooded else ()),
        _torso((64, 12), (50, 24), (36, 12)),
        poly("shade", (28, 84), (72, 84), (72, 92), (28, 92)),
        *(() if hooded else collar),
        stroke("metal", 4, (50, 24), (50, 92)),
        *mirrored(stroke("ink", 2.4, (34, 72), (41, 58), edged=False)),
        *(mirrored(stroke("spot", 1.8, (45, 24), (44, 42), edged=False)) if hooded else ()),
    )


# The function that draws each kind, and its argument for each of the two details (products.DETAILS).
CLOTHES: dict[str, Drawn] = {
    "T-shirt": (_t_shirt, False, True),
    "shirt": (_shirt, False, True),
    "sweater": (_sweater, True, False),
    "trousers": (_trousers, False, True),
    "skirt": (_skirt, False, True),
    "dress": (_dress, False, True),
    "jacket": (_jacket, True, False),
}
