"""The ten animals, most of them seen from the side and looking to the left."""

from clip_italian.world.shapes_parts import blob, curve, dot, eye, mirrored, oval, poly, shape, stroke

GATTO = shape(
    curve("main", 9, (66, 90), (84, 91), (93, 80), (88, 66), (94, 56)),
    blob("main", (36, 48), (64, 48), (73, 76), (72, 96), (28, 96), (27, 76)),
    *mirrored(curve("ink", 2, (44, 96), (43, 88), (44, 78), edged=False)),
    *mirrored(poly("main", (24, 36), (20, 2), (46, 18)), poly("blush", (28, 26), (25, 11), (38, 19), edged=False)),
    oval("main", 50, 35, 29, 23),
    *mirrored(*eye(38, 32, 6), stroke("ink", 2, (31, 42), (6, 38), edged=False),
              stroke("ink", 2, (31, 45), (7, 49), edged=False)),
    poly("blush", (45, 40), (55, 40), (50, 46), edged=False),
    curve("ink", 2, (42, 48), (46, 51), (50, 46), (54, 51), (58, 48), edged=False),
)  # fmt: skip

CANE = shape(
    curve("main", 7, (84, 48), (95, 38), (97, 24)),
    poly("shade", (45, 60), (54, 60), (53, 94), (44, 94)),
    poly("shade", (68, 60), (77, 60), (76, 94), (67, 94)),
    blob("main", (34, 34), (52, 44), (80, 42), (90, 52), (86, 66), (66, 66), (48, 69), (32, 64), (26, 46)),
    poly("main", (31, 58), (42, 60), (41, 96), (30, 96)),
    poly("main", (78, 54), (90, 52), (89, 96), (79, 96)),
    blob("blush", (11, 40), (17, 41), (15, 54), (10, 53)),
    blob("main", (24, 12), (38, 16), (42, 30), (34, 42), (18, 43), (4, 40), (2, 32), (14, 26), (17, 16)),
    blob("shade", (34, 13), (45, 18), (49, 36), (44, 48), (36, 44), (34, 30)),
    *eye(24, 23, 4.5), dot("pupil", 4, 32, 5),
    stroke("orange", 5, (31, 46), (45, 52)),
)  # fmt: skip

CAVALLO = shape(
    curve("ink", 8, (88, 42), (97, 52), (95, 76), edged=False),
    poly("shade", (46, 58), (54, 58), (50, 98), (45, 98)), poly("shade", (72, 56), (80, 56), (78, 98), (73, 98)),
    blob("main", (16, 6), (30, 8), (42, 30), (62, 38), (86, 36), (93, 50), (86, 62), (64, 64), (40, 66), (32, 52),
         (28, 34), (22, 26), (8, 34), (2, 28), (8, 16)),
    poly("main", (34, 56), (44, 58), (40, 98), (34, 98)), poly("main", (82, 52), (92, 50), (90, 98), (84, 98)),
    poly("main", (18, 10), (20, -4), (27, 9)),
    curve("ink", 8, (24, 5), (33, 14), (40, 26), (47, 34), edged=False),
    *eye(16, 15, 3.5), dot("ink", 5, 28, 2),
    stroke("tyre", 5, (34.5, 97), (40, 97)), stroke("tyre", 5, (84.5, 97), (90, 97)),
)  # fmt: skip

MUCCA = shape(
    curve("main", 4, (92, 36), (98, 50), (97, 68)), dot("ink", 97, 71, 4.5),
    poly("shade", (46, 62), (55, 62), (54, 94), (47, 94)), poly("shade", (70, 62), (79, 62), (78, 94), (71, 94)),
    oval("blush", 66, 69, 9, 8),
    blob("main", (32, 32), (60, 30), (90, 30), (95, 44), (92, 66), (70, 68), (48, 68), (32, 64)),
    blob("spot", (50, 31), (66, 31), (66, 46), (56, 52), (48, 42), edged=False),
    blob("spot", (78, 44), (92, 46), (92, 60), (82, 62), (76, 54), edged=False),
    poly("main", (34, 58), (45, 58), (44, 96), (35, 96)), poly("main", (82, 56), (93, 56), (92, 96), (83, 96)),
    curve("cream", 5, (10, 24), (5, 18), (7, 9)), curve("cream", 5, (34, 24), (40, 18), (38, 9)),
    oval("main", 1, 31, 8, 4.5, 20), oval("main", 44, 31, 8, 4.5, -20),
    blob("main", (10, 20), (34, 20), (36, 38), (32, 54), (12, 54), (8, 38)),
    oval("blush", 22, 53, 14, 10), dot("pupil", 17, 53, 2.5), dot("pupil", 27, 53, 2.5),
    *eye(15, 34, 4.5), *eye(29, 34, 4.5),
)  # fmt: skip

PESCE = shape(
    poly("shade", (70, 34), (98, 12), (92, 34), (98, 58), (70, 38)),
    blob("shade", (30, 16), (46, 2), (62, 10), (64, 20)), blob("shade", (40, 54), (54, 68), (60, 52)),
    blob("main", (2, 36), (18, 18), (44, 11), (66, 22), (80, 35), (66, 49), (44, 60), (18, 54)),
    curve("ink", 2.4, (30, 18), (36, 34), (30, 54), edged=False),
    curve("shade", 3, (46, 24), (51, 31), (46, 38), edged=False),
    curve("shade", 3, (58, 28), (62, 35), (58, 42), edged=False),
    curve("shade", 3, (46, 40), (51, 46), (46, 52), edged=False),
    *eye(17, 31, 6), curve("ink", 2.4, (4, 42), (10, 44), (14, 42), edged=False),
)  # fmt: skip

UCCELLO = shape(
    stroke("orange", 3, (44, 74), (44, 92), edged=False), stroke("orange", 3, (56, 74), (56, 92), edged=False),
    stroke("orange", 3, (37, 92), (48, 92), edged=False), stroke("orange", 3, (50, 92), (60, 92), edged=False),
    poly("shade", (70, 46), (100, 36), (98, 52), (78, 66)),
    poly("orange", (16, 24), (-3, 32), (17, 38)),
    blob("main", (30, 8), (44, 16), (52, 30), (74, 42), (82, 56), (66, 74), (44, 76), (26, 66), (18, 44), (14, 26),
         (18, 14)),
    blob("shade", (44, 40), (62, 42), (88, 50), (74, 64), (56, 66), (44, 56)),
    *eye(26, 24, 5.5),
)  # fmt: skip

FARFALLA = shape(
    *mirrored(
        blob("main", (52, 40), (66, 12), (88, 2), (98, 14), (94, 36), (76, 50), (54, 50)),
        blob("shade", (54, 52), (74, 54), (86, 66), (82, 86), (68, 88), (56, 70)),
        oval("tint", 82, 22, 8, 9, edged=False), oval("tint", 72, 72, 6, 6, edged=False),
        curve("pupil", 2.4, (51, 28), (56, 14), (64, 6), edged=False), dot("pupil", 64, 6, 3)),
    oval("tyre", 50, 52, 5, 26), dot("tyre", 50, 26, 6),
)  # fmt: skip

CONIGLIO = shape(
    oval("main", 48, 19, 7.5, 25, 24), oval("blush", 48, 20, 3.5, 17, 24, edged=False),
    dot("cream", 94, 74, 8),
    blob("main", (34, 56), (56, 46), (80, 52), (93, 70), (88, 92), (60, 96), (38, 95), (28, 76)),
    oval("main", 73, 77, 16, 15), oval("main", 66, 94, 17, 5.5), oval("main", 36, 94, 9, 5),
    oval("main", 33, 17, 7.5, 25, 6), oval("blush", 33, 18, 3.5, 17, 6, edged=False),
    oval("main", 26, 50, 21, 17),
    *eye(21, 46, 5), dot("blush", 6, 51, 3.5),
    stroke("ink", 1.8, (12, 56), (26, 60), edged=False), stroke("ink", 1.8, (12, 58), (24, 64), edged=False),
)  # fmt: skip

TARTARUGA = shape(
    poly("shade", (86, 54), (101, 62), (84, 62)),
    blob("shade", (26, 54), (40, 54), (38, 72), (25, 72)), blob("shade", (68, 54), (82, 54), (83, 72), (70, 72)),
    blob("shade", (28, 54), (20, 60), (4, 50), (-2, 38), (4, 26), (15, 25), (21, 36), (28, 44)),
    blob("main", (20, 56), (24, 32), (40, 14), (58, 10), (76, 18), (88, 36), (92, 56), (56, 61)),
    poly("ink", (46, 28), (64, 28), (70, 42), (55, 52), (40, 42), edged=False),
    poly("main", (48, 31), (62, 31), (66, 41), (55, 48), (44, 41), edged=False),
    *(stroke("ink", 2.6, *line, edged=False) for line in (((46, 28), (38, 16)), ((64, 28), (70, 15)), ((70, 42),
         (90, 44)),
                                                          ((40, 42), (22, 44)), ((55, 50), (55, 60)))),
    *eye(7, 34, 4.5), curve("ink", 2, (0, 45), (6, 47), (12, 45), edged=False),
)  # fmt: skip

ELEFANTE = shape(
    curve("main", 3.5, (92, 36), (99, 48), (97, 62)),
    poly("shade", (46, 64), (58, 64), (57, 90), (47, 90)), poly("shade", (68, 62), (79, 62), (78, 90), (69, 90)),
    blob("main", (36, 16), (56, 10), (80, 14), (94, 32), (94, 56), (86, 70), (60, 72), (40, 70), (32, 44)),
    poly("main", (34, 58), (50, 62), (48, 92), (34, 92)), poly("main", (78, 54), (94, 52), (92, 92), (79, 92)),
    curve("main", 11, (16, 42), (8, 56), (8, 72), (4, 82), (-6, 80)),
    oval("main", 25, 31, 19, 21),
    curve("eye", 4.5, (18, 50), (15, 60), (20, 66)),
    blob("shade", (34, 12), (50, 8), (62, 22), (60, 44), (48, 56), (38, 46), (32, 30)),
    *eye(18, 29, 4),
    *(dot("cream", x, 90, 2) for x in (37, 42, 83, 88)),
)  # fmt: skip

SHAPES = {
    "gatto": GATTO, "cane": CANE, "cavallo": CAVALLO, "mucca": MUCCA, "pesce": PESCE, "uccello": UCCELLO,
    "farfalla": FARFALLA, "coniglio": CONIGLIO, "tartaruga": TARTARUGA, "elefante": ELEFANTE,
}  # fmt: skip
