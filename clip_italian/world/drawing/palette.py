"""The twelve colours a thing can be named by, and the shades its image is drawn with."""

import functools

RGB = tuple[int, int, int]

# Prototypes, 8-bit sRGB. Apart from each other by more than light and style move them.
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

# Accessories keep their colour whatever the thing's own colour is.
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
    """`first` with `share` of `second` stirred in."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(colour: RGB) -> float:
    """Perceived brightness, 0 to 255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


@functools.cache
def paints(colour: str) -> dict[str, RGB]:
    """The RGB of each fill of a shape, for a thing of this colour: its own shades and the fixed accessories."""
    main = PROTOTYPES[colour]
    own = {
        "main": main,
        "shade": mix(main, DARK, 0.24),
        "tint": mix(main, (255, 255, 255), 0.35),
        "ink": mix(main, DARK, 0.65),  # contours in the thing's own dark: black ones would take over its colour
        "spot": (255, 255, 255),
        "heart": (250, 206, 52),
    }
    if colour == "black":  # lines and shades of black can only be lighter
        own |= {"shade": (52, 52, 58), "tint": (74, 74, 82), "ink": (98, 98, 108)}
    if colour == "white":
        own |= {"shade": (220, 222, 228), "spot": (120, 122, 130)}
    if colour in ("yellow", "orange"):
        own |= {"heart": (122, 74, 38)}
    return FIXED | own
