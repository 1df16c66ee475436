"""The products of the shop, none of which occurs in the scenes of the study, and statements about them."""

import dataclasses
from collections.abc import Set

import numpy as np

from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.scenes.statements import pick
from clip_italian.world.tables import words

PLAIN = "plain"
PATTERNS = (PLAIN, "stripes", "dots", "checks")
# The two variants of each kind's detail. Random products depend on the order of kinds and colours.
DETAILS: dict[str, tuple[str, str]] = {
    "beanie": ("pompom", "no pompom"),
    "bag": ("shoulder strap", "handles"),
    "socks": ("short", "long"),
    "shirt": ("short sleeves", "long sleeves"),
    "tie": ("narrow", "wide"),
    "jacket": ("hood", "no hood"),
    "skirt": ("short", "long"),
    "T-shirt": ("short sleeves", "long sleeves"),
    "sweater": ("turtleneck", "V-neck"),
    "trousers": ("short", "long"),
    "scarf": ("fringe", "no fringe"),
    "dress": ("short", "long"),
}
KINDS = tuple(DETAILS)
COLOURS = words("orange, light blue, white, blue, yellow, grey, brown, black, pink, red, green, purple")
LEAST_CONTRAST = 130  # the smallest distance in 8-bit RGB between the two colours of a product
PLAIN_SHARE = 0.25

Pair = tuple[str, str]  # a kind and its colour


@dataclasses.dataclass(frozen=True)
class Product:
    """A product. `second` is the colour of its pattern, None if it is plain."""

    kind: str
    colour: str
    pattern: str
    second: str | None
    detail: str


def contrasting(colour: str) -> tuple[str, ...]:
    """The colours for patterns on that colour."""
    distance = {other: np.linalg.norm(np.subtract(PROTOTYPES[colour], rgb)) for other, rgb in PROTOTYPES.items()}
    return tuple(other for other in distance if distance[other] >= LEAST_CONTRAST)


def count(pairs: Set[Pair]) -> int:
    """The number of different products of these kinds and colours."""
    patterned = len(PATTERNS) - 1
    return sum(len(DETAILS[kind]) * (1 + patterned * len(contrasting(colour))) for kind, colour in pairs)


def make(pairs: Set[Pair], rng: np.random.Generator) -> Product:
    """A random product of one of these pairs of kind and colour, all equally likely."""
    kind, colour = pick(rng, [(kind, colour) for kind in KINDS for colour in COLOURS if (kind, colour) in pairs])
    pattern = PLAIN if rng.random() < PLAIN_SHARE else pick(rng, PATTERNS[1:])
    second = None if pattern == PLAIN else pick(rng, contrasting(colour))
    return Product(kind, colour, pattern, second, pick(rng, DETAILS[kind]))


PATTERN_SHARE, SECOND_SHARE, DETAIL_SHARE = 0.9, 0.9, 0.8  # of captions that mention these
PLAIN_SAID = 0.5  # of captions of plain products that say so
FIELDS = ("kind", "colour", "pattern", "second", "detail")  # of products and statements


@dataclasses.dataclass(frozen=True)
class Statement:
    """The asserted properties of a product; None asserts nothing. `second` is asserted only with a pattern."""

    kind: str
    colour: str
    pattern: str | None = None
    second: str | None = None
    detail: str | None = None


def true_of(statement: Statement, product: Product) -> bool:
    """Whether the product has all asserted properties."""
    return all(getattr(statement, field) in (None, getattr(product, field)) for field in FIELDS)


def describe(product: Product, rng: np.random.Generator) -> Statement:
    """A random true statement about the product."""
    pattern, second, detail = rng.random(3) < (PATTERN_SHARE, SECOND_SHARE, DETAIL_SHARE)
    if product.pattern == PLAIN:
        pattern = rng.random() < PLAIN_SAID
    return Statement(
        product.kind,
        product.colour,
        product.pattern if pattern else None,
        product.second if pattern and second else None,
        product.detail if detail else None,
    )
