"""Drawings of small things, and of plants."""

import math

from clip_italian.world.shapes.parts import Shape, blob, curve, dot, oval, path, poly, ring, shape, stroke

SHAPES: dict[str, Shape] = {
    "box": shape(
        poly("ink", (12, 34), (88, 34), (76, 20), (24, 20)),
        poly("tint", (12, 34), (24, 20), (8, 8), (-6, 22)),
        poly("tint", (88, 34), (76, 20), (92, 8), (106, 22)),
        poly("main", (12, 34), (88, 34), (86, 92), (14, 92)),
        poly("shade", (12, 34), (88, 34), (96, 48), (4, 48)),
        poly("cream", (44, 62), (72, 62), (72, 78), (44, 78)),
        stroke("ink", 2, (48, 67), (68, 67), edged=False),
        stroke("ink", 2, (48, 73), (62, 73), edged=False),
    ),
    "umbrella": shape(
        stroke("wood", 4.5, (50, 8), (50, 84)),
        curve("wood", 4.5, (50, 84), (53, 93), (61, 94), (65, 86)),
        stroke("tyre", 4, (50, 0), (50, 8)),
        blob("main", *path("2,48 10,24 30,9 50,5 70,9 90,24 98,48 82,44 66,49 50,44 34,49 18,44")),
        curve("ink", 2, (50, 6), (38, 24), (34, 48), edged=False),
        curve("ink", 2, (50, 6), (62, 24), (66, 48), edged=False),
    ),
    "hat": shape(
        oval("shade", 60, 60, 58, 12),
        blob("main", *path("26,58 28,30 34,10 48,4 60,9 72,4 86,10 92,30 94,58 60,66")),
        blob("spot", (26, 46), (60, 52), (93, 46), (94, 57), (60, 64), (26, 57)),
    ),
    "key": shape(
        stroke("main", 9, (38, 24), (106, 24)),
        stroke("main", 9, (102, 24), (102, 42)),
        stroke("main", 9, (84, 24), (84, 38)),
        ring("main", 11, 22, 24, 16),
    ),
    "clock": shape(
        stroke("main", 7, (28, 84), (20, 97)),
        stroke("main", 7, (72, 84), (80, 97)),
        *(oval("main", x, 16, 15, 11, turn) for x, turn in ((26, -36), (74, 36))),
        stroke("shade", 5, (50, 20), (50, 8)),
        oval("main", 50, 56, 38, 38),
        oval("paper", 50, 56, 24, 24),
        *(dot("pupil", x, y, 2.2) for x, y in ((50, 37), (69, 56), (50, 75), (31, 56))),
        stroke("pupil", 4, (50, 41), (50, 56), (62, 62), edged=False),
    ),
    "cup": shape(
        *(curve("steam", 4, (x, 26), (x - 4, 18), (x + 4, 11), (x, 2), edged=False) for x in (32, 48)),
        ring("main", 8, 76, 58, 15),
        blob("main", (6, 36), (40, 34), (74, 36), (73, 66), (66, 86), (52, 93), (28, 93), (14, 86), (7, 66)),
        oval("shade", 40, 37, 34, 9),
        oval("wood", 40, 38.5, 28, 5.5, edged=False),
    ),
    "lamp": shape(
        stroke("shade", 7, (50, 52), (50, 90)),
        oval("main", 50, 93, 25, 7),
        poly("main", (32, 4), (68, 4), (88, 54), (12, 54)),
        stroke("tint", 6, (36, 12), (24, 46), edged=False),
        stroke("tyre", 2, (68, 56), (68, 68), edged=False),
        dot("heart", 68, 70, 3.4),
    ),
    "backpack": shape(
        curve("shade", 6, (38, 12), (40, 2), (60, 2), (62, 12)),
        curve("shade", 9, (20, 34), (6, 52), (10, 82)),
        curve("shade", 9, (80, 34), (94, 52), (90, 82)),
        blob("main", *path("20,36 28,14 50,9 72,14 80,36 83,84 74,96 50,98 26,96 17,84")),
        curve("ink", 2.6, (20, 40), (50, 45), (80, 40), edged=False),
        blob("shade", (28, 60), (50, 57), (72, 60), (73, 84), (50, 88), (27, 84)),
        stroke("ink", 2.6, (32, 67), (68, 67), edged=False),
        poly("heart", (46, 40), (54, 40), (54, 52), (46, 52)),
    ),
    "guitar": shape(
        stroke("wood", 8, (50, 50), (50, 10)),
        poly("tyre", (43, -4), (57, -4), (56, 12), (44, 12)),
        blob("main", *path("50,44 64,44 70,54 66,66 78,80 74,100 50,106 26,100 22,80 34,66 30,54 36,44")),
        oval("tyre", 50, 70, 8.5, 8.5),
        stroke("wood", 5, (40, 92), (60, 92)),
        stroke("cream", 1.6, (48, 10), (48, 92), edged=False),
        stroke("cream", 1.6, (52, 10), (52, 92), edged=False),
    ),
    "book": shape(
        poly("main", (10, 12), (70, 2), (84, 78), (24, 90)),
        poly("paper", (24, 90), (84, 78), (92, 84), (90, 90), (30, 102), (23, 98)),
        poly("shade", (10, 12), (19, 10), (33, 88), (24, 90)),
        stroke("main", 5, (24, 90), (27, 102), (92, 90)),
        poly("cream", (32, 22), (62, 17), (65, 34), (35, 39)),
        stroke("ink", 2.4, (38, 28), (58, 25), edged=False),
    ),
    "boot": shape(
        blob("main", *path("34,6 72,6 72,40 74,66 76,86 50,88 10,88 4,78 12,66 32,58 36,40")),
        poly("tyre", (4, 86), (78, 86), (78, 98), (58, 98), (56, 93), (6, 93)),
        poly("shade", (31, 2), (75, 2), (75, 16), (31, 16)),
        curve("ink", 2.4, (56, 40), (58, 62), (70, 68), edged=False),
    ),
    "bottle": shape(
        blob("main", *path("38,12 62,12 62,32 70,44 76,54 76,94 50,99 24,94 24,54 30,44 38,32")),
        poly("wood", (39, 0), (61, 0), (61, 12), (39, 12)),
        poly("paper", (24, 60), (76, 60), (76, 80), (24, 80)),
        stroke("ink", 2.4, (34, 67), (66, 67), edged=False),
        stroke("ink", 2.4, (34, 73), (56, 73), edged=False),
        stroke("tint", 4, (45, 18), (45, 34), edged=False),
    ),
}


# Stems and leaves of plants have fixed colours; the part that has the named colour is large.
PLANTS: dict[str, Shape] = {
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
