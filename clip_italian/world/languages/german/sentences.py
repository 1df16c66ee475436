"""Random sentences that no image shows, about any noun, drawn or not. The docstring of each function has examples."""

import numpy as np

from clip_italian.world.languages.german.grammar import RELATIVE, coordinate, determiner, noun_phrase, prepose
from clip_italian.world.languages.german.lexicon import LEXICON, Noun
from clip_italian.world.languages.language import Words
from clip_italian.world.languages.lexicon import either, two
from clip_italian.world.scenes.statements import pick

ALL_COLOURS = [*LEXICON.colours.values(), *LEXICON.extra_colours.values()]


def _coloured(rng: np.random.Generator) -> Noun:
    return LEXICON.any_noun(rng, "animal", "plant", "fungus", "food", "thing", "body", "nature")


def _is(plural: bool) -> str:
    return "sind" if plural else "ist"


def _does(rng: np.random.Generator) -> Words:
    """Der Hund schläft. Diese Kinder lesen."""
    noun, plural = LEXICON.any_noun(rng, "animal", "person"), either(rng)
    kind = pick(rng, ("definite", "dieser", "einige" if plural else "indefinite", "viele" if plural else "jeder", "kein"))
    return (*noun_phrase(noun, kind, "nom", plural), pick(rng, LEXICON.verbs[noun.kind]).split()[plural])


def _has_colour(rng: np.random.Generator) -> Words:
    """Die Stühle sind rot. Das Auto ist dunkelgrün."""
    noun, plural = _coloured(rng), either(rng)
    return (*noun_phrase(noun, "definite", "nom", plural), _is(plural), pick(rng, ALL_COLOURS).stem)


def _is_a(rng: np.random.Generator) -> Words:
    """Die Katze ist ein Tier. Die Stühle sind Gegenstände."""
    noun, plural = LEXICON.any_noun(rng, *LEXICON.class_words), either(rng)
    return (*noun_phrase(noun, "definite", "nom", plural), _is(plural), *LEXICON.class_words[noun.kind][plural].split())


def _beautiful(rng: np.random.Generator) -> Words:
    """Dieses schöne Haus ist weiß. Das ist ein schönes Haus!"""
    noun, plural = _coloured(rng), either(rng)
    if rng.random() < 0.5:
        exclaimed = noun_phrase(noun, "bare" if plural else "indefinite", "nom", plural, (LEXICON.qualities["schön"],))
        return ("das", _is(plural), *exclaimed, "!")
    words = noun_phrase(noun, "dieser", "nom", plural, (LEXICON.qualities["schön"],))
    return (*words, _is(plural), pick(rng, ALL_COLOURS).stem)


def _ate(rng: np.random.Generator) -> Words:
    """Ich habe einen leckeren Apfel gegessen."""
    eaten = noun_phrase(LEXICON.any_noun(rng, "food"), "indefinite", "acc", adjectives=(LEXICON.qualities["lecker"],))
    return ("ich", "habe", *eaten, "gegessen")


def _likes(rng: np.random.Generator) -> Words:
    """Den Kindern gefallen die roten Äpfel."""
    liked, plural = _coloured(rng), either(rng)
    person = noun_phrase(LEXICON.any_noun(rng, "person"), "definite", "dat", either(rng))
    what = noun_phrase(liked, "definite", "nom", plural, (pick(rng, ALL_COLOURS),))
    return (*person, "gefallen" if plural else "gefällt", *what)


def _all(rng: np.random.Generator) -> Words:
    """Alle drei Hunde schlafen. Beide Gänse fressen. Die beiden Kinder lesen."""
    noun = LEXICON.any_noun(rng, "animal", "person")
    kind = pick(rng, ("alle", "alle", "beide", "die beiden"))
    words = noun_phrase(noun, kind, "nom", True, count=pick(rng, (3, 4)) if kind == "alle" else None)
    return (*words, pick(rng, LEXICON.verbs[noun.kind]).split()[1])


def _saw_both(rng: np.random.Generator) -> Words:
    """Ich habe einen schwarzen Hund und eine Katze gesehen."""
    first, second = two(rng, [noun for noun in LEXICON.written() if noun.kind in ("animal", "thing", "food")])
    seen = noun_phrase(first, "indefinite", "acc", adjectives=(pick(rng, ALL_COLOURS),))
    return ("ich", "habe", *coordinate(seen, noun_phrase(second, "indefinite", "acc")), "gesehen")


def _one_each(rng: np.random.Generator) -> Words:
    """Es gibt zwei Hunde, einen weißen und einen schwarzen."""
    noun = LEXICON.any_noun(rng, "animal", "plant", "thing")
    article, endings = determiner("indefinite", noun.gender, "acc")
    inflected = [colour for colour in LEXICON.colours.values() if colour.inflects]
    first, second = ((*article, colour.form(endings["acc"][noun.gender])) for colour in two(rng, inflected))
    return ("es", "gibt", *noun_phrase(noun, "bare", "acc", True, count=2), ",", *coordinate(first, second))


def _two_coloured(rng: np.random.Generator) -> Words:
    """Die weißen und roten Fahnen sind neu."""
    noun = LEXICON.any_noun(rng, "thing")
    first, second = two(rng, list(LEXICON.colours.values()))
    _, *described = noun_phrase(noun, "definite", "nom", True, (second,))
    return ("die", first.form("en"), "und", *described, "sind", LEXICON.qualities["neu"].stem)


def _belongs(rng: np.random.Generator) -> Words:
    """Das alte Fahrrad gehört dem Onkel."""
    noun, plural = LEXICON.any_noun(rng, "thing"), either(rng)
    owner = noun_phrase(LEXICON.any_noun(rng, "person"), "definite", "dat", either(rng))
    quality = pick(rng, (LEXICON.qualities["neu"], LEXICON.qualities["alt"], *LEXICON.colours.values()))
    return (*noun_phrase(noun, "definite", "nom", plural, (quality,)), "gehören" if plural else "gehört", *owner)


def _bigger(rng: np.random.Generator) -> Words:
    """Der Elefant ist größer als die Katze."""
    first, second = two(rng, [noun for noun in LEXICON.written() if noun.kind == "animal"])
    compared = pick(rng, ("größer", "schneller"))
    return (*noun_phrase(first, "definite"), "ist", compared, "als", *noun_phrase(second, "definite"))


def _which(rng: np.random.Generator) -> Words:
    """Der Stuhl, auf dem die Katze schläft, ist rot."""
    noun, plural, animal = LEXICON.any_noun(rng, "thing"), either(rng), LEXICON.any_noun(rng, "animal")
    relative = (pick(rng, ("auf", "unter", "neben")), RELATIVE["dat"][noun.agreement(plural)])
    sleeps = (*noun_phrase(animal, "definite"), "schläft")
    colour = pick(rng, ALL_COLOURS).stem
    return (*noun_phrase(noun, "definite", "nom", plural), ",", *relative, *sleeps, ",", _is(plural), colour)


def _at_night(rng: np.random.Generator) -> Words:
    """Ein Foto von zwei Hunden bei Nacht."""
    noun = LEXICON.any_noun(rng, "animal", "person", "place")
    return ("ein", "Foto", *prepose("von", noun_phrase(noun, "bare", "dat", True, count=2)), "bei", "Nacht")


def _goes(rng: np.random.Generator) -> Words:
    """Die Freunde gehen von der Brücke zum Strand."""
    person, plural = LEXICON.any_noun(rng, "person"), either(rng)
    places = two(rng, [noun for noun in LEXICON.written() if noun.kind == "place"])
    start, end = (noun_phrase(place, "definite", "dat") for place in places)
    verb = "gehen" if plural else "geht"
    return (*noun_phrase(person, "definite", "nom", plural), verb, *prepose("von", start), *prepose("zu", end))


def _pair(rng: np.random.Generator) -> Words:
    """Ich habe ein Paar rote Schuhe gekauft."""
    noun = pick(rng, (LEXICON.extra["Schuh"], LEXICON.nouns["boot"]))
    return ("ich", "habe", "ein", "Paar", *noun_phrase(noun, "bare", "acc", True, (pick(rng, ALL_COLOURS),)), "gekauft")


def _which_colour(rng: np.random.Generator) -> Words:
    """Welche Farbe haben die Eier?"""
    plural = either(rng)
    return ("welche", "Farbe", "haben" if plural else "hat", *noun_phrase(_coloured(rng), "definite", "nom", plural), "?")


def _there_is_no(rng: np.random.Generator) -> Words:
    """Neben dem Baum gibt es keine weißen Hunde."""
    place, plural = noun_phrase(LEXICON.any_noun(rng, "thing", "plant"), "definite", "dat", either(rng)), either(rng)
    missing = noun_phrase(LEXICON.any_noun(rng, "animal"), "kein", "acc", plural, (pick(rng, ALL_COLOURS),))
    return (*prepose("neben", place), "gibt", "es", *missing)


SENTENCES = (
    *(_does, _has_colour, _has_colour, _is_a, _beautiful, _ate, _likes, _all, _saw_both, _one_each),
    *(_two_coloured, _belongs, _bigger, _which, _at_night, _goes, _pair, _which_colour, _there_is_no),
)
