"""The words of a language, in tables that are keyed by the world's identifiers (clip_italian/world/scenes/statements.py)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from clip_italian.world.scenes.statements import Item, pick

SYNONYM_SHARE = 0.15  # of the words that have a synonym
LabelWord = Literal["usual", "synonym", "wrong"]  # of a noun: its own, another right one, one of another sense


@runtime_checkable
class Word(Protocol):
    """A noun or an adjective."""

    def forms(self) -> Sequence[str]:
        """All its forms."""


@runtime_checkable
class AnyNoun(Word, Protocol):
    """A noun."""

    @property
    def singular(self) -> str:
        """Empty where there is a plural only."""

    @property
    def kind(self) -> str:
        """animal, plant, food, thing, person, place ...: what sentences may say of it."""


N = TypeVar("N", bound=AnyNoun)
A = TypeVar("A", bound=Word)


@dataclasses.dataclass(frozen=True)
class Lexicon(Generic[N, A]):
    """Nouns and adjectives are of the language's own classes; a repeated wording of a relation, position or ground is likelier."""

    nouns: dict[str, N]
    synonyms: dict[str, list[N]]  # everyday words for the same thing
    formal_synonyms: dict[str, list[N]]  # written ones
    wrong_senses: dict[str, N]  # translations of another sense of the English word; none of them names another class
    diminutives: dict[str, list[N]]  # one word for a small one, where it is used with the same meaning
    augmentatives: dict[str, list[N]]
    extra: dict[str, N]  # by their own words: nouns that are never drawn, for the text and the grammar's tests
    colours: dict[str, A]
    colour_synonyms: dict[str, A]
    extra_colours: dict[str, A]  # by their own words
    sizes: dict[str, A]
    size_synonyms: dict[str, A]
    qualities: dict[str, A]  # by their own words
    numerals: dict[int, str]
    verbs: dict[str, tuple[str, ...]]  # "sleeps sleep", by the kind of noun that can be their subject
    class_words: dict[str, tuple[str, ...]]  # ("an animal", "animals"), by the kind of noun
    relations: dict[str, tuple[str, ...]]
    inverse_relations: dict[str, tuple[str, ...]]  # the same fact told of the other thing
    positions: dict[str, tuple[str, ...]]
    grounds: dict[str, tuple[str, ...]]

    def noun(self, key: str, rng: np.random.Generator, formal: bool) -> N:
        """The noun, or now and then a synonym."""
        synonyms = (self.formal_synonyms if formal else self.synonyms).get(key)
        return pick(rng, synonyms) if synonyms and rng.random() < SYNONYM_SHARE else self.nouns[key]

    def label_noun(self, key: str, word: LabelWord) -> N:
        """The noun of a class's label; as a synonym the everyday one comes first, and the noun itself where there is none."""
        if word == "wrong":
            return self.wrong_senses[key]
        synonyms = [*self.synonyms.get(key, []), *self.formal_synonyms.get(key, [])] if word == "synonym" else []
        return [*synonyms, self.nouns[key]][0]

    def written(self) -> list[N]:
        """The nouns of the text, drawn or not, that have a singular."""
        return [noun for noun in (*self.nouns.values(), *self.extra.values()) if noun.singular]

    def any_noun(self, rng: np.random.Generator, *kinds: str) -> N:
        """One of `written`, of one of the kinds if there are any."""
        return pick(rng, [noun for noun in self.written() if not kinds or noun.kind in kinds])

    def every_noun(self) -> list[N]:
        """Synonyms and diminutives too."""
        tables = (self.synonyms, self.formal_synonyms, self.diminutives, self.augmentatives)
        others = [noun for one in tables for several in one.values() for noun in several]
        return [*self.nouns.values(), *self.extra.values(), *others]

    def every_adjective(self) -> list[A]:
        """Those of all tables."""
        tables = (self.colours, self.colour_synonyms, self.extra_colours, self.sizes, self.size_synonyms, self.qualities)
        return [adjective for one in tables for adjective in one.values()]

    def tags(self, others: dict[str, str]) -> dict[str, str]:
        """The part of speech of every word form; the first of several where it is ambiguous.

        `others` has the words that are in no table, by tag; they come first.
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
    """Nouns by their keys; each has one."""
    return {key: several[0] for key, several in several_nouns(text, make).items()}


def several_nouns(text: str, make: Callable[[str, str, str, str], N]) -> dict[str, list[N]]:
    """Nouns by their keys, of rows "kind gender: key singular plural, ..." that may go on in an indented line.

    Without a key a noun is known by its singular, or by its plural where the singular is "-", which means that there is none.
    `make` is given singular, plural, gender and kind.
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
    """Two different ones of `options`."""
    first, second = rng.choice(len(options), 2, replace=False)
    return options[first], options[second]


def either(rng: np.random.Generator) -> bool:
    """True half of the time: whether a sentence is about several."""
    return bool(rng.random() < 0.5)
