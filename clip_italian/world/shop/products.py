"""What the shop sells. Nothing of it is drawn in the scenes of the study."""

import dataclasses
from collections.abc import Set

import numpy as np

from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.scenes.statements import pick

PLAIN = "unita"
PATTERNS: tuple[str, ...] = (PLAIN, "righe", "pois", "quadri")
# Each kind of product has one detail, in one of two ways.
DETAILS: dict[str, tuple[str, str]] = {
    "maglietta": ("maniche corte", "maniche lunghe"),
    "camicia": ("maniche corte", "maniche lunghe"),
    "maglione": ("collo alto", "scollo a V"),
    "pantaloni": ("corto", "lungo"),
    "gonna": ("corto", "lungo"),
    "vestito": ("corto", "lungo"),
    "giacca": ("con cappuccio", "senza cappuccio"),
    "sciarpa": ("con frange", "senza frange"),
    "borsa": ("tracolla", "manici"),
    "calzini": ("corto", "lungo"),
    "cravatta": ("stretto", "largo"),
    "berretto": ("con pompon", "senza pompon"),
}
KINDS: tuple[str, ...] = tuple(DETAILS)
COLOURS: tuple[str, ...] = tuple(PROTOTYPES)
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
    apart = {other: np.linalg.norm(np.subtract(PROTOTYPES[colour], PROTOTYPES[other])) for other in COLOURS}
    return tuple(other for other in COLOURS if apart[other] >= LEAST_CONTRAST)


def count(pairs: Set[Pair]) -> int:
    """How many products there are of these kinds and colours."""
    patterned = len(PATTERNS) - 1
    return sum(len(DETAILS[kind]) * (1 + patterned * len(contrasting(colour))) for kind, colour in pairs)


def make(pairs: Set[Pair], rng: np.random.Generator) -> Product:
    """A product of one of these kinds and colours, all equally likely."""
    kind, colour = pick(rng, sorted(pairs))
    pattern = PLAIN if rng.random() < PLAIN_SHARE else pick(rng, PATTERNS[1:])
    second = None if pattern == PLAIN else pick(rng, contrasting(colour))
    return Product(kind, colour, pattern, second, pick(rng, DETAILS[kind]))
