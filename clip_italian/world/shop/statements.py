"""Statements about products, and whether they are true of a product."""

import dataclasses

import numpy as np

from clip_italian.world.shop.products import PLAIN, Product

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
