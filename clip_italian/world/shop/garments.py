"""Drawings of clothes and accessories in a frame of 100 x 100 units, each with one of two details.

Parts filled with "main" are cloth, which has the product's pattern.
"""

from collections.abc import Callable

from clip_italian.world.shapes.parts import Part, Point, blob, curve, dot, mirrored, oval, path, poly, stroke

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


def _scarf(fringed: bool) -> Drawing:
    cut = 12 if fringed else 0  # the tails end higher where fringe hangs from them
    ends = ((31, 87 - cut), (51, 90 - cut)), ((60, 80 - cut), (80, 76 - cut))
    fringe = [
        stroke("shade", 2.4, (x, y), (x - 0.5, y + 14), edged=False)
        for (left, top), (right, low) in ends
        for step in range(4)
        for x, y in [(left + 1.2 + step * (right - left - 2.4) / 3, top + step * (low - top) / 3)]
    ]
    return (
        *(fringe if fringed else ()),
        poly("main", (50, 34), (68, 28), ends[1][1], ends[1][0]),
        poly("main", (36, 34), (57, 38), ends[0][1], ends[0][0]),
        blob("main", (14, 20), (24, 6), (50, 2), (76, 6), (86, 20), (74, 38), (48, 48), (24, 36)),
        blob("ink", (26, 18), (34, 10), (50, 8), (66, 10), (74, 18), (64, 25), (48, 30), (34, 26)),
        curve("ink", 1.6, (19, 30), (38, 40), (62, 35), (80, 26), edged=False),
        curve("ink", 1.6, (42, 47), (50, 42), (56, 36), edged=False),
    )


def _bag(strapped: bool) -> Drawing:
    if strapped:
        return (
            curve("shade", 3, (18, 60), (24, 24), (50, 2), (76, 24), (82, 60)),
            blob("main", (16, 56), (50, 54), (84, 56), (87, 76), (82, 95), (50, 97), (18, 95), (13, 76)),
            stroke("ink", 1.6, (15, 62), (50, 72), (85, 62), edged=False),
            oval("metal", 50, 73, 4.5, 4),
        )
    return (
        curve("shade", 4.5, (34, 42), (36, 22), (50, 16), (64, 22), (66, 42)),
        poly("main", (16, 38), (84, 38), (92, 92), (8, 92)),
        poly("shade", (16, 38), (84, 38), (85, 46), (15, 46)),
        *mirrored(oval("metal", 34, 44, 3, 3)),
    )


def _socks(long: bool) -> Drawing:
    top = 6 if long else 40

    def sock(x: float) -> Drawing:
        front, foot = ((x, top), (x + 20, top), (x + 19, 62), (x + 21, 80)), ((x + 14, 89), (x, 93), (x - 14, 95))
        toes = ((x - 20, 90), (x - 17, 83), (x - 5, 76), (x + 1, 62))
        return (
            blob("main", *front, *foot, *toes),
            blob("shade", (x - 20, 90), (x - 17, 83.5), (x - 10, 80), (x - 8, 88), (x - 9, 94.5), (x - 14, 95.5)),
            blob("shade", (x + 20, 69), (x + 21, 80), (x + 14, 89), (x + 11, 79)),
            poly("shade", (x - 1, top - 3), (x + 21, top - 3), (x + 20.5, top + 7), (x - 0.5, top + 7)),
        )

    return (*sock(68), *sock(28))


def _tie(wide: bool) -> Drawing:
    half = 21 if wide else 10
    return (
        poly("main", (47 - half * 0.1, 20), (53 + half * 0.1, 20), (50 + half, 82), (50, 97), (50 - half, 82)),
        poly("shade", (41 - half * 0.2, 3), (59 + half * 0.2, 3), (55 + half * 0.1, 21), (45 - half * 0.1, 21)),
    )


def _beanie(topped: bool) -> Drawing:
    ribs = (stroke("ink", 1.8, (x, 70), (x, 88), edged=False) for x in range(20, 84, 10))
    return (
        *((oval("tint", 50, 16, 14, 13),) if topped else ()),
        blob("main", (14, 72), (15, 52), (26, 32), (50, 24), (74, 32), (85, 52), (86, 72), (50, 76)),
        blob("shade", (10, 78), (13, 69), (50, 67), (87, 69), (90, 78), (87, 89), (50, 91), (13, 89)),
        *ribs,
    )


# The function that draws each kind, and its argument for each of the two details (products.DETAILS).
DRAWINGS: dict[str, Drawn] = {
    "T-shirt": (_t_shirt, False, True),
    "shirt": (_shirt, False, True),
    "sweater": (_sweater, True, False),
    "trousers": (_trousers, False, True),
    "skirt": (_skirt, False, True),
    "dress": (_dress, False, True),
    "jacket": (_jacket, True, False),
    "scarf": (_scarf, True, False),
    "bag": (_bag, True, False),
    "socks": (_socks, False, True),
    "tie": (_tie, False, True),
    "beanie": (_beanie, True, False),
}
