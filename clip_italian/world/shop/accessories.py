"""Drawings of accessories, in the same form as those of clothes."""

from clip_italian.world.shapes.parts import blob, curve, mirrored, oval, poly, stroke
from clip_italian.world.shop.garments import Drawing, Drawn


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


ACCESSORIES: dict[str, Drawn] = {
    "scarf": (_scarf, True, False),
    "bag": (_bag, True, False),
    "socks": (_socks, False, True),
    "tie": (_tie, False, True),
    "beanie": (_beanie, True, False),
}
