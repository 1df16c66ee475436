"""The drawn shop: products that can be told apart, captions without mistakes, queries whose right pictures are right."""

import csv
import dataclasses
import pathlib

import cv2
import numpy as np
import pytest
from jaxtyping import Float

from clip_italian import config, files
from clip_italian.errors import InputError
from clip_italian.use.finetuning import tables
from clip_italian.world.drawing.palette import PROTOTYPES
from clip_italian.world.drawing.render import OVERSAMPLING
from clip_italian.world.scenes.statements import NOUNS
from clip_italian.world.shop import drawing, german, italian, products, publishing
from clip_italian.world.shop.drawing import CLOTH, GROUNDS, PATTERN, Placing, draw, place, sprite_of
from clip_italian.world.shop.products import COLOURS, DETAILS, KINDS, PATTERNS, PLAIN, Product, Statement, contrasting, true_of
from clip_italian.world.shop.publishing import ShopSettings, stock

SMALL = ShopSettings(
    seed=5,
    train=60,
    valid=10,
    test=80,
    held_out=[["skirt", "red"], ["bag", "blue"]],
    held_out_share=0.25,
    height=64,
    jpeg_quality=90,
)
STILL = Placing(0.05, 0.05, 0.9, GROUNDS[0], 1.0, False)
SPOTTED = Statement("T-shirt", "red", "dots", "white", "long sleeves")
ALL_PAIRS = frozenset((kind, colour) for kind in KINDS for colour in COLOURS)


def some_products(count: int) -> list[Product]:
    return [products.make(ALL_PAIRS, np.random.default_rng([7, number])) for number in range(count)]


def one_of(kind: str, pattern: str = PLAIN, colour: str = "red", detail: int = 0) -> Product:
    return Product(kind, colour, pattern, None if pattern == PLAIN else "white", DETAILS[kind][detail])


def said(say, *facts: str | None, times: int = 400) -> set[str]:
    """All ways in which a statement is said."""
    return {say(Statement(*facts), np.random.default_rng([3, number])) for number in range(times)}


def lines(path: pathlib.Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("made") / "shop"
    publishing.write(folder, SMALL)
    return folder


# --- Products ---------------------------------------------------------------------------------------------------------
def test_the_shop_sells_nothing_that_the_scenes_of_the_study_show():
    assert not set(KINDS) & set(NOUNS)


def test_no_two_products_are_alike_and_none_of_the_test_set_is_learnt_from():
    stocked = stock(SMALL)
    assert len({item.product for item in stocked}) == len(stocked) == 150
    of = {split: {item.product for item in stocked if item.split == split} for split in publishing.SPLITS}
    assert not of["test"] & (of["train"] | of["valid"])


def test_held_out_pairs_are_in_the_test_set_alone_and_in_the_share_asked_for():
    unseen = [item.split for item in stock(SMALL) if (item.product.kind, item.product.colour) in SMALL.unseen()]
    assert unseen == ["test"] * 20


def test_every_kind_colour_pattern_and_detail_is_for_sale():
    stocked = some_products(3000)
    for field, values in (("kind", KINDS), ("colour", COLOURS), ("pattern", PATTERNS), ("second", (None, *COLOURS))):
        assert {getattr(product, field) for product in stocked} == set(values)
    assert {(product.kind, product.detail) for product in stocked} == {
        (kind, detail) for kind, details in DETAILS.items() for detail in details
    }


def test_a_pattern_has_a_second_colour_that_stands_out_and_nothing_else_has_one():
    for product in some_products(500):
        assert (product.second is None) == (product.pattern == PLAIN)
        assert product.second is None or product.second in contrasting(product.colour)
    assert "blue" not in contrasting("blue") and "white" in contrasting("blue") and "yellow" not in contrasting("orange")


def test_counting_agrees_with_making():
    pairs = frozenset({("bag", "blue"), ("skirt", "red")})
    made = {products.make(pairs, np.random.default_rng([1, number])) for number in range(5000)}
    assert len(made) == products.count(pairs)


def test_more_training_pictures_change_no_other_product():
    more = stock(SMALL.model_copy(update={"train": 70}))
    assert more[:150] == stock(SMALL) and len(more) == 160


# --- Pictures ---------------------------------------------------------------------------------------------------------
def cloth(product: Product, placing: Placing, height: int) -> np.ndarray:
    """The pixels that show hardly anything but the product's first colour, and its second."""
    content = sprite_of(product, placing, height * OVERSAMPLING).content
    planes = [(content == kind).astype(np.float32) for kind in (CLOTH, PATTERN)]
    return np.stack([cv2.resize(plane, (height, height), interpolation=cv2.INTER_AREA) for plane in planes]) > 0.9


def test_drawing_twice_gives_the_same_bytes_whatever_was_drawn_between():
    placed = [(product, place(np.random.default_rng(number))) for number, product in enumerate(some_products(40))]
    before = [draw(product, placing, 64).tobytes() for product, placing in placed]
    after = [draw(product, placing, 64).tobytes() for product, placing in reversed(placed)]
    assert before == after[::-1]


def test_pictures_have_the_size_asked_for():
    for height in (64, 97):
        picture = draw(one_of("jacket"), STILL, height)
        assert picture.shape == (height, height, 3) and picture.dtype == np.uint8


def test_every_kind_has_a_drawing_for_each_of_its_details():
    assert set(drawing.DRAWINGS) == {(kind, detail) for kind, details in DETAILS.items() for detail in details}


@pytest.mark.parametrize("kind", KINDS)
def test_products_that_differ_in_one_attribute_look_different(kind: str):
    product = one_of(kind, "stripes")
    others = [dataclasses.replace(product, colour="green"), dataclasses.replace(product, second="black")]
    others += [dataclasses.replace(product, pattern=pattern) for pattern in ("dots", "checks")]
    others += [one_of(kind), one_of(kind, "stripes", detail=1), one_of(KINDS[KINDS.index(kind) - 1], "stripes")]
    picture = draw(product, STILL, 64).astype(int)
    for other in others:
        change = np.abs(draw(other, STILL, 64) - picture).max(2)
        assert (change > 40).sum() >= 20, other


def lab(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    return cv2.cvtColor(np.float32(colours)[None] / 255, cv2.COLOR_RGB2LAB)[0]


PROTOTYPE_LAB = lab(np.array([PROTOTYPES[colour] for colour in COLOURS], np.float64))


def nearest(colour: Float[np.ndarray, "3"]) -> str:
    """The name of a colour."""
    return COLOURS[np.square(PROTOTYPE_LAB - lab(colour[None])).sum(1).argmin()]


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_colour_of_a_plain_product_is_nearest_to_its_own_name(kind: str):
    for colour in COLOURS:
        for detail in (0, 1):
            product = one_of(kind, colour=colour, detail=detail)
            first, second = cloth(product, STILL, 64)
            assert first.sum() > 100 and not second.any()
            assert nearest(draw(product, STILL, 64)[first].mean(0)) == colour


@pytest.mark.parametrize("number", range(60))
def test_both_colours_of_a_pattern_can_be_named_and_the_first_covers_more(number: int):
    product = [one for one in some_products(200) if one.pattern != PLAIN][number]
    placing = place(np.random.default_rng(number))
    picture, (first, second) = draw(product, placing, 128), cloth(product, placing, 128)
    assert first.sum() > second.sum() > 20
    assert nearest(picture[first].mean(0)) == product.colour
    assert nearest(picture[second].mean(0)) == product.second


def test_products_lie_inside_their_pictures_on_light_grounds():
    assert min(min(ground) for ground in GROUNDS) > 220
    for number, product in enumerate(some_products(60)):
        placing = place(np.random.default_rng([4, number]))
        drawn = cloth(product, placing, 64).any(0)
        assert not (drawn[:1].any() or drawn[-1:].any() or drawn[:, :1].any() or drawn[:, -1:].any())
        assert drawn.sum() > 80


def test_the_light_darkens_the_whole_picture():
    bright, dim = (draw(one_of("bag"), dataclasses.replace(STILL, light=light), 64).astype(float) for light in (1.0, 0.9))
    assert dim == pytest.approx(0.9 * bright, abs=1)


def test_a_mirrored_product_lies_the_other_way_round():
    calm, turned = (cloth(one_of("socks"), dataclasses.replace(STILL, mirrored=way), 256)[0] for way in (False, True))
    assert np.mean(calm != turned) > 0.05 and np.mean(calm[:, ::-1] != turned) < 0.01


# --- Captions ---------------------------------------------------------------------------------------------------------
ITALIAN = {
    "T-shirt": "maglietta rossa a righe bianche con maniche corte",
    "shirt": "camicia rossa a righe bianche con maniche corte",
    "sweater": "maglione rosso a righe bianche con collo alto",
    "trousers": "pantaloni corti rossi a righe bianche",
    "skirt": "gonna corta rossa a righe bianche",
    "dress": "vestito corto rosso a righe bianche",
    "jacket": "giacca rossa a righe bianche con cappuccio",
    "scarf": "sciarpa rossa a righe bianche con frange",
    "bag": "borsa rossa a righe bianche con tracolla",
    "socks": "calzini corti rossi a righe bianche",
    "tie": "cravatta stretta rossa a righe bianche",
    "beanie": "berretto rosso a righe bianche con pompon",
}
ONE_ITALIAN = {
    "T-shirt": "una maglietta rossa",
    "shirt": "una camicia rossa",
    "sweater": "un maglione rosso",
    "trousers": "un paio di pantaloni rossi",
    "skirt": "una gonna rossa",
    "dress": "un vestito rosso",
    "jacket": "una giacca rossa",
    "scarf": "una sciarpa rossa",
    "bag": "una borsa rossa",
    "socks": "un paio di calzini rossi",
    "tie": "una cravatta rossa",
    "beanie": "un berretto rosso",
}
GERMAN = {
    "T-shirt": "rotes T-Shirt mit weißen Streifen und kurzen Ärmeln",
    "shirt": "rotes Hemd mit weißen Streifen und kurzen Ärmeln",
    "sweater": "roter Pullover mit weißen Streifen und Rollkragen",
    "trousers": "kurze rote Hose mit weißen Streifen",
    "skirt": "kurzer roter Rock mit weißen Streifen",
    "dress": "kurzes rotes Kleid mit weißen Streifen",
    "jacket": "rote Jacke mit weißen Streifen und Kapuze",
    "scarf": "roter Schal mit weißen Streifen und Fransen",
    "bag": "rote Tasche mit weißen Streifen und langem Riemen",
    "socks": "kurze rote Socken mit weißen Streifen",
    "tie": "schmale rote Krawatte mit weißen Streifen",
    "beanie": "rote Mütze mit weißen Streifen und Bommel",
}
ONE_GERMAN = {
    "T-shirt": "ein rotes T-Shirt",
    "shirt": "ein rotes Hemd",
    "sweater": "ein roter Pullover",
    "trousers": "eine rote Hose",
    "skirt": "ein roter Rock",
    "dress": "ein rotes Kleid",
    "jacket": "eine rote Jacke",
    "scarf": "ein roter Schal",
    "bag": "eine rote Tasche",
    "socks": "ein Paar rote Socken",
    "tie": "eine rote Krawatte",
    "beanie": "eine rote Mütze",
}


@pytest.mark.parametrize("kind", KINDS)
def test_adjectives_agree_with_every_kind(kind: str):
    striped = (kind, "red", "stripes", "white", DETAILS[kind][0])
    assert ITALIAN[kind] in said(italian.say, *striped) and ONE_ITALIAN[kind] in said(italian.say, kind, "red")
    assert GERMAN[kind] in said(german.say, *striped) and ONE_GERMAN[kind] in said(german.say, kind, "red")


def test_a_shirt_is_said_in_these_ways_and_no_other():
    spotted = dataclasses.astuple(SPOTTED)
    heads = ("maglietta", "una maglietta")
    assert said(italian.say, *spotted) == {
        f"{head} {rest}"
        for head in heads
        for rest in (
            "rossa a pois bianchi con maniche lunghe",
            "di colore rosso con maniche lunghe, a pois bianchi",
            "rossa con maniche lunghe, a pois bianchi",
            "rossa a maniche lunghe, a pois bianchi",
            "con maniche lunghe, rossa a pois bianchi",
            "a maniche lunghe, rossa a pois bianchi",
        )
    }
    assert said(german.say, *spotted) == {
        article + rest
        for article in ("", "ein ")
        for rest in (
            "rot-weiß gepunktetes T-Shirt mit langen Ärmeln",
            "langärmeliges rot-weiß gepunktetes T-Shirt",
            "rotes T-Shirt mit weißen Punkten und langen Ärmeln",
            "rotes T-Shirt mit langen Ärmeln und weißen Punkten",
            "langärmeliges rotes T-Shirt mit weißen Punkten",
            "T-Shirt mit langen Ärmeln, rot-weiß gepunktet",
            "T-Shirt mit langen Ärmeln, rot mit weißen Punkten",
            "langärmeliges T-Shirt, rot-weiß gepunktet",
            "langärmeliges T-Shirt, rot mit weißen Punkten",
            "langärmeliges T-Shirt in Rot mit weißen Punkten",
            "T-Shirt in Rot mit weißen Punkten und langen Ärmeln",
            "T-Shirt in Rot mit langen Ärmeln und weißen Punkten",
        )
    }


@pytest.mark.parametrize(
    ("facts", "in_italian", "in_german"),
    [
        (
            ("jacket", "blue", "checks", "red", "no hood"),
            "giacca blu a quadri rossi senza cappuccio",
            "blaue Jacke mit roten Karos, ohne Kapuze",
        ),
        (("socks", "pink", "dots", None, "long"), "calzini rosa lunghi a pois", "lange rosa Socken mit Punkten"),
        (
            ("trousers", "brown", "plain", None, "long"),
            "un paio di pantaloni lunghi marroni in tinta unita",
            "eine lange einfarbig braune Hose",
        ),
        (("skirt", "orange", "plain"), "una gonna arancione in tinta unita", "ein einfarbig orange Rock"),
        (
            ("tie", "grey", "stripes", "purple", "wide"),
            "cravatta larga grigia con righe viola",
            "breite grau-lila gestreifte Krawatte",
        ),
        (("bag", "light blue", None, None, "handles"), "borsa a mano, azzurra", "Tasche mit kurzen Henkeln, hellblau"),
        (
            ("beanie", "black", "dots", "yellow", "no pompom"),
            "berretto di colore nero senza pompon, a pois gialli",
            "Mütze in Schwarz mit gelben Punkten, ohne Bommel",
        ),
    ],
)
def test_captions_are_said_so(facts: tuple[str | None, ...], in_italian: str, in_german: str):
    assert in_italian in said(italian.say, *facts) and in_german in said(german.say, *facts)


def test_different_statements_are_never_said_alike():
    for say in (italian.say, german.say):
        meant: dict[str, Statement] = {}
        for number, product in enumerate(some_products(3000)):
            rng = np.random.default_rng([8, number])
            statement = products.describe(product, rng)
            assert meant.setdefault(say(statement, rng), statement) == statement


# --- Truth ------------------------------------------------------------------------------------------------------------
def test_a_statement_is_true_of_what_it_leaves_open_and_of_nothing_else():
    product = Product("T-shirt", "red", "dots", "white", "long sleeves")
    assert true_of(SPOTTED, product) and true_of(Statement("T-shirt", "red"), product)
    for field, other in (
        ("kind", "shirt"),
        ("colour", "blue"),
        ("pattern", "stripes"),
        ("second", "black"),
        ("detail", "short sleeves"),
    ):
        assert not true_of(SPOTTED, dataclasses.replace(product, **{field: other}))
    assert not true_of(Statement("T-shirt", "red", PLAIN), product)


def test_what_is_told_of_a_product_is_true_of_it_and_mostly_tells_all():
    stocked = some_products(1000)
    told = [products.describe(product, np.random.default_rng([9, n])) for n, product in enumerate(stocked)]
    assert all(map(true_of, told, stocked))
    assert all(statement.second is None or statement.pattern for statement in told)
    for field, least, most in (("pattern", 0.7, 0.9), ("detail", 0.7, 0.9)):
        assert least < np.mean([getattr(statement, field) is not None for statement in told]) < most


@pytest.mark.parametrize("language", ["it", "de"])
def test_the_right_pictures_of_a_query_are_those_of_which_it_is_true(shop: pathlib.Path, language: str):
    found = tables.test_set(shop / f"queries-{language}.csv", None)
    shown = [item for item in stock(SMALL) if item.split == "test"]
    told = dict.fromkeys(publishing.statement(item, SMALL.seed) for item in shown)
    assert len(found.queries) == len(told)
    for statement, relevant in zip(told, found.relevant, strict=True):
        right = {item.image for item in shown if true_of(statement, item.product)}
        assert {found.images[place].relative_to(shop).as_posix() for place in relevant} == right
    assert {path.relative_to(shop).as_posix() for path in found.images} == {item.image for item in shown}
    counts = [len(relevant) for relevant in found.relevant]
    assert np.mean(np.equal(counts, 1)) > 0.7 and max(counts) > 1


# --- Files ------------------------------------------------------------------------------------------------------------
def test_the_same_settings_give_the_same_bytes_and_another_seed_gives_others(shop: pathlib.Path, tmp_path: pathlib.Path):
    publishing.write(tmp_path / "again", SMALL)
    publishing.write(tmp_path / "other", SMALL.model_copy(update={"seed": 6}))
    assert files.tree_digest(tmp_path / "again") == files.tree_digest(shop) != files.tree_digest(tmp_path / "other")


def test_every_training_picture_has_a_caption_in_each_language(shop: pathlib.Path):
    for split, count in (("train", 60), ("valid", 10)):
        pairs = tables.pairs(shop / f"{split}.csv")
        assert len(pairs) == 2 * count and all(pair.image.is_file() for pair in pairs)
        named = [pair.image.name for pair in pairs]
        assert named[::2] == named[1::2] == [f"{split}-{number:05d}.jpg" for number in range(count)]
        assert all(first.text != second.text for first, second in zip(pairs[::2], pairs[1::2], strict=True))


def test_the_list_of_products_says_what_each_picture_shows(shop: pathlib.Path):
    listed = lines(shop / "products.csv")
    assert sorted(line["image"] for line in listed) == [f"pictures/{path.name}" for path in sorted(shop.glob("pictures/*"))]
    for line, item in zip(listed, stock(SMALL), strict=True):
        assert {key: line[key] for key in products.FIELDS} == {
            key: value or "" for key, value in dataclasses.asdict(item.product).items()
        }
        assert (line["pair"] == "unseen") == ((item.product.kind, item.product.colour) in SMALL.unseen())


def test_pictures_are_of_the_size_asked_for(shop: pathlib.Path):
    assert cv2.imread(str(shop / "pictures/test-00000.jpg")).shape == (64, 64, 3)


def test_a_profile_that_asks_for_no_pictures_gets_a_note(tmp_path: pathlib.Path):
    publishing.write(tmp_path / "shop", SMALL.model_copy(update={"train": 0, "valid": 0, "test": 0}))
    assert [path.name for path in (tmp_path / "shop").iterdir()] == [publishing.NONE]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"held_out": [["skirt", "porpora"]]}, "porpora.*kinds are beanie.*colours orange"),
        ({"held_out": [["skirt"]]}, "`held_out` has"),
        ({"train": 9000}, "products are needed"),
        ({"held_out": []}, "20 products are needed of 0 pairs"),
        ({"test": -1}, "key `test`"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(change: dict[str, object], complaint: str):
    with pytest.raises(InputError, match=complaint):
        config.parse(ShopSettings, SMALL.model_dump() | change, "profiles/x.yaml")
