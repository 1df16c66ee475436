"""A language of the drawn world: how statements are put into its words, and class labels, text and parts of speech."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from clip_italian.world.languages.lexicon import LabelWord, Lexicon
from clip_italian.world.scenes.statements import Phrase, Statement, pick

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
    """Texts of the sources' files around the captions."""

    page: str  # WIT's title of a page, before its number
    figure: str  # the name of its image
    context: str  # a line of its text, with quotes
    latin: str  # a caption with a character beyond ASCII
    sound: str  # a caption of ASCII alone
    collection: str  # MSCOCO-IT's description of itself


class Rules(NamedTuple):
    """The grammar, as far as captions of one plain wording and labels need it."""

    join: Callable[[Sequence[str]], str]  # words as text
    phrase: Callable[[Phrase, bool, bool], Words]  # a plain noun phrase: with an indefinite article? after a preposition?
    prepose: Callable[[str, Words], Words]  # preposition and phrase
    coordinate: Callable[[Words, Words], Words]  # two phrases with "and"
    label: Callable[[Any, Any, bool, bool], Words]  # noun and colour: with an article? do they agree?
    mirror: Callable[[str], str]  # a text with left and right exchanged
    with_name: Callable[[str, str], str]  # a person's name and a caption
    tag: Callable[[str, bool], str]  # the part of speech of a word, told whether it starts a sentence


@dataclasses.dataclass(frozen=True)
class Language:
    """A language. Its functions are those of modules, so that it can be sent to other processes."""

    code: str  # ISO 639-1
    lexicon: Lexicon[Any, Any]
    rules: Rules
    tones: dict[str, Callable[[Statement, np.random.Generator], Words]]  # how each of TONES puts a statement; it asserts no more
    sentences: tuple[Callable[[np.random.Generator], Words], ...]  # of the grammar, about what no image shows
    names: Names
    pages: Pages
    foreign: tuple[str, ...]  # languages of the rows in other ones
    templates: tuple[str, ...]  # of zero-shot prompts; "{}" stands for the label with its article, the first is the label alone
    place: str  # the preposition before a place's name
    token: str  # regular expression of a token

    def say(self, statement: Statement, tone: str, rng: np.random.Generator) -> str:
        """`statement` in one of TONES; raises KeyError for another tone."""
        text = self.rules.join(self.tones[tone](statement, rng))
        return text if tone == "alt" else text[0].upper() + text[1:]

    def plain(self, statement: Statement) -> str:
        """The plainest wording, grounds left unsaid: where two statements differ in one thing, so do their captions.

        Raises KeyError for a size that has no plain word.
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
        """The plain wording of the statement's mirror image: left and right are exchanged."""
        return self.rules.mirror(self.plain(statement))

    def things(self, statement: Statement) -> str:
        """The things alone, without articles, sizes and places, for the rows in other languages."""
        first, *others = (self.rules.phrase(dataclasses.replace(one, size=None), False, False) for one in statement.phrases)
        text = self.rules.join(self.rules.coordinate(first, others[0]) if others else first)
        return text[0].upper() + text[1:]

    def label(self, noun: str, colour: str, word: LabelWord, article: bool, agrees: bool) -> str:
        """A noun in a colour: "a black cat". Where they do not agree the colour has the form of the first gender."""
        named = self.lexicon.label_noun(noun, word)
        return self.rules.join(self.rules.label(named, self.lexicon.colours[colour], article, agrees))

    def class_label(self, noun: str, colour: str) -> str:
        """The name of a zero-shot class with its indefinite article."""
        return self.label(noun, colour, "usual", True, True)

    @property
    def wrong_senses(self) -> frozenset[str]:
        """The nouns that have a word of another sense."""
        return frozenset(self.lexicon.wrong_senses)

    def sentence(self, rng: np.random.Generator) -> str:
        """One of the sentences of the grammar, without a capital."""
        return self.rules.join(pick(rng, self.sentences)(rng))

    def with_name(self, person: str, caption: str) -> str:
        """A caption that names a person."""
        return self.rules.with_name(person, caption)

    def somewhere(self, caption: str, place: str) -> str:
        """A caption that names a place."""
        return f"{caption.removesuffix('.')} {self.place} {place}"

    def tags(self, text: str) -> Tags:
        """(token, tag) of every token: DET, NOUN, ADJ, ADP, NUM, VERB, PRON, CCONJ, ADV, PUNCT, PROPN, or X for unknown."""
        tags, starts = [], True
        for token in re.findall(self.token, text):
            tag = "PUNCT" if not token[0].isalnum() else "NUM" if token.isdigit() else self.rules.tag(token, starts)
            tags.append((token, tag))
            starts = token in (".", "!", "?", ":")
        return tags
