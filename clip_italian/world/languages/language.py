"""What the drawn world asks of a language: the same few things of each, and nothing else outside its own package."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from clip_italian.world.scenes.statements import Statement

TONES = (
    "alt",  # Conceptual Captions: terse alternative text of the web
    "encyclopaedic",  # WIT: reference descriptions
    "photo",  # MSCOCO-IT: a described photograph
    "news",  # Il Post: newspaper
)
Word = Literal["usual", "synonym", "wrong"]  # of a noun: its own, another right one, one of another sense
Tags = list[tuple[str, str]]  # (token, Universal POS tag) of every token


class Names(NamedTuple):
    """Proper nouns: of the language, and of others."""

    first: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]
    landmarks: tuple[str, ...]
    foreign: tuple[str, ...]  # persons of other languages, first and family name
    abroad: tuple[str, ...]  # cities and landmarks


class Pages(NamedTuple):
    """What the sources' files say around captions."""

    page: str  # WIT's title of a page, before its number
    figure: str  # the name of its picture
    context: str  # a line of its text, with quotes
    latin: str  # a caption with a character beyond ASCII
    sound: str  # a caption of ASCII alone
    collection: str  # MSCOCO-IT's description of itself


@dataclasses.dataclass(frozen=True)
class Language:
    """A language. Its functions are those of modules, so that it can be sent to other processes."""

    code: str  # ISO 639-1
    say: Callable[[Statement, str, np.random.Generator], str]  # in one of TONES; asserts no more than the statement
    plain: Callable[[Statement], str]  # the plainest wording, grounds left unsaid; statements that differ in one thing do so too
    mirrored: Callable[[Statement], str]  # `plain`, with left and right exchanged
    label: Callable[[str, str, Word, bool, bool], str]  # of a noun in a colour: which word, with article, with agreement
    wrong_senses: frozenset[str]  # nouns that have a wrong word
    sentence: Callable[[np.random.Generator], str]  # of the grammar, about what no picture shows
    things: Callable[[Statement], str]  # what there is, in passing: how other languages' rows quote this one
    tags: Callable[[str], Tags]
    with_name: Callable[[str, str], str]  # a person's name and a caption
    somewhere: Callable[[str, str], str]  # a caption and a place's name
    names: Names
    pages: Pages
    foreign: tuple[str, ...]  # languages of the rows in other ones
    templates: tuple[str, ...]  # of zero-shot prompts; "{}" stands for the label with its article, the first is the label alone

    def class_label(self, noun: str, colour: str) -> str:
        """The name of a zero-shot class with its indefinite article."""
        return self.label(noun, colour, "usual", True, True)


# Parts of speech of a text, whatever its language.
def tagged(tokens: Sequence[str], word: Callable[[str, bool], str]) -> Tags:
    """Every token with its tag; `word` tags a word, told whether it starts a sentence."""
    tags, starts = [], True
    for token in tokens:
        tag = "PUNCT" if not token[0].isalnum() else "NUM" if token.isdigit() else word(token, starts)
        tags.append((token, tag))
        starts = token in (".", "!", "?", ":")
    return tags
