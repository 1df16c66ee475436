"""The twelve named colours of things, and the shades in which they are drawn."""

import functools

RGB = tuple[int, int, int]

# 8-bit sRGB. They differ by more than light and style change them.
PROTOTYPES: dict[str, RGB] = {
    "black": (30, 30, 34),
    "white": (247, 247, 246),
    "grey": (142, 144, 148),
    "red": (212, 32, 38),
    "orange": (245, 130, 22),
    "yellow": (252, 218, 42),
    "green": (44, 150, 62),
    "light blue": (118, 196, 242),
    "blue": (28, 58, 172),
    "purple": (128, 54, 164),
    "pink": (248, 150, 188),
    "brown": (122, 74, 38),
}

# The colours of parts that do not depend on the colour of the thing.
FIXED: dict[str, RGB] = {
    "eye": (255, 255, 255),
    "pupil": (24, 22, 28),
    "wood": (152, 100, 56),
    "leaf": (84, 160, 66),
    "metal": (186, 190, 198),
    "glass": (204, 230, 244),
    "tyre": (52, 50, 56),
    "cream": (248, 236, 208),
    "paper": (250, 248, 240),
    "orange": (244, 146, 40),
    "blush": (244, 158, 170),
    "steam": (188, 192, 202),
}
DARK: RGB = (40, 34, 42)
PALE: RGB = (232, 234, 242)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """The mixture of `first` with a share of `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(colour: RGB) -> float:
    """Perceived brightness, 0 to 255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


@functools.cache
def paints(colour: str) -> dict[str, RGB]:
    """The RGB of each fill of a shape, for a thing of this colour: its shades, and the fixed colours."""
    main = PROTOTYPES[colour]
    own = {
        "main": main,
        "shade": mix(main, DARK, 0.24),
        "tint": mix(main, (255, 255, 255), 0.35),
        "ink": mix(main, DARK, 0.65),  # contours in a dark shade of the thing's colour, since black ones would dominate it
        "spot": (255, 255, 255),
        "heart": (250, 206, 52),
    }
    if colour == "black":  # the shades of black are lighter
        own |= {"shade": (52, 52, 58), "tint": (74, 74, 82), "ink": (98, 98, 108)}
    if colour == "white":
        own |= {"shade": (220, 222, 228), "spot": (120, 122, 130)}
    if colour in ("yellow", "orange"):
        own |= {"heart": (122, 74, 38)}
    return FIXED | own
