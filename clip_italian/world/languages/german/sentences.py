"""Sentences of the grammar that say what no picture shows, of every noun, drawn or not."""

from collections.abc import Sequence

import numpy as np

from clip_italian.world.languages.german.grammar import RELATIVE, Words, coordinate, determiner, join, noun_phrase, prepose
from clip_italian.world.languages.german.lexicon import COLOURS, EXTRA, EXTRA_COLOURS, NOUNS, QUALITIES, Noun
from clip_italian.world.scenes.statements import Item, pick

ALL_NOUNS = [*NOUNS.values(), *EXTRA.values()]
ALL_COLOURS = [*COLOURS.values(), *EXTRA_COLOURS.values()]
# Verbs in the third person, singular and plural, that their kind of noun can be the subject of.
VERBS = {
    "animal": (("schläft", "schlafen"), ("frisst", "fressen"), ("spielt", "spielen"), ("läuft", "laufen")),
    "person": (("liest", "lesen"), ("singt", "singen"), ("arbeitet", "arbeiten"), ("lächelt", "lächeln")),
}
CLASS_WORDS = {
    "animal": ("ein Tier", "Tiere"),
    "plant": ("eine Pflanze", "Pflanzen"),
    "food": ("ein Lebensmittel", "Lebensmittel"),
    "drink": ("ein Getränk", "Getränke"),
    "person": ("ein Mensch", "Menschen"),
    "thing": ("ein Gegenstand", "Gegenstände"),
    "place": ("ein Ort", "Orte"),
}


def sentence(rng: np.random.Generator) -> str:
    """One of the kinds below, without a capital."""
    return join(pick(rng, SENTENCES)(rng))


def _noun(rng: np.random.Generator, *kinds: str) -> Noun:
    return pick(rng, [noun for noun in ALL_NOUNS if not kinds or noun.kind in kinds])


def _coloured(rng: np.random.Generator) -> Noun:
    return _noun(rng, "animal", "plant", "fungus", "food", "thing", "body", "nature")


def _two(rng: np.random.Generator, options: Sequence[Item]) -> tuple[Item, Item]:
    """Two different ones of `options`."""
    first, second = rng.choice(len(options), 2, replace=False)
    return options[first], options[second]


def _plural(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def _is(plural: bool) -> str:
    return "sind" if plural else "ist"


def _does(rng: np.random.Generator) -> Words:
    """Der Hund schläft. Diese Kinder lesen."""
    noun, plural = _noun(rng, "animal", "person"), _plural(rng)
    kind = pick(rng, ("definite", "dieser", "einige" if plural else "indefinite", "viele" if plural else "jeder", "kein"))
    return (*noun_phrase(noun, kind, "nom", plural), pick(rng, VERBS[noun.kind])[plural])


def _has_colour(rng: np.random.Generator) -> Words:
    """Die Stühle sind rot. Das Auto ist dunkelgrün."""
    noun, plural = _coloured(rng), _plural(rng)
    return (*noun_phrase(noun, "definite", "nom", plural), _is(plural), pick(rng, ALL_COLOURS).stem)


def _is_a(rng: np.random.Generator) -> Words:
    """Die Katze ist ein Tier. Die Stühle sind Gegenstände."""
    noun, plural = _noun(rng, *CLASS_WORDS), _plural(rng)
    return (*noun_phrase(noun, "definite", "nom", plural), _is(plural), *CLASS_WORDS[noun.kind][plural].split())


def _beautiful(rng: np.random.Generator) -> Words:
    """Dieses schöne Haus ist weiß. Das ist ein schönes Haus!"""
    noun, plural = _coloured(rng), _plural(rng)
    if rng.random() < 0.5:
        exclaimed = noun_phrase(noun, "bare" if plural else "indefinite", "nom", plural, (QUALITIES["schön"],))
        return ("das", _is(plural), *exclaimed, "!")
    words = noun_phrase(noun, "dieser", "nom", plural, (QUALITIES["schön"],))
    return (*words, _is(plural), pick(rng, ALL_COLOURS).stem)


def _ate(rng: np.random.Generator) -> Words:
    """Ich habe einen leckeren Apfel gegessen."""
    return ("ich", "habe", *noun_phrase(_noun(rng, "food"), "indefinite", "acc", adjectives=(QUALITIES["lecker"],)), "gegessen")


def _likes(rng: np.random.Generator) -> Words:
    """Den Kindern gefallen die roten Äpfel."""
    liked, plural = _coloured(rng), _plural(rng)
    person = noun_phrase(_noun(rng, "person"), "definite", "dat", _plural(rng))
    what = noun_phrase(liked, "definite", "nom", plural, (pick(rng, ALL_COLOURS),))
    return (*person, "gefallen" if plural else "gefällt", *what)


def _all(rng: np.random.Generator) -> Words:
    """Alle drei Hunde schlafen. Beide Gänse fressen. Die beiden Kinder lesen."""
    noun = _noun(rng, "animal", "person")
    kind = pick(rng, ("alle", "alle", "beide", "die beiden"))
    words = noun_phrase(noun, kind, "nom", True, count=pick(rng, (3, 4)) if kind == "alle" else None)
    return (*words, pick(rng, VERBS[noun.kind])[1])


def _saw_both(rng: np.random.Generator) -> Words:
    """Ich habe einen schwarzen Hund und eine Katze gesehen."""
    first, second = _two(rng, [noun for noun in ALL_NOUNS if noun.kind in ("animal", "thing", "food")])
    seen = noun_phrase(first, "indefinite", "acc", adjectives=(pick(rng, ALL_COLOURS),))
    return ("ich", "habe", *coordinate(seen, noun_phrase(second, "indefinite", "acc")), "gesehen")


def _one_each(rng: np.random.Generator) -> Words:
    """Es gibt zwei Hunde, einen weißen und einen schwarzen."""
    noun = _noun(rng, "animal", "plant", "thing")
    article, endings = determiner("indefinite", noun.gender, "acc")
    inflected = [colour for colour in COLOURS.values() if colour.inflects]
    first, second = ((*article, colour.form(endings["acc"][noun.gender])) for colour in _two(rng, inflected))
    return ("es", "gibt", *noun_phrase(noun, "bare", "acc", True, count=2), ",", *coordinate(first, second))


def _two_coloured(rng: np.random.Generator) -> Words:
    """Die weißen und roten Fahnen sind neu."""
    noun = _noun(rng, "thing")
    first, second = _two(rng, list(COLOURS.values()))
    _, *described = noun_phrase(noun, "definite", "nom", True, (second,))
    return ("die", first.form("en"), "und", *described, "sind", QUALITIES["neu"].stem)


def _belongs(rng: np.random.Generator) -> Words:
    """Das alte Fahrrad gehört dem Onkel."""
    noun, plural = _noun(rng, "thing"), _plural(rng)
    owner = noun_phrase(_noun(rng, "person"), "definite", "dat", _plural(rng))
    quality = pick(rng, (QUALITIES["neu"], QUALITIES["alt"], *COLOURS.values()))
    return (*noun_phrase(noun, "definite", "nom", plural, (quality,)), "gehören" if plural else "gehört", *owner)


def _bigger(rng: np.random.Generator) -> Words:
    """Der Elefant ist größer als die Katze."""
    first, second = _two(rng, [noun for noun in ALL_NOUNS if noun.kind == "animal"])
    compared = pick(rng, ("größer", "schneller"))
    return (*noun_phrase(first, "definite"), "ist", compared, "als", *noun_phrase(second, "definite"))


def _which(rng: np.random.Generator) -> Words:
    """Der Stuhl, auf dem die Katze schläft, ist rot."""
    noun, plural, animal = _noun(rng, "thing"), _plural(rng), _noun(rng, "animal")
    relative = (pick(rng, ("auf", "unter", "neben")), RELATIVE["dat"][noun.agreement(plural)])
    sleeps = (*noun_phrase(animal, "definite"), "schläft")
    colour = pick(rng, ALL_COLOURS).stem
    return (*noun_phrase(noun, "definite", "nom", plural), ",", *relative, *sleeps, ",", _is(plural), colour)


def _at_night(rng: np.random.Generator) -> Words:
    """Ein Foto von zwei Hunden bei Nacht."""
    noun = _noun(rng, "animal", "person", "place")
    return ("ein", "Foto", *prepose("von", noun_phrase(noun, "bare", "dat", True, count=2)), "bei", "Nacht")


def _goes(rng: np.random.Generator) -> Words:
    """Die Freunde gehen von der Brücke zum Strand."""
    person, plural = _noun(rng, "person"), _plural(rng)
    places = _two(rng, [noun for noun in ALL_NOUNS if noun.kind == "place"])
    start, end = (noun_phrase(place, "definite", "dat") for place in places)
    verb = "gehen" if plural else "geht"
    return (*noun_phrase(person, "definite", "nom", plural), verb, *prepose("von", start), *prepose("zu", end))


def _pair(rng: np.random.Generator) -> Words:
    """Ich habe ein Paar rote Schuhe gekauft."""
    noun = pick(rng, (EXTRA["Schuh"], NOUNS["boot"]))
    return ("ich", "habe", "ein", "Paar", *noun_phrase(noun, "bare", "acc", True, (pick(rng, ALL_COLOURS),)), "gekauft")


def _which_colour(rng: np.random.Generator) -> Words:
    """Welche Farbe haben die Eier?"""
    plural = _plural(rng)
    return ("welche", "Farbe", "haben" if plural else "hat", *noun_phrase(_coloured(rng), "definite", "nom", plural), "?")


def _there_is_no(rng: np.random.Generator) -> Words:
    """Neben dem Baum gibt es keine weißen Hunde."""
    place, plural = noun_phrase(_noun(rng, "thing", "plant"), "definite", "dat", _plural(rng)), _plural(rng)
    missing = noun_phrase(_noun(rng, "animal"), "kein", "acc", plural, (pick(rng, ALL_COLOURS),))
    return (*prepose("neben", place), "gibt", "es", *missing)


SENTENCES = (
    _does,
    _has_colour,
    _has_colour,
    _is_a,
    _beautiful,
    _ate,
    _likes,
    _all,
    _saw_both,
    _one_each,
    _two_coloured,
    _belongs,
    _bigger,
    _which,
    _at_night,
    _goes,
    _pair,
    _which_colour,
    _there_is_no,
)
