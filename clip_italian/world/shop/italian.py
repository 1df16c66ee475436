"""The shop's captions in Italian."""

import numpy as np

from clip_italian.world.languages.italian.grammar import join, noun_phrase, prepose
from clip_italian.world.languages.italian.lexicon import LEXICON, Adjective, adjectives, nouns
from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import pick
from clip_italian.world.shop.products import PLAIN, Statement

COLOURS = LEXICON.colours
NOUNS = nouns("""
clothes f: T-shirt maglietta magliette, shirt camicia camicie, skirt gonna gonne, jacket giacca giacche, scarf sciarpa sciarpe,
    bag borsa borse, tie cravatta cravatte
clothes m: sweater maglione maglioni, trousers - pantaloni, dress vestito vestiti, socks calzino calzini, beanie berretto berretti
""")
PAIRS = ("trousers", "socks")  # plural nouns
MARKS = nouns("mark f: stripes riga righe\nmark m: dots pois pois, checks quadro quadri")
SHAPES = adjectives("""
short: corto corta corti corte; long: lungo lunga lunghi lunghe; narrow: stretto stretta stretti strette;
wide: largo larga larghi larghe""")
_SLEEVE = nouns("clothes f: manica maniche")["manica"]
_SHORT, _LONG = (noun_phrase(_SLEEVE, "bare", True, after=[SHAPES[length]]) for length in ("short", "long"))
# Wordings of the details without an adjective; the first one can follow a pattern (a righe con maniche corte).
DETAILS: dict[str, tuple[Words, ...]] = {
    "short sleeves": (("con", *_SHORT), ("a", *_SHORT)),
    "long sleeves": (("con", *_LONG), ("a", *_LONG)),
    "turtleneck": (("con", "collo", "alto"), ("a", "collo", "alto")),
    "V-neck": (("con", "scollo", "a", "V"), ("con", "lo", "scollo", "a", "V")),
    "hood": (("con", "cappuccio"), ("con", "il", "cappuccio")),
    "no hood": (("senza", "cappuccio"),),
    "fringe": (("con", "frange"), ("con", "le", "frange")),
    "no fringe": (("senza", "frange"),),
    "shoulder strap": (("con", "tracolla"), ("a", "tracolla")),
    "handles": (("con", "manici"), ("a", "mano")),
    "pompom": (("con", "pompon"), ("con", "il", "pompon")),
    "no pompom": (("senza", "pompon"),),
}


def say(statement: Statement, rng: np.random.Generator) -> str:
    """Returns a caption of the statement: "maglietta rossa a righe bianche con maniche lunghe"."""
    colour, shape = COLOURS[statement.colour], SHAPES.get(statement.detail or "")
    ways = DETAILS.get(statement.detail or "", ((),))
    detail, pattern = pick(rng, ways), _pattern(statement, ("a",) if ways[0] else ("a", "a", "con"), rng)
    manner = rng.random()
    if manner < 0.2:  # di colore rosso con maniche lunghe, a righe bianche
        return join((*_head(statement, [shape], rng), "di", "colore", colour.form("m", False), *ways[0], *_after_comma(pattern)))
    if manner < 0.4 and detail:  # con maniche lunghe, rossa a righe bianche
        noun, plural = NOUNS[statement.kind], statement.kind in PAIRS
        return join((*_head(statement, [shape], rng), *detail, ",", colour.form(noun.gender_of(plural), plural), *pattern))
    described = _head(statement, [shape, colour] if rng.random() < 0.7 else [colour, shape], rng)
    if manner < 0.6 and detail:  # rossa con maniche lunghe, a righe bianche
        return join((*described, *detail, *_after_comma(pattern)))
    return join((*described, *pattern, *ways[0]))


def _head(statement: Statement, adjectives: list[Adjective | None], rng: np.random.Generator) -> Words:
    """The noun and its adjectives, without an article, with one, or as a pair."""
    noun, plural, bare = NOUNS[statement.kind], statement.kind in PAIRS, rng.random() < 0.7
    after = [adjective for adjective in adjectives if adjective]
    if plural and not bare:
        return ("un", "paio", "di", *noun_phrase(noun, "bare", True, after=after))
    return noun_phrase(noun, "bare" if bare else "indefinite", plural, after=after)


def _pattern(statement: Statement, prepositions: tuple[str, ...], rng: np.random.Generator) -> Words:
    """Words for the pattern: "a righe", "con pois bianchi", "in tinta unita"; none if the statement has no pattern."""
    if statement.pattern is None:
        return ()
    if statement.pattern == PLAIN:
        return ("in", "tinta", "unita")
    after = [COLOURS[statement.second]] if statement.second else []
    return prepose(pick(rng, prepositions), noun_phrase(MARKS[statement.pattern], "bare", True, after=after))


def _after_comma(words: Words) -> Words:
    return (",", *words) if words else ()
