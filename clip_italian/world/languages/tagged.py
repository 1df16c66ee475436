"""Sentences with the part of speech of every word, from which the world's tagger learns."""

import json

import numpy as np

from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages import corpus
from clip_italian.world.languages.language import TONES, Language
from clip_italian.world.languages.names import proper_noun_caption
from clip_italian.world.scenes.statements import NOUNS, Phrase, Statement, pick

PURPOSE = 8


def sentences(numbers: range, seed: int, language: Language) -> list[str]:
    """A JSON line each: the text, its words and their tags."""
    return [_line(text(rng_of(seed, PURPOSE, number), language), language) for number in numbers]


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
    statement = Statement((Phrase(pick(rng, NOUNS), count=pick(rng, (1, None))),)) if style < 0.5 else corpus.any_statement(rng)
    said = language.say(statement, pick(rng, TONES), rng)
    if 0.5 <= style < 0.65:
        person = f"{pick(rng, names.first)} {pick(rng, names.family)}"
        return language.with_name(pick(rng, (pick(rng, names.foreign), person, pick(rng, names.first))), said)
    if 0.65 <= style < 0.8:
        return language.somewhere(said, pick(rng, names.cities + names.abroad))
    return said
