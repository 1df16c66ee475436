"""The shop's captions in German."""

import numpy as np

from clip_italian.world.languages.german.grammar import coordinate, join, noun_phrase
from clip_italian.world.languages.german.lexicon import LEXICON, Adjective, adjectives, colour_noun, nouns
from clip_italian.world.languages.language import Words
from clip_italian.world.scenes.statements import pick
from clip_italian.world.shop.products import PLAIN, Statement

COLOURS = LEXICON.colours
NOUNS = nouns("""
clothes n: T-shirt T-Shirt T-Shirts, shirt Hemd Hemden, dress Kleid Kleider
clothes m: sweater Pullover Pullover, skirt Rock Röcke, scarf Schal Schals
clothes f: trousers Hose Hosen, jacket Jacke Jacken, bag Tasche Taschen, socks Socke Socken, tie Krawatte Krawatten,
    beanie Mütze Mützen
""")
PAIRS = ("socks",)  # plural nouns
PATTERNS = adjectives("plain: einfarbig; stripes: gestreift; dots: gepunktet; checks: kariert")
MARKS = nouns("mark m: stripes Streifen Streifen, dots Punkt Punkte\nmark n: checks Karo Karos")
SHAPES = adjectives("short: kurz; long: lang; narrow: schmal; wide: breit")
_SLEEVE, _STRAP, _HANDLE = nouns("clothes m: Ärmel Ärmel, Riemen Riemen, Henkel Henkel").values()
# Wordings of the details without an adjective; mit is followed by the dative.
DETAILS: dict[str, tuple[Words, ...]] = {
    "short sleeves": (("mit", *noun_phrase(_SLEEVE, "bare", "dat", True, [SHAPES["short"]])),),
    "long sleeves": (("mit", *noun_phrase(_SLEEVE, "bare", "dat", True, [SHAPES["long"]])),),
    "turtleneck": (("mit", "Rollkragen"),),
    "V-neck": (("mit", "V-Ausschnitt"),),
    "hood": (("mit", "Kapuze"),),
    "no hood": (("ohne", "Kapuze"),),
    "fringe": (("mit", "Fransen"),),
    "no fringe": (("ohne", "Fransen"),),
    "shoulder strap": (("mit", "Schulterriemen"), ("mit", *noun_phrase(_STRAP, "bare", "dat", False, [SHAPES["long"]]))),
    "handles": (("mit", "Henkeln"), ("mit", *noun_phrase(_HANDLE, "bare", "dat", True, [SHAPES["short"]]))),
    "pompom": (("mit", "Bommel"),),
    "no pompom": (("ohne", "Bommel"),),
}
SLEEVED = {"short sleeves": Adjective("kurzärmelig"), "long sleeves": Adjective("langärmelig")}


def say(statement: Statement, rng: np.random.Generator) -> str:
    """A caption of the statement: "rot-weiß gestreiftes T-Shirt mit langen Ärmeln"."""
    shapes, detail = _detail(statement, rng)
    woven, marks = _pattern(statement, rng)
    colour = COLOURS[statement.colour]
    manner = rng.random()
    if manner < 0.2:  # T-Shirt mit langen Ärmeln, rot mit weißen Streifen
        return join((*_head(statement, shapes, rng), *detail, ",", (woven or colour).stem, *marks))
    if manner < 0.35 and not woven:  # T-Shirt in Rot mit weißen Streifen und langen Ärmeln
        return join((*_head(statement, shapes, rng), "in", colour_noun(colour), *_together(marks, detail, rng)))
    return join((*_head(statement, [*shapes, woven or colour], rng), *_together(marks, detail, rng)))


def _detail(statement: Statement, rng: np.random.Generator) -> tuple[list[Adjective], Words]:
    """The detail as an adjective, or as words after the noun."""
    detail = statement.detail
    if detail is None:
        return [], ()
    adjective = SHAPES.get(detail) or (SLEEVED.get(detail) if rng.random() < 0.3 else None)
    return ([adjective], ()) if adjective else ([], pick(rng, DETAILS[detail]))


def _pattern(statement: Statement, rng: np.random.Generator) -> tuple[Adjective | None, Words]:
    """The pattern as one adjective with the colour (rot-weiß gestreift, einfarbig rot), or as words after the noun."""
    pattern, colour = statement.pattern, COLOURS[statement.colour]
    if pattern is None:
        return None, ()
    if pattern == PLAIN:
        return Adjective(f"{PATTERNS[pattern].stem} {colour.stem}", colour.inflects), ()
    if statement.second and rng.random() < 0.5:
        return Adjective(f"{colour.stem}-{COLOURS[statement.second].stem} {PATTERNS[pattern].stem}"), ()
    described = [COLOURS[statement.second]] if statement.second else []
    return None, ("mit", *noun_phrase(MARKS[pattern], "bare", "dat", True, described))


def _head(statement: Statement, adjectives: list[Adjective], rng: np.random.Generator) -> Words:
    """The adjectives and the noun, without an article, with one, or as a pair."""
    noun, plural, bare = NOUNS[statement.kind], statement.kind in PAIRS, rng.random() < 0.7
    if plural and not bare:
        return ("ein", "Paar", *noun_phrase(noun, "bare", "nom", True, adjectives))
    return noun_phrase(noun, "bare" if bare else "indefinite", "nom", plural, adjectives)


def _together(marks: Words, detail: Words, rng: np.random.Generator) -> Words:
    """Pattern and detail in random order with one mit: mit weißen Streifen und langen Ärmeln."""
    if not (marks and detail):
        return marks + detail
    if detail[0] == "ohne":
        return (*marks, ",", *detail)
    first, second = (marks, detail) if rng.random() < 0.5 else (detail, marks)
    return coordinate(first, second[1:])
