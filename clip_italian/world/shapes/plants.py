"""Flowers, trees, mushrooms and fruit: the part people name by its colour is large, stems and leaves keep theirs."""

import math

from clip_italian.world.shapes.parts import Shape, blob, curve, dot, oval, path, poly, shape

SHAPES: dict[str, Shape] = {
    "flower": shape(
        curve("leaf", 5, (50, 60), (51, 80), (50, 99)),
        blob("leaf", (50, 95), (57, 82), (72, 76), (67, 90)),
        blob("leaf", (50, 95), (43, 82), (28, 76), (33, 90)),
        *(
            oval("main", 50 + 23 * math.cos(a), 36 + 23 * math.sin(a), 18, 13, math.degrees(a))
            for a in (math.pi * (2 * k + 1) / 6 for k in range(6))
        ),
        oval("heart", 50, 36, 10, 10),
    ),
    "tree": shape(
        blob("wood", (43, 52), (57, 52), (57, 84), (64, 98), (36, 98), (43, 84)),
        blob("main", *path("50,2 68,6 76,18 90,28 90,46 78,60 62,60 50,66 38,60 22,60 10,46 10,28 24,18 32,6")),
        curve("shade", 4, (26, 30), (32, 38), (42, 36), edged=False),
        curve("shade", 4, (56, 22), (64, 28), (72, 24), edged=False),
        curve("shade", 4, (52, 48), (62, 52), (70, 46), edged=False),
    ),
    "mushroom": shape(
        blob("cream", (39, 48), (61, 48), (62, 76), (66, 88), (50, 91), (34, 88), (38, 76)),
        blob("main", *path("2,52 10,24 32,6 50,2 68,6 90,24 98,52 74,60 50,62 26,60")),
        *(oval("spot", x, y, size, size, edged=False) for x, y, size in ((50, 19, 7), (24, 34, 6.5), (76, 34, 6.5), (48, 45, 6))),
    ),
    "apple": shape(
        curve("wood", 6, (50, 28), (50, 16), (56, 4)),
        blob("leaf", (54, 20), (64, 6), (84, 4), (74, 20)),
        blob("main", *path("50,28 66,20 86,26 94,48 84,78 66,94 50,90 34,94 16,78 6,48 14,26 34,20")),
        oval("tint", 26, 44, 6, 12, 20, edged=False),
    ),
    "banana": shape(
        blob("main", *path("8,14 16,10 22,26 36,46 58,56 84,54 94,58 90,70 68,80 40,76 18,56 8,32")),
        curve("shade", 4, (16, 28), (26, 50), (46, 66), (70, 69), (86, 64), edged=False),
        poly("tyre", (5, 2), (14, 0), (17, 13), (8, 16)),
        dot("tyre", 93, 63, 6),
    ),
}
