"""Sentences of the grammar that say what no picture shows, of every noun, drawn or not."""

from collections.abc import Sequence

import numpy as np

from clip_italian.world.languages.italian.grammar import (
    Words,
    all_of,
    coordinate,
    join,
    joint_gender,
    noun_phrase,
    on_which,
    prepose,
    there_is,
)
from clip_italian.world.languages.italian.lexicon import (
    COLOURS,
    EXTRA,
    EXTRA_COLOURS,
    NOUNS,
    QUALITIES,
    Adjective,
    Noun,
    compound_colour,
)
from clip_italian.world.scenes.statements import Item, pick

ALL_NOUNS = [noun for noun in (*NOUNS.values(), *EXTRA.values()) if noun.singular]
ALL_COLOURS = [*COLOURS.values(), *EXTRA_COLOURS.values()]
SHADED = [compound_colour(colour, shade) for colour in ("verde", "blu", "giallo") for shade in ("scuro", "chiaro")]
# Verbs in the third person, singular and plural, that their kind of noun can be the subject of.
VERBS = {
    "animal": (("dorme", "dormono"), ("mangia", "mangiano"), ("gioca", "giocano"), ("corre", "corrono")),
    "person": (("legge", "leggono"), ("canta", "cantano"), ("lavora", "lavorano"), ("sorride", "sorridono")),
}
CLASS_WORDS = {
    "animal": ("un animale", "animali"),
    "plant": ("una pianta", "piante"),
    "food": ("un alimento", "alimenti"),
    "drink": ("una bevanda", "bevande"),
    "person": ("una persona", "persone"),
    "thing": ("un oggetto", "oggetti"),
    "place": ("un luogo", "luoghi"),
}


def sentence(rng: np.random.Generator) -> str:
    """One of the kinds below, without a capital."""
    return join(pick(rng, SENTENCES)(rng))


def _noun(rng: np.random.Generator, *kinds: str) -> Noun:
    return pick(rng, [noun for noun in ALL_NOUNS if not kinds or noun.kind in kinds])


def _coloured(rng: np.random.Generator) -> Noun:
    return _noun(rng, "animal", "plant", "fungus", "food", "drink", "thing", "body", "nature")


def _two(rng: np.random.Generator, options: Sequence[Item]) -> tuple[Item, Item]:
    """Two different ones of `options`."""
    first, second = rng.choice(len(options), 2, replace=False)
    return options[first], options[second]


def _plural(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def _is(plural: bool) -> str:
    return "sono" if plural else "è"


def _does(rng: np.random.Generator) -> Words:
    """Il gatto dorme. Quei bambini leggono."""
    noun, plural = _noun(rng, "animal", "person"), _plural(rng)
    kind = pick(rng, ("definite", "quello", "partitive" if plural else "indefinite", "molto" if plural else "ogni"))
    return (*noun_phrase(noun, kind, plural), pick(rng, VERBS[noun.kind])[plural])


def _has_colour(rng: np.random.Generator) -> Words:
    """Le sedie sono rosse. L'auto è verde scuro."""
    noun, plural = _coloured(rng), _plural(rng)
    colour = pick(rng, ALL_COLOURS + SHADED)
    return (*noun_phrase(noun, "definite", plural), _is(plural), colour.form(noun.gender_of(plural), plural))


def _is_a(rng: np.random.Generator) -> Words:
    """Il gatto è un animale. Le case sono oggetti."""
    noun, plural = _noun(rng, *CLASS_WORDS), _plural(rng)
    return (*noun_phrase(noun, "definite", plural), _is(plural), CLASS_WORDS[noun.kind][plural])


def _beautiful(rng: np.random.Generator) -> Words:
    """Che bella casa! Quel bel gatto è bianco."""
    noun, plural = _coloured(rng), _plural(rng)
    words = noun_phrase(noun, "bare", plural, before=(QUALITIES["bello"],))
    if rng.random() < 0.5:
        return ("che", *words, "!")
    colour = pick(rng, ALL_COLOURS).form(noun.gender_of(plural), plural)
    return (*noun_phrase(noun, "quello", plural, before=(QUALITIES["bello"],)), _is(plural), colour)


def _good(rng: np.random.Generator) -> Words:
    """Ho mangiato un buon gelato."""
    return ("ho", "mangiato", *noun_phrase(_noun(rng, "food"), before=(QUALITIES["buono"],)))


def _likes(rng: np.random.Generator) -> Words:
    """Ai bambini piacciono le mele."""
    liked, plural = _coloured(rng), _plural(rng)
    person = prepose("a", noun_phrase(_noun(rng, "person"), "definite", _plural(rng)))
    return (*person, "piacciono" if plural else "piace", *noun_phrase(liked, "definite", plural))


def _all(rng: np.random.Generator) -> Words:
    """Tutti e tre i gatti dormono. Entrambe le oche mangiano."""
    noun = _noun(rng, "animal", "person")
    words = all_of(pick(rng, (2, 3, 4)), noun) if rng.random() < 0.6 else noun_phrase(noun, "entrambi", True)
    return (*words, pick(rng, VERBS[noun.kind])[1])


def _saw_both(rng: np.random.Generator) -> Words:
    """Ho visto un gatto e una barca neri."""
    first, second = _two(rng, [noun for noun in ALL_NOUNS if noun.kind in ("animal", "thing", "food")])
    colour = pick(rng, ALL_COLOURS).form(joint_gender((first.gender, second.gender)), True)
    return ("ho", "visto", *coordinate(noun_phrase(first), noun_phrase(second)), colour)


def _one_each(rng: np.random.Generator) -> Words:
    """Ci sono due gatti, uno bianco e uno nero."""
    noun = _noun(rng, "animal", "plant", "thing")
    one = "uno" if noun.gender == "m" else "una"
    first, second = (colour.form(noun.gender, False) for colour in _two(rng, list(COLOURS.values())))
    return (*there_is(True), *noun_phrase(noun, "bare", True, count=2), ",", *coordinate((one, first), (one, second)))


def _two_coloured(rng: np.random.Generator) -> Words:
    """Le bandiere bianche e rosse sono nuove."""
    noun = _noun(rng, "thing")
    first, second = _two(rng, list(COLOURS.values()))
    words = noun_phrase(noun, "definite", True, after=(first,))
    last = (second.form(noun.plural_gender, True), "sono", QUALITIES["nuovo"].form(noun.plural_gender, True))
    return coordinate(words, last)


def _belongs(rng: np.random.Generator) -> Words:
    """La bici dello zio è vecchia."""
    noun, plural = _noun(rng, "thing"), _plural(rng)
    owner = prepose("di", noun_phrase(_noun(rng, "person"), "definite", _plural(rng)))
    quality = pick(rng, (QUALITIES["nuovo"], QUALITIES["vecchio"], *COLOURS.values()))
    return (*noun_phrase(noun, "definite", plural), *owner, _is(plural), quality.form(noun.gender_of(plural), plural))


def _bigger(rng: np.random.Generator) -> Words:
    """L'elefante è più grande del gatto."""
    first, second = _two(rng, [noun for noun in ALL_NOUNS if noun.kind == "animal"])
    adjective = pick(rng, ("grande", "veloce"))
    return (*noun_phrase(first, "definite"), "è", "più", adjective, *prepose("di", noun_phrase(second, "definite")))


def _which(rng: np.random.Generator) -> Words:
    """La sedia su cui dorme il gatto è rossa."""
    noun, plural, animal = _noun(rng, "thing"), _plural(rng), _noun(rng, "animal")
    gender = noun.gender_of(plural)
    relative = on_which(pick(rng, ("su", "sotto")), gender, plural, cui=_plural(rng))
    colour = pick(rng, ALL_COLOURS).form(gender, plural)
    sleeps = ("dorme", *noun_phrase(animal, "definite"))
    return (*noun_phrase(noun, "definite", plural), *relative, *sleeps, _is(plural), colour)


def _taken_at_night(rng: np.random.Generator) -> Words:
    """Una foto di due gatti scattata di notte."""
    noun = _noun(rng, "animal", "person", "place")
    return ("una", "foto", *prepose("di", noun_phrase(noun, "bare", True, count=2)), "scattata", "di", "notte")


def _goes(rng: np.random.Generator) -> Words:
    """Gli amici vanno dal ponte alla spiaggia."""
    person, plural = _noun(rng, "person"), _plural(rng)
    places = _two(rng, [noun for noun in ALL_NOUNS if noun.kind == "place"])
    start, end = (noun_phrase(place, "definite") for place in places)
    verb = "vanno" if plural else "va"
    return (*noun_phrase(person, "definite", plural), verb, *prepose("da", start), *prepose("a", end))


def _pair(rng: np.random.Generator) -> Words:
    """Ho comprato un paio di occhiali neri."""
    noun: Noun = pick(rng, (EXTRA["occhiali"], EXTRA["forbici"], EXTRA["scarpa"], NOUNS["boot"]))
    colour: Adjective = pick(rng, ALL_COLOURS)
    pair = pick(rng, (("un", "paio"), ("tre", "paia")))
    return ("ho", "comprato", *pair, *prepose("di", noun_phrase(noun, "bare", True, after=(colour,))))


def _which_colour(rng: np.random.Generator) -> Words:
    """Di che colore sono le uova?"""
    plural = _plural(rng)
    return ("di", "che", "colore", _is(plural), *noun_phrase(_coloured(rng), "definite", plural), "?")


SENTENCES = (
    _does,
    _has_colour,
    _has_colour,
    _is_a,
    _beautiful,
    _good,
    _likes,
    _all,
    _saw_both,
    _one_each,
    _two_coloured,
    _belongs,
    _bigger,
    _which,
    _taken_at_night,
    _goes,
    _pair,
    _which_colour,
)
