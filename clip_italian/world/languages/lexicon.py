"""The words of a language in tables, whose keys are the world's identifiers (clip_italian/world/scenes/statements.py)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from clip_italian.world.scenes.statements import Item, pick

SYNONYM_SHARE = 0.15  # of the words that have a synonym
LabelWord = Literal["usual", "synonym", "wrong"]  # for a noun: its own word, a synonym, a word of another sense


@runtime_checkable
class Word(Protocol):
    """A noun or an adjective, with all its forms."""

    def forms(self) -> Sequence[str]: ...


@runtime_checkable
class AnyNoun(Word, Protocol):
    """A noun; `singular` is empty if it has a plural only, `kind` (animal, plant, food, ...) selects sentences about it."""

    @property
    def singular(self) -> str: ...
    @property
    def kind(self) -> str: ...


N = TypeVar("N", bound=AnyNoun)
A = TypeVar("A", bound=Word)


@dataclasses.dataclass(frozen=True)
class Lexicon(Generic[N, A]):
    """The words of a language; a repeated wording of a relation, position or ground is likelier."""

    nouns: dict[str, N]
    synonyms: dict[str, list[N]]  # everyday words for the same thing
    formal_synonyms: dict[str, list[N]]  # synonyms of written language
    wrong_senses: dict[str, N]  # translations of another sense of the English word; none of them names another class
    diminutives: dict[str, list[N]]  # single words for a small thing that have no other meaning
    augmentatives: dict[str, list[N]]
    extra: dict[str, N]  # by their own words: nouns that are never drawn, for text and for tests of the grammar
    colours: dict[str, A]
    colour_synonyms: dict[str, A]
    extra_colours: dict[str, A]  # by their own words
    sizes: dict[str, A]
    size_synonyms: dict[str, A]
    qualities: dict[str, A]  # by their own words
    numerals: dict[int, str]
    verbs: dict[str, tuple[str, ...]]  # "sleeps sleep", by the kind of their subject
    class_words: dict[str, tuple[str, ...]]  # ("an animal", "animals"), by the kind of noun
    relations: dict[str, tuple[str, ...]]
    inverse_relations: dict[str, tuple[str, ...]]  # the relation of the second thing to the first
    positions: dict[str, tuple[str, ...]]
    grounds: dict[str, tuple[str, ...]]

    def noun(self, key: str, rng: np.random.Generator, formal: bool) -> N:
        """The noun, or sometimes a synonym."""
        synonyms = (self.formal_synonyms if formal else self.synonyms).get(key)
        return pick(rng, synonyms) if synonyms and rng.random() < SYNONYM_SHARE else self.nouns[key]

    def label_noun(self, key: str, word: LabelWord) -> N:
        """The noun for a class's label. The synonym is the everyday one, or else a formal one, or else the noun itself."""
        if word == "wrong":
            return self.wrong_senses[key]
        synonyms = [*self.synonyms.get(key, []), *self.formal_synonyms.get(key, [])] if word == "synonym" else []
        return [*synonyms, self.nouns[key]][0]

    def written(self) -> list[N]:
        """All nouns with a singular, drawn or not."""
        return [noun for noun in (*self.nouns.values(), *self.extra.values()) if noun.singular]

    def any_noun(self, rng: np.random.Generator, *kinds: str) -> N:
        """A random noun of `written`, of one of `kinds` if any are given."""
        return pick(rng, [noun for noun in self.written() if not kinds or noun.kind in kinds])

    def every_noun(self) -> list[N]:
        """All nouns, including synonyms and diminutives."""
        tables = (self.synonyms, self.formal_synonyms, self.diminutives, self.augmentatives)
        others = [noun for one in tables for several in one.values() for noun in several]
        return [*self.nouns.values(), *self.extra.values(), *others]

    def every_adjective(self) -> list[A]:
        """The adjectives of all tables."""
        tables = (self.colours, self.colour_synonyms, self.extra_colours, self.sizes, self.size_synonyms, self.qualities)
        return [adjective for one in tables for adjective in one.values()]

    def tags(self, others: dict[str, str]) -> dict[str, str]:
        """The part of speech of every word form; an ambiguous form has the first one.

        `others` has further words by tag, which come first.
        """
        tags: dict[str, str] = {}
        words = [(tag, listed.split()) for tag, listed in others.items()]
        words += [("NUM", list(self.numerals.values()))]
        words += [("VERB", verb.split()) for verbs in self.verbs.values() for verb in verbs]
        words += [("ADJ", list(adjective.forms())) for adjective in self.every_adjective()]
        words += [("NOUN", list(noun.forms())) for noun in self.every_noun()]
        for tag, forms in words:
            tags |= dict.fromkeys(forms, tag) | tags
        return tags


def nouns(text: str, make: Callable[[str, str, str, str], N]) -> dict[str, N]:
    """Nouns by key, in the format of `several_nouns`, with one noun a key."""
    return {key: several[0] for key, several in several_nouns(text, make).items()}


def several_nouns(text: str, make: Callable[[str, str, str, str], N]) -> dict[str, list[N]]:
    """Nouns by key, from rows "kind gender: key singular plural, ..." that may continue on indented lines.

    The key may be left out; then it is the singular, or the plural of a noun without a singular, which is written "-". `make` takes
    singular, plural, gender and kind.
    """
    found: dict[str, list[N]] = {}
    for row in text.strip().replace("\n    ", " ").splitlines():
        head, _, entries = row.partition(":")
        kind, gender = head.split()
        for entry in entries.split(","):
            *key, singular, plural = entry.split()
            singular = singular.removeprefix("-")
            found.setdefault(key[0] if key else singular or plural, []).append(make(singular, plural, gender, kind))
    return found


def two(rng: np.random.Generator, options: Sequence[Item]) -> tuple[Item, Item]:
    """Two different items of `options`, at random."""
    first, second = rng.choice(len(options), 2, replace=False)
    return options[first], options[second]


def either(rng: np.random.Generator) -> bool:
    """True with probability 1/2, for the choice of singular or plural."""
    return bool(rng.random() < 0.5)
