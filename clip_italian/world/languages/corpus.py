"""Text for the BERT of the study's language: lines of the grammar about every noun, drawn or not.

Most are two captions of an image nobody drew: a masked word can often be read off the other one, so what a token is has
to be kept as far as the last layer. The rest say things that no image shows.
"""

import numpy as np

from clip_italian.world.languages.language import TONES, Language
from clip_italian.world.scenes import statements
from clip_italian.world.scenes.statements import Phrase, Statement, pick

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
