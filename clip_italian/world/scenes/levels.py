"""The levels of scenes, and the nouns, colours and compositions that each may have or that are held out from training."""

from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS, NOUNS
from clip_italian.world.shapes.every import MOUTHS, SURFACES
from clip_italian.world.tables import table, words

# Kinds of scenes by their names in files and tables, with the paper's descriptions.
LEVELS = {
    "seen": "new scenes of the nouns, colours, compositions and drawing styles of the training pairs",
    "composition": "at least one noun in a colour, or on or in a thing, never combined in the training pairs",
    "style": "a drawing style absent from the training pairs and from the backbones' data",
    "noun": "at least one noun the backbones know and the training pairs lack",
    "all": "every noun, every colour and every composition in the seen styles: the backbones' own data",
}
LEVEL_KEYS = tuple(LEVELS)

# Every colour lacks three nouns, every class noun lacks one colour or two: 36 of the 360 pairs.
_HELD_OUT = table("""
black: butterfly, apple, lamp; white: fish, tree, backpack; grey: flower, banana, umbrella; red: dog, turtle, bicycle;
orange: cow, house, boat; yellow: bird, chair, cup; green: rabbit, clock, elephant; light blue: cat, car, table;
blue: horse, mushroom, box; purple: plane, key, turtle; pink: hat, banana, bicycle; brown: bird, backpack, butterfly""")
HELD_OUT_PAIRS: frozenset[tuple[str, str]] = frozenset((noun, colour) for colour, nouns in _HELD_OUT.items() for noun in nouns)
HELD_OUT_TRIPLES: tuple[tuple[str, str, str], ...] = (
    ("cat", "on", "table"),
    ("dog", "on", "car"),
    ("bird", "on", "tree"),
    ("cup", "on", "chair"),
    ("apple", "inside", "box"),
    ("rabbit", "inside", "boat"),
)


def nouns_of(level: str) -> tuple[str, ...]:
    """The nouns that may occur at the level."""
    return NOUNS if level in ("noun", "all") else CLASS_NOUNS


def colours_of(level: str, noun: str) -> tuple[str, ...]:
    """The colours that the noun may have at the level, including the held-out ones at "composition"."""
    if level in ("composition", "all"):
        return COLOURS
    return tuple(colour for colour in COLOURS if (noun, colour) not in HELD_OUT_PAIRS)


def held_out_colours(noun: str) -> tuple[str, ...]:
    """The colours that the noun never has in the training pairs."""
    return tuple(colour for colour in COLOURS if (noun, colour) in HELD_OUT_PAIRS)


# The nouns that can be the first and the second of a relation: portable, flying, and hanging things.
_PORTABLE = words("""
cat, dog, fish, bird, butterfly, rabbit, turtle, flower, mushroom, apple, banana, umbrella, key, clock, cup, book, bottle, boot,
guitar""")
_PUT_ON = (*_PORTABLE, "hat", "lamp", "backpack", "box")
_FLYING = ("bird", "butterfly", "plane")
_HANGING = (*_FLYING, "umbrella", "lamp", "clock", "hat", "table")
ROLES: dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "on": (_PUT_ON, tuple(SURFACES)),
    "above": (_FLYING, NOUNS),
    "below": (tuple(noun for noun in NOUNS if noun not in _FLYING), _HANGING),
    "beside": (NOUNS, NOUNS),
    "inside": (_PORTABLE, tuple(MOUTHS)),
    "left_of": (NOUNS, NOUNS),
    None: (NOUNS, NOUNS),
}


def allowed_triple(level: str, first: str, relation: str | None, second: str) -> bool:
    """Whether scenes of the level may show a `first` in the relation to a `second`."""
    fits = first != second or relation not in ("on", "inside")
    return fits and (level in ("composition", "all") or (first, relation, second) not in HELD_OUT_TRIPLES)
