"""Writes the shop's files in the formats of `finetune` and its evaluation.

pictures/                        one image of each product
train.csv, valid.csv             image,text: the captions of every image in Italian and in German
queries-it.csv, queries-de.csv   text,image: a line for every test image of which the text is true
products.csv                     the properties of each image, and whether its kind and colour are among the training images
"""

import csv
import io
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, NamedTuple

import numpy as np
import pydantic
import simplejpeg

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.shop import drawing, german, italian, products
from clip_italian.world.shop.products import COLOURS, FIELDS, KINDS, Pair, Product, Statement

SAY: dict[str, Callable[[Statement, np.random.Generator], str]] = {"it": italian.say, "de": german.say}
SPLITS = ("test", "valid", "train")  # more images of a split do not change earlier splits
# Purposes, which separate random numbers: for products, their placing, statements about them, and wordings.
PRODUCT, PLACING, STATEMENT, WORDS = 301, 311, 321, 331
NONE = "none.md"
Count = Annotated[int, pydantic.Field(ge=0)]


class ShopSettings(Settings):
    """Section `shop` of a profile."""

    seed: int  # of the products, their images and captions
    train: Count  # images; if no split has any, nothing is drawn
    valid: Count
    test: Count
    held_out: list[list[str]]  # pairs of kind and colour that occur only in test images
    held_out_share: Annotated[float, pydantic.Field(ge=0, le=1)]  # of the test images
    height: Annotated[int, pydantic.Field(ge=16)]  # pixels, and as many across
    jpeg_quality: Annotated[int, pydantic.Field(ge=1, le=100)]

    @pydantic.model_validator(mode="after")
    def _pairs_exist(self) -> "ShopSettings":
        for pair in self.held_out:
            if len(pair) != 2 or pair[0] not in KINDS or pair[1] not in COLOURS:
                raise ValueError(f"`held_out` has {pair}; kinds are {', '.join(KINDS)}, colours {', '.join(COLOURS)}")
        return self

    @pydantic.model_validator(mode="after")
    def _products_suffice(self) -> "ShopSettings":
        unseen = round(self.test * self.held_out_share)
        for pairs, wanted in ((self.unseen(), unseen), (self.seen(), self.train + self.valid + self.test - unseen)):
            if 2 * wanted > products.count(pairs):  # so that a new one is found quickly
                raise ValueError(
                    f"{wanted} products are needed of {len(pairs)} pairs of kind and colour, "
                    f"which have at most {products.count(pairs) // 2}"
                )
        return self

    def unseen(self) -> frozenset[Pair]:
        """The held-out pairs of kind and colour."""
        return frozenset((kind, colour) for kind, colour in self.held_out)

    def seen(self) -> frozenset[Pair]:
        """The pairs of kind and colour that are not held out."""
        return frozenset((kind, colour) for kind in KINDS for colour in COLOURS) - self.unseen()


class Item(NamedTuple):
    """A product of a split."""

    split: str
    number: int
    product: Product

    @property
    def image(self) -> str:
        """The path of its image in the shop's folder."""
        return f"pictures/{self.split}-{self.number:05d}.jpg"


def write(folder: pathlib.Path, settings: ShopSettings) -> None:
    """Writes the folder, replacing it."""
    with files.replacing_folder(folder) as made:
        stocked = stock(settings)
        if not stocked:
            (made / NONE).write_text("This profile draws no shop: its section `shop` has no images.\n", encoding="utf-8")
            return
        (made / "pictures").mkdir()
        for item in stocked:
            (made / item.image).write_bytes(_picture(item, settings))
        for split in ("train", "valid"):
            _write_csv(made / f"{split}.csv", ("image", "text"), _pairs(stocked, split, settings.seed))
        for language in SAY:
            _write_csv(made / f"queries-{language}.csv", ("text", "image"), _queries(stocked, language, settings.seed))
        _write_csv(made / "products.csv", ("image", *FIELDS, "pair"), _descriptions(stocked, settings))


def stock(settings: ShopSettings) -> list[Item]:
    """All products, which are different, split by split."""
    known: set[Product] = set()
    items = []
    for split in SPLITS:
        for number in range(getattr(settings, split)):
            held_out = split == "test" and number < round(settings.test * settings.held_out_share)
            pairs = settings.unseen() if held_out else settings.seen()
            items.append(Item(split, number, _new(pairs, known, _rng(settings.seed, PRODUCT, split, number))))
            known.add(items[-1].product)
    return items


def _new(pairs: frozenset[Pair], known: set[Product], rng: np.random.Generator) -> Product:
    while (product := products.make(pairs, rng)) in known:
        pass
    return product


def _rng(seed: int, purpose: int, split: str, number: int) -> np.random.Generator:
    return rng_of(seed, purpose + SPLITS.index(split), number)


def statement(item: Item, seed: int) -> Statement:
    """The statement about a product, which all languages use."""
    return products.describe(item.product, _rng(seed, STATEMENT, item.split, item.number))


def _caption(item: Item, language: str, seed: int) -> str:
    return SAY[language](statement(item, seed), _rng(seed, WORDS, item.split, item.number))


def _picture(item: Item, settings: ShopSettings) -> bytes:
    placing = drawing.place(_rng(settings.seed, PLACING, item.split, item.number))
    content: bytes = simplejpeg.encode_jpeg(drawing.draw(item.product, placing, settings.height), settings.jpeg_quality)
    return content


def _pairs(stocked: list[Item], split: str, seed: int) -> Iterator[tuple[str, str]]:
    for item in stocked:
        if item.split == split:
            for language in SAY:
                yield item.image, _caption(item, language, seed)


def _queries(stocked: list[Item], language: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yields (text, image) for the text of every distinct statement about a test image, and each image of which it is true."""
    shown = [item for item in stocked if item.split == "test"]
    distinct: dict[Statement, Item] = {}
    for item in shown:
        distinct.setdefault(statement(item, seed), item)
    for asserted, item in distinct.items():
        text = _caption(item, language, seed)
        for other in shown:
            if products.true_of(asserted, other.product):
                yield text, other.image


def _descriptions(stocked: list[Item], settings: ShopSettings) -> Iterator[tuple[str, ...]]:
    for item in stocked:
        shown = item.product
        pair = "unseen" if (shown.kind, shown.colour) in settings.unseen() else "seen"
        yield item.image, *(getattr(shown, field) or "" for field in FIELDS), pair


def _write_csv(path: pathlib.Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
