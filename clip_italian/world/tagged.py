"""Sentences with the part of speech of every word, from which the world's tagger learns."""

import json

import numpy as np

from clip_italian.world import captions, corpus, names, tagger
from clip_italian.world.phrasing import pick
from clip_italian.world.statements import NOUNS, Phrase, Statement
from clip_italian.world.studio import rng_of

PURPOSE = 8
# Names of no Italian, as Wikipedia's captions have them.
FOREIGN = (
    "John Smith", "Emily Brown", "Hans Müller", "Greta Schneider", "Jean Dupont", "Marie Lefèvre", "William Clark",
    "Karl Fischer", "Louis Moreau", "Elizabeth Taylor", "Wolfgang Weber", "Claire Bernard", "George Washington",
)  # fmt: skip
PLACES = ("London", "Paris", "Berlin", "New York", "München", "Notre Dame", "Hyde Park", "Westminster Abbey", "Wien", "Lyon")


def sentences(numbers: range, seed: int) -> list[str]:
    """A JSON line each: the text, its words and their tags."""
    return [_line(text(rng_of(seed, PURPOSE, number))) for number in numbers]


def _line(said: str) -> str:
    words, tags = zip(*tagger.pos_tags(said), strict=True)
    return json.dumps({"text": said, "words": words, "tags": tags}, ensure_ascii=False, sort_keys=True)


def text(rng: np.random.Generator) -> str:
    """A description, names alone, or a description with names: a capital must not make a name, nor a name a caption of names."""
    style = rng.random()
    if style < 0.2:
        return names.proper_noun_caption(rng)
    if style < 0.3:
        return ", ".join((pick(rng, FOREIGN), pick(rng, PLACES))[: int(rng.integers(1, 3))])
    # A thing alone is the hardest: a capital at the start of a caption of one word.
    statement = Statement((Phrase(pick(rng, NOUNS), count=pick(rng, (1, None))),)) if style < 0.5 else corpus.any_statement(rng)
    said = captions.say(statement, pick(rng, list(captions.TONES)), rng)
    if 0.5 <= style < 0.65:
        person = f"{pick(rng, names.FIRST_NAMES)} {pick(rng, names.FAMILY_NAMES)}"
        who = pick(rng, (pick(rng, FOREIGN), person, pick(rng, names.FIRST_NAMES)))
        return f"{who} con {said[0].lower()}{said[1:]}"
    if 0.65 <= style < 0.8:
        return f"{said.removesuffix('.')} a {pick(rng, names.CITIES + PLACES)}"
    return said
