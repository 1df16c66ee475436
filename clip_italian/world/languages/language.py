"""A language of the drawn world: captions of statements, class labels, sentences and parts of speech."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from clip_italian.world.languages.lexicon import LabelWord, Lexicon
from clip_italian.world.scenes.statements import Phrase, Statement

TONES = (
    "alt",  # Conceptual Captions: terse alternative text of the web
    "encyclopaedic",  # WIT: reference descriptions
    "photo",  # MSCOCO-IT: a described photograph
    "news",  # Il Post: newspaper
)
Words = tuple[str, ...]
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
    """Texts in the sources' files beside the captions."""

    page: str  # title of a page in WIT, before its number
    figure: str  # name of the page's image
    context: str  # a line of the page's text, with quotes
    latin: str  # a caption with a character beyond ASCII
    sound: str  # a caption in ASCII
    collection: str  # description of the collection in MSCOCO-IT


class Rules(NamedTuple):
    """The parts of the grammar for plain captions and labels."""

    join: Callable[[Sequence[str]], str]  # the text of words
    phrase: Callable[[Phrase, bool, bool], Words]  # a noun phrase; whether with an article, after a preposition
    prepose: Callable[[str, Words], Words]  # a preposition and its phrase
    coordinate: Callable[[Words, Words], Words]  # two phrases joined by "and"
    label: Callable[[Any, Any, bool, bool], Words]  # a noun and a colour; arguments: whether with an article, whether they agree
    mirror: Callable[[str], str]  # a text with left and right exchanged
    with_name: Callable[[str, str], str]  # a caption with a person's name
    tag: Callable[[str, bool], str]  # the part of speech of a word; argument: whether it starts a sentence


@dataclasses.dataclass(frozen=True)
class Language:
    """A language. Its functions are module-level functions, so that it can be pickled."""

    code: str  # ISO 639-1
    lexicon: Lexicon[Any, Any]
    rules: Rules
    tones: dict[str, Callable[[Statement, np.random.Generator], Words]]  # wordings of a statement, by TONES
    sentences: tuple[Callable[[np.random.Generator], Words], ...]  # sentences of the grammar that no image shows
    names: Names
    pages: Pages
    foreign: tuple[str, ...]  # codes of the languages of foreign rows
    templates: tuple[str, ...]  # of zero-shot prompts; "{}" is the label with its article; the first is the label alone
    place: str  # the preposition before a place's name
    token: str  # regular expression of a token

    def say(self, statement: Statement, tone: str, rng: np.random.Generator) -> str:
        """A caption of `statement` in one of TONES; raises KeyError for another tone."""
        text = self.rules.join(self.tones[tone](statement, rng))
        return text if tone == "alt" else text[0].upper() + text[1:]

    def plain(self, statement: Statement) -> str:
        """The plain caption, without ground. Plain captions of statements that differ in one thing differ in one thing.

        Raises KeyError for a size without a plain word.
        """
        first, *others = statement.phrases
        words = self.rules.phrase(first, True, False)
        if others and statement.relation:
            preposition = self.lexicon.relations[statement.relation][0]
            words = (*words, *self.rules.prepose(preposition, self.rules.phrase(others[0], True, True)))
        elif others:
            words = self.rules.coordinate(words, self.rules.phrase(others[0], True, False))
        position = self.lexicon.positions[statement.position][0].split() if statement.position else ()
        return self.rules.join((*words, *position))

    def mirrored(self, statement: Statement) -> str:
        """The plain caption of the statement's mirror image, with left and right exchanged."""
        return self.rules.mirror(self.plain(statement))

    def things(self, statement: Statement) -> str:
        """The things of a statement without articles, sizes and positions, for rows in foreign languages."""
        first, *others = (self.rules.phrase(dataclasses.replace(one, size=None), False, False) for one in statement.phrases)
        text = self.rules.join(self.rules.coordinate(first, others[0]) if others else first)
        return text[0].upper() + text[1:]

    def label(self, noun: str, colour: str, word: LabelWord, article: bool, agrees: bool) -> str:
        """A noun with a colour: "a black cat". If they do not agree, the colour has the form of the first gender."""
        named = self.lexicon.label_noun(noun, word)
        return self.rules.join(self.rules.label(named, self.lexicon.colours[colour], article, agrees))

    def class_label(self, noun: str, colour: str) -> str:
        """The name of a zero-shot class with its indefinite article."""
        return self.label(noun, colour, "usual", True, True)

    def somewhere(self, caption: str, place: str) -> str:
        """A caption with a place."""
        return f"{caption.removesuffix('.')} {self.place} {place}"

    def tags(self, text: str) -> Tags:
        """(token, tag) of every token: DET, NOUN, ADJ, ADP, NUM, VERB, PRON, CCONJ, ADV, PUNCT, PROPN, or X for unknown."""
        tags, starts = [], True
        for token in re.findall(self.token, text):
            tag = "PUNCT" if not token[0].isalnum() else "NUM" if token.isdigit() else self.rules.tag(token, starts)
            tags.append((token, tag))
            starts = token in (".", "!", "?", ":")
        return tags
