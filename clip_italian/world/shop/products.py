"""The products of the shop. None of them is drawn in the scenes of the study."""

import dataclasses
from collections.abc import Set

import numpy as np

from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.scenes.statements import pick
from clip_italian.world.tables import words

PLAIN = "plain"
PATTERNS = (PLAIN, "stripes", "dots", "checks")
# Each kind of product has one detail, in one of two ways. Kinds and colours are in the order in which products are drawn at random:
# another order draws other products.
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
LEAST_CONTRAST = 130  # between the two colours of a product: their distance in 8-bit RGB
PLAIN_SHARE = 0.25

Pair = tuple[str, str]  # a kind and its colour


@dataclasses.dataclass(frozen=True)
class Product:
    """One product. `second` is the colour of its pattern, None where it is plain."""

    kind: str
    colour: str
    pattern: str
    second: str | None
    detail: str


def contrasting(colour: str) -> tuple[str, ...]:
    """The colours that a pattern on that colour may have."""
    distance = {other: np.linalg.norm(np.subtract(PROTOTYPES[colour], rgb)) for other, rgb in PROTOTYPES.items()}
    return tuple(other for other in distance if distance[other] >= LEAST_CONTRAST)


def count(pairs: Set[Pair]) -> int:
    """How many products there are of these kinds and colours."""
    patterned = len(PATTERNS) - 1
    return sum(len(DETAILS[kind]) * (1 + patterned * len(contrasting(colour))) for kind, colour in pairs)


def make(pairs: Set[Pair], rng: np.random.Generator) -> Product:
    """A product of one of these kinds and colours, all equally likely."""
    kind, colour = pick(rng, [(kind, colour) for kind in KINDS for colour in COLOURS if (kind, colour) in pairs])
    pattern = PLAIN if rng.random() < PLAIN_SHARE else pick(rng, PATTERNS[1:])
    second = None if pattern == PLAIN else pick(rng, contrasting(colour))
    return Product(kind, colour, pattern, second, pick(rng, DETAILS[kind]))


# Statements about products, and whether they are true of a product.
# Shares of the captions that tell more than kind and colour.
PATTERN_SHARE, SECOND_SHARE, DETAIL_SHARE = 0.9, 0.9, 0.8
PLAIN_SAID = 0.5  # of the captions of plain products: a shop seldom says what a product lacks
FIELDS = ("kind", "colour", "pattern", "second", "detail")  # of products and statements


@dataclasses.dataclass(frozen=True)
class Statement:
    """Kind and colour, and what else is asserted; None leaves open. `second` is told with its pattern only."""

    kind: str
    colour: str
    pattern: str | None = None
    second: str | None = None
    detail: str | None = None


def true_of(statement: Statement, product: Product) -> bool:
    """Whether the product is as the statement says; what it leaves open may be any way."""
    return all(getattr(statement, field) in (None, getattr(product, field)) for field in FIELDS)


def describe(product: Product, rng: np.random.Generator) -> Statement:
    """A statement that is true of the product."""
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
