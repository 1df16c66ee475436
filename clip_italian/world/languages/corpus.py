"""Text for the BERT of the study's language: lines of the grammar about every noun, drawn or not.

Most are two captions of an image nobody drew: a masked word can often be read off the other one, so what a token is has
to be kept as far as the last layer. The rest say things that no image shows.
"""

import json

import numpy as np

from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages.language import TONES, Language
from clip_italian.world.languages.names import proper_noun_caption
from clip_italian.world.scenes import statements
from clip_italian.world.scenes.statements import NOUNS, Phrase, Statement, pick

PURPOSE = 2021  # keeps these random numbers apart from those of scenes
CAPTIONS_SHARE = 0.75  # of the lines


def corpus_line(seed: int, index: int, language: Language) -> str:
    """The `index`-th line of the text; a pure function of its arguments."""
    rng = np.random.default_rng([seed, PURPOSE, index])
    if rng.random() < CAPTIONS_SHARE:
        statement = any_statement(rng)
        return " ".join(_sentence(language.say(statement, pick(rng, TONES), rng)) for _ in range(2))
    return _sentence(language.sentence(rng))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text[-1] in "?!." else ".")


def any_statement(rng: np.random.Generator) -> Statement:
    """A statement about nothing in particular, of any drawn noun, seen in the study or not."""
    phrases = tuple(_any_phrase(rng) for _ in range(pick(rng, (1, 2, 2))))
    relation = pick(rng, (None, *statements.RELATIONS)) if len(phrases) == 2 else None
    position = pick(rng, statements.POSITIONS) if len(phrases) == 1 and rng.random() < 0.3 else None
    ground = pick(rng, statements.GROUNDS) if rng.random() < 0.25 else None
    return Statement(phrases, relation, position, ground)


def _any_phrase(rng: np.random.Generator) -> Phrase:
    colour = pick(rng, statements.COLOURS) if rng.random() < 0.6 else None
    size = pick(rng, statements.SIZES) if rng.random() < 0.15 else None
    return Phrase(pick(rng, statements.NOUNS), colour, size, pick(rng, (1, 1, 1, 1, 2, 3, 4, None)))


# Sentences with the part of speech of every word, from which the world's tagger learns.
TAGGED_PURPOSE = 8


def sentences(numbers: range, seed: int, language: Language) -> list[str]:
    """A JSON line each: the text, its words and their tags."""
    return [_line(text(rng_of(seed, TAGGED_PURPOSE, number), language), language) for number in numbers]


def _line(said: str, language: Language) -> str:
    words, tags = zip(*language.tags(said), strict=True)
    return json.dumps({"text": said, "words": words, "tags": tags}, ensure_ascii=False, sort_keys=True)


def text(rng: np.random.Generator, language: Language) -> str:
    """A description, names alone, or a description with names: a capital must not make a name, nor a name a caption of names."""
    style, names = rng.random(), language.names
    if style < 0.2:
        return proper_noun_caption(names, rng)
    if style < 0.3:
        return ", ".join((pick(rng, names.foreign), pick(rng, names.abroad))[: int(rng.integers(1, 3))])
    # A thing alone is the hardest: a capital at the start of a caption of one word.
    statement = Statement((Phrase(pick(rng, NOUNS), count=pick(rng, (1, None))),)) if style < 0.5 else any_statement(rng)
    said = language.say(statement, pick(rng, TONES), rng)
    if 0.5 <= style < 0.65:
        person = f"{pick(rng, names.first)} {pick(rng, names.family)}"
        return language.with_name(pick(rng, (pick(rng, names.foreign), person, pick(rng, names.first))), said)
    if 0.65 <= style < 0.8:
        return language.somewhere(said, pick(rng, names.cities + names.abroad))
    return said
