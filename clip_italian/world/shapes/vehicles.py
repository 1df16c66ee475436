"""Drawings of large things: house, furniture and vehicles."""

from clip_italian.world.shapes.parts import Shape, blob, curve, dot, oval, poly, ring, shape, stroke

SHAPES: dict[str, Shape] = {
    "house": shape(
        poly("shade", (70, 6), (82, 6), (82, 34), (70, 34)),
        poly("main", (14, 40), (86, 40), (86, 97), (14, 97)),
        poly("shade", (50, 4), (98, 44), (2, 44)),
        poly("wood", (42, 66), (58, 66), (58, 97), (42, 97)),
        dot("heart", 54, 82, 2.2),
        poly("glass", (20, 54), (34, 54), (34, 70), (20, 70)),
        poly("glass", (66, 54), (80, 54), (80, 70), (66, 70)),
        stroke("ink", 2, (27, 54), (27, 70), edged=False),
        stroke("ink", 2, (73, 54), (73, 70), edged=False),
    ),
    "chair": shape(
        poly("shade", (26, 60), (33, 60), (32, 88), (26, 88)),
        poly("shade", (66, 60), (72, 60), (72, 88), (67, 88)),
        poly("main", (14, 2), (22, 2), (24, 56), (16, 56)),
        poly("main", (58, 2), (66, 2), (66, 56), (58, 56)),
        poly("main", (14, 6), (66, 6), (66, 16), (14, 16)),
        poly("main", (16, 26), (66, 26), (66, 34), (16, 34)),
        poly("main", (20, 48), (70, 48), (84, 62), (6, 62)),
        poly("shade", (6, 62), (84, 62), (84, 68), (6, 68)),
        poly("main", (6, 68), (14, 68), (14, 99), (7, 99)),
        poly("main", (76, 68), (84, 68), (83, 99), (76, 99)),
    ),
    "table": shape(
        poly("shade", (22, 24), (29, 24), (28, 56), (23, 56)),
        poly("shade", (91, 24), (98, 24), (97, 56), (92, 56)),
        poly("main", (20, 2), (100, 2), (118, 18), (2, 18)),
        poly("shade", (2, 18), (118, 18), (118, 26), (2, 26)),
        poly("main", (5, 26), (15, 26), (13, 74), (6, 74)),
        poly("main", (105, 26), (115, 26), (114, 74), (107, 74)),
    ),
    "boat": shape(
        stroke("wood", 4, (50, 4), (50, 72)),
        blob("tint", (54, 6), (68, 22), (80, 44), (88, 62), (70, 63), (54, 62)),
        poly("tint", (46, 16), (46, 62), (14, 62)),
        poly("main", (2, 70), (98, 70), (84, 96), (18, 96)),
        stroke("shade", 5, (5, 76), (95, 76), edged=False),
    ),
    "car": shape(
        blob("main", (24, 30), (36, 6), (50, 3), (68, 5), (84, 30), (60, 36), (40, 36)),
        poly("glass", (32, 28), (40, 11), (52, 10), (52, 28)),
        poly("glass", (57, 28), (57, 10), (67, 11), (76, 28)),
        blob("main", (2, 48), (6, 34), (24, 28), (54, 28), (88, 28), (104, 34), (108, 48), (104, 56), (54, 57), (6, 56)),
        stroke("ink", 2, (55, 30), (55, 54), edged=False),
        stroke("ink", 2.4, (60, 37), (67, 37), edged=False),
        oval("heart", 5, 42, 4, 4),
        oval("shade", 105, 42, 3, 4),
        *(oval(fill, x, 57, size, size) for x in (27, 83) for fill, size in (("tyre", 12), ("metal", 5.5))),
    ),
    "bicycle": shape(
        ring("main", 5.5, 22, 54, 19),
        ring("main", 5.5, 92, 54, 19),
        *(
            stroke("metal", 1.4, *spoke, edged=False)
            for x in (22, 92)
            for spoke in (((x - 17, 54), (x + 17, 54)), ((x, 37), (x, 71)))
        ),
        stroke("main", 6, (54, 56), (92, 54), (74, 22), (54, 56), edged=False),
        stroke("main", 6, (54, 56), (34, 20), (73, 22), edged=False),
        stroke("main", 6, (22, 54), (37, 8), edged=False),
        curve("tyre", 5, (38, 6), (26, 2), (20, 8), edged=False),
        stroke("main", 5, (74, 22), (77, 8), edged=False),
        stroke("tyre", 7, (68, 5), (86, 6), edged=False),
        dot("tyre", 54, 56, 6),
        stroke("tyre", 3.6, (54, 56), (60, 68), (66, 68), edged=False),
    ),
    "plane": shape(
        poly("shade", (82, 28), (96, 2), (106, 2), (100, 34)),
        blob("shade", (52, 30), (72, 8), (80, 8), (68, 32)),
        blob("main", (2, 38), (14, 27), (40, 24), (80, 26), (108, 28), (104, 38), (76, 48), (40, 51), (14, 49)),
        poly("glass", (9, 34), (18, 29), (24, 29), (24, 36)),
        *(dot("glass", x, 34, 3.2) for x in (34, 44, 54, 64, 74)),
        poly("shade", (38, 42), (60, 42), (88, 70), (74, 70)),
        poly("shade", (90, 34), (104, 34), (114, 44), (104, 44)),
    ),
}
