"""Which nouns can sensibly stand in which relation."""

from clip_italian.world.scenes.levels import HELD_OUT_TRIPLES
from clip_italian.world.scenes.statements import NOUNS
from clip_italian.world.shapes.every import MOUTHS, SURFACES

# What can sensibly be put somewhere, what keeps itself in the air, what can hang there.
_PORTABLE = (
    "gatto",
    "cane",
    "pesce",
    "uccello",
    "farfalla",
    "coniglio",
    "tartaruga",
    "fiore",
    "fungo",
    "mela",
    "banana",
    "ombrello",
    "chiave",
    "orologio",
    "tazza",
    "libro",
    "bottiglia",
    "stivale",
    "chitarra",
)
_PUT_ON = (*_PORTABLE, "cappello", "lampada", "zaino", "scatola")
_FLYING = ("uccello", "farfalla", "aereo")
_HANGING = (*_FLYING, "ombrello", "lampada", "orologio", "cappello", "tavolo")
ROLES: dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "su": (_PUT_ON, tuple(SURFACES)),
    "sopra": (_FLYING, NOUNS),
    "sotto": (tuple(noun for noun in NOUNS if noun not in _FLYING), _HANGING),
    "accanto": (NOUNS, NOUNS),
    "dentro": (_PORTABLE, tuple(MOUTHS)),
    "sinistra": (NOUNS, NOUNS),
    None: (NOUNS, NOUNS),
}


def allowed_triple(level: str, first: str, relation: str | None, second: str) -> bool:
    """Whether scenes of the level may show a `first` so related to a `second`."""
    fits = first != second or relation not in ("su", "dentro")
    return fits and (level in ("composition", "all") or (first, relation, second) not in HELD_OUT_TRIPLES)
