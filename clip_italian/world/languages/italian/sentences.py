"""Random sentences that no image shows, about any noun, drawn or not. The docstring of each function has examples."""

import numpy as np

from clip_italian.world.languages.italian.grammar import all_of, coordinate, joint_gender, noun_phrase, on_which, prepose, there_is
from clip_italian.world.languages.italian.lexicon import LEXICON, Noun, compound_colour
from clip_italian.world.languages.language import Words
from clip_italian.world.languages.lexicon import either, two
from clip_italian.world.scenes.statements import pick

ALL_COLOURS = [*LEXICON.colours.values(), *LEXICON.extra_colours.values()]
SHADED = [compound_colour(colour, shade) for colour in ("verde", "blu", "giallo") for shade in ("scuro", "chiaro")]


def _coloured(rng: np.random.Generator) -> Noun:
    return LEXICON.any_noun(rng, "animal", "plant", "fungus", "food", "drink", "thing", "body", "nature")


def _is(plural: bool) -> str:
    return "sono" if plural else "è"


def _does(rng: np.random.Generator) -> Words:
    """Il gatto dorme. Quei bambini leggono."""
    noun, plural = LEXICON.any_noun(rng, "animal", "person"), either(rng)
    kind = pick(rng, ("definite", "quello", "partitive" if plural else "indefinite", "molto" if plural else "ogni"))
    return (*noun_phrase(noun, kind, plural), pick(rng, LEXICON.verbs[noun.kind]).split()[plural])


def _has_colour(rng: np.random.Generator) -> Words:
    """Le sedie sono rosse. L'auto è verde scuro."""
    noun, plural = _coloured(rng), either(rng)
    colour = pick(rng, ALL_COLOURS + SHADED)
    return (*noun_phrase(noun, "definite", plural), _is(plural), colour.form(noun.gender_of(plural), plural))


def _is_a(rng: np.random.Generator) -> Words:
    """Il gatto è un animale. Le case sono oggetti."""
    noun, plural = LEXICON.any_noun(rng, *LEXICON.class_words), either(rng)
    return (*noun_phrase(noun, "definite", plural), _is(plural), LEXICON.class_words[noun.kind][plural])


def _beautiful(rng: np.random.Generator) -> Words:
    """Che bella casa! Quel bel gatto è bianco."""
    noun, plural = _coloured(rng), either(rng)
    words = noun_phrase(noun, "bare", plural, before=(LEXICON.qualities["bello"],))
    if rng.random() < 0.5:
        return ("che", *words, "!")
    colour = pick(rng, ALL_COLOURS).form(noun.gender_of(plural), plural)
    return (*noun_phrase(noun, "quello", plural, before=(LEXICON.qualities["bello"],)), _is(plural), colour)


def _good(rng: np.random.Generator) -> Words:
    """Ho mangiato un buon gelato."""
    return ("ho", "mangiato", *noun_phrase(LEXICON.any_noun(rng, "food"), before=(LEXICON.qualities["buono"],)))


def _likes(rng: np.random.Generator) -> Words:
    """Ai bambini piacciono le mele."""
    liked, plural = _coloured(rng), either(rng)
    person = prepose("a", noun_phrase(LEXICON.any_noun(rng, "person"), "definite", either(rng)))
    return (*person, "piacciono" if plural else "piace", *noun_phrase(liked, "definite", plural))


def _all(rng: np.random.Generator) -> Words:
    """Tutti e tre i gatti dormono. Entrambe le oche mangiano."""
    noun = LEXICON.any_noun(rng, "animal", "person")
    words = all_of(pick(rng, (2, 3, 4)), noun) if rng.random() < 0.6 else noun_phrase(noun, "entrambi", True)
    return (*words, pick(rng, LEXICON.verbs[noun.kind]).split()[1])


def _saw_both(rng: np.random.Generator) -> Words:
    """Ho visto un gatto e una barca neri."""
    first, second = two(rng, [noun for noun in LEXICON.written() if noun.kind in ("animal", "thing", "food")])
    colour = pick(rng, ALL_COLOURS).form(joint_gender((first.gender, second.gender)), True)
    return ("ho", "visto", *coordinate(noun_phrase(first), noun_phrase(second)), colour)


def _one_each(rng: np.random.Generator) -> Words:
    """Ci sono due gatti, uno bianco e uno nero."""
    noun = LEXICON.any_noun(rng, "animal", "plant", "thing")
    one = "uno" if noun.gender == "m" else "una"
    first, second = (colour.form(noun.gender, False) for colour in two(rng, list(LEXICON.colours.values())))
    return (*there_is(True), *noun_phrase(noun, "bare", True, count=2), ",", *coordinate((one, first), (one, second)))


def _two_coloured(rng: np.random.Generator) -> Words:
    """Le bandiere bianche e rosse sono nuove."""
    noun = LEXICON.any_noun(rng, "thing")
    first, second = two(rng, list(LEXICON.colours.values()))
    words = noun_phrase(noun, "definite", True, after=(first,))
    last = (second.form(noun.plural_gender, True), "sono", LEXICON.qualities["nuovo"].form(noun.plural_gender, True))
    return coordinate(words, last)


def _belongs(rng: np.random.Generator) -> Words:
    """La bici dello zio è vecchia."""
    noun, plural = LEXICON.any_noun(rng, "thing"), either(rng)
    owner = prepose("di", noun_phrase(LEXICON.any_noun(rng, "person"), "definite", either(rng)))
    quality = pick(rng, (LEXICON.qualities["nuovo"], LEXICON.qualities["vecchio"], *LEXICON.colours.values()))
    return (*noun_phrase(noun, "definite", plural), *owner, _is(plural), quality.form(noun.gender_of(plural), plural))


def _bigger(rng: np.random.Generator) -> Words:
    """L'elefante è più grande del gatto."""
    first, second = two(rng, [noun for noun in LEXICON.written() if noun.kind == "animal"])
    adjective = pick(rng, ("grande", "veloce"))
    return (*noun_phrase(first, "definite"), "è", "più", adjective, *prepose("di", noun_phrase(second, "definite")))


def _which(rng: np.random.Generator) -> Words:
    """La sedia su cui dorme il gatto è rossa."""
    noun, plural, animal = LEXICON.any_noun(rng, "thing"), either(rng), LEXICON.any_noun(rng, "animal")
    gender = noun.gender_of(plural)
    relative = on_which(pick(rng, ("su", "sotto")), gender, plural, cui=either(rng))
    colour = pick(rng, ALL_COLOURS).form(gender, plural)
    sleeps = ("dorme", *noun_phrase(animal, "definite"))
    return (*noun_phrase(noun, "definite", plural), *relative, *sleeps, _is(plural), colour)


def _taken_at_night(rng: np.random.Generator) -> Words:
    """Una foto di due gatti scattata di notte."""
    noun = LEXICON.any_noun(rng, "animal", "person", "place")
    return ("una", "foto", *prepose("di", noun_phrase(noun, "bare", True, count=2)), "scattata", "di", "notte")


def _goes(rng: np.random.Generator) -> Words:
    """Gli amici vanno dal ponte alla spiaggia."""
    person, plural = LEXICON.any_noun(rng, "person"), either(rng)
    places = two(rng, [noun for noun in LEXICON.written() if noun.kind == "place"])
    start, end = (noun_phrase(place, "definite") for place in places)
    verb = "vanno" if plural else "va"
    return (*noun_phrase(person, "definite", plural), verb, *prepose("da", start), *prepose("a", end))


def _pair(rng: np.random.Generator) -> Words:
    """Ho comprato un paio di occhiali neri."""
    noun = pick(rng, (LEXICON.extra["occhiali"], LEXICON.extra["forbici"], LEXICON.extra["scarpa"], LEXICON.nouns["boot"]))
    colour = pick(rng, ALL_COLOURS)
    pair = pick(rng, (("un", "paio"), ("tre", "paia")))
    return ("ho", "comprato", *pair, *prepose("di", noun_phrase(noun, "bare", True, after=(colour,))))


def _which_colour(rng: np.random.Generator) -> Words:
    """Di che colore sono le uova?"""
    plural = either(rng)
    return ("di", "che", "colore", _is(plural), *noun_phrase(_coloured(rng), "definite", plural), "?")


SENTENCES = (
    *(_does, _has_colour, _has_colour, _is_a, _beautiful, _good, _likes, _all, _saw_both, _one_each),
    *(_two_coloured, _belongs, _bigger, _which, _taken_at_night, _goes, _pair, _which_colour),
)
