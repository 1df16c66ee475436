"""The nouns that can sensibly stand on either side of a relation."""

from clip_italian.world.scenes.levels import HELD_OUT_TRIPLES
from clip_italian.world.scenes.statements import NOUNS
from clip_italian.world.shapes.every import MOUTHS, SURFACES
from clip_italian.world.tables import words

# What can sensibly be put somewhere, what keeps itself in the air, what can hang there.
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
    """Whether scenes of the level may show a `first` so related to a `second`."""
    fits = first != second or relation not in ("on", "inside")
    return fits and (level in ("composition", "all") or (first, relation, second) not in HELD_OUT_TRIPLES)
