"""Esperanto as a language of the drawn world, as small as one can be: nouns end in -o, adjectives in -a, plurals in -j."""

import dataclasses
import re

import numpy as np

from clip_italian.world.languages.language import TONES, Language, Names, Pages, Rules, Words
from clip_italian.world.languages.lexicon import Lexicon, several_nouns
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS, UNSEEN_NOUNS, Phrase, Statement
from clip_italian.world.tables import table, words

NOUNS = words("""
kato, hundo, ĉevalo, bovo, fiŝo, birdo, papilio, kuniklo, testudo, elefanto, floro, arbo, fungo, pomo, banano, domo, seĝo, tablo,
skatolo, boato, aŭto, biciklo, aviadilo, ombrelo, ĉapelo, ŝlosilo, horloĝo, taso, lampo, dorsosako, gitaro, libro, boto, botelo""")
ADJECTIVES = words("nigra, blanka, griza, ruĝa, oranĝa, flava, verda, helblua, blua, viola, roza, bruna")


@dataclasses.dataclass(frozen=True)
class Word:
    """A noun or an adjective."""

    singular: str
    kind: str = "thing"

    def form(self, plural: bool) -> str:
        return self.singular + "j" * plural

    def forms(self) -> tuple[str, str]:
        return self.form(False), self.form(True)


LEXICON: Lexicon[Word, Word] = Lexicon(
    nouns={key: Word(noun) for key, noun in zip(CLASS_NOUNS + UNSEEN_NOUNS, NOUNS, strict=True)},
    synonyms={},
    formal_synonyms={},
    wrong_senses={"key": Word("klavo")},
    diminutives={},
    augmentatives={},
    extra={one.singular: one for (one,) in several_nouns("animal o: urso ursoj", lambda noun, *_: Word(noun, "animal")).values()},
    colours={key: Word(colour) for key, colour in zip(COLOURS, ADJECTIVES, strict=True)},
    colour_synonyms={},
    extra_colours={},
    sizes={"small": Word("malgranda"), "large": Word("granda")},
    size_synonyms={},
    qualities={},
    numerals={2: "du", 3: "tri", 4: "kvar", 5: "kvin", 6: "ses"},
    verbs=table("animal: dormas dormas"),
    class_words=table("animal: besto, bestoj; thing: aĵo, aĵoj"),
    relations=table("on: sur; above: super; below: sub; beside: apud; inside: en; left_of: maldekstre de"),
    inverse_relations={},
    positions=table("top: supre; bottom: sube; left: maldekstre; right: dekstre; centre: meze"),
    grounds=table("""
white: sur blanka fono; meadow: sur herbejo; sky: en la ĉielo; sea: sur la maro; room: en ĉambro; sand: sur sablo; snow: en neĝo;
night: nokte"""),
)


def phrase(one: Phrase, article: bool, governed: bool) -> Words:
    """There is no indefinite article, and a preposition changes nothing."""
    plural = one.count != 1
    count = (LEXICON.numerals[one.count],) if one.count is not None and plural else ()
    described = [LEXICON.sizes[one.size]] if one.size else []
    described += [LEXICON.colours[one.colour]] if one.colour else []
    return (*count, *(word.form(plural) for word in described), LEXICON.nouns[one.noun].form(plural))


def coordinate(first: Words, second: Words) -> Words:
    return (*first, "kaj", *second)


def prepose(preposition: str, after: Words) -> Words:
    return (*preposition.split(), *after)


def label(noun: Word, colour: Word, article: bool, agrees: bool) -> Words:
    return (colour.form(not agrees), noun.singular)


def mirror(text: str) -> str:
    return re.sub(r"\b(mal)?dekstre\b", lambda match: "dekstre" if match[1] else "maldekstre", text)


def with_name(person: str, caption: str) -> str:
    return f"{person}: {caption}"


def tag(token: str, starts: bool) -> str:
    known = LEXICON.tags({"ADP": "sur super sub apud en de", "CCONJ": "kaj"})
    return known.get(token.lower(), "PROPN" if token[0].isupper() else "X")


def tone(statement: Statement, rng: np.random.Generator) -> Words:
    """One wording for all tones."""
    ground = LEXICON.grounds[statement.ground][0].split() if statement.ground else ()
    sized = [dataclasses.replace(one, size=None if one.size == "medium" else one.size) for one in statement.phrases]
    return (ESPERANTO.plain(dataclasses.replace(statement, phrases=tuple(sized))), *ground)


def sentence(rng: np.random.Generator) -> Words:
    noun = LEXICON.any_noun(rng, "animal")
    return ("la", noun.singular, *LEXICON.verbs[noun.kind][0].split()[:1])


ESPERANTO = Language(
    code="eo",
    lexicon=LEXICON,
    rules=Rules(" ".join, phrase, prepose, coordinate, label, mirror, with_name, tag),
    tones=dict.fromkeys(TONES, tone),
    sentences=(sentence,),
    names=Names(("Ludoviko",), ("Zamenhof",), ("Bjalistoko",), ("Esperanto-Domo",), ("John Smith",), ("London",)),
    pages=Pages(
        page="Paĝo",
        figure="Bildo",
        context='Unu "bildo" kun teksto.',
        latin="Ĉevalo blanka",
        sound="Nigra kato",
        collection="Desegnitaj scenoj kun tekstoj en Esperanto",
    ),
    foreign=("en", "it"),
    templates=("{}", "bildo kun {}"),
    place="en",
    token=r"\w+|[^\w\s]",
)
