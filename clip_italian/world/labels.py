"""The zero-shot classes under other labels: faults of machine-translated ones, one at a time and together.

CLIP-Italian's labels of ImageNet (branch imagenet_templates, evaluation/imagenet_labels_IT.tsv) were translated by DeepL, one by
one and without their pictures, and never corrected: 39 of 1,000 share a label with another class, some 60 name another thing (a
reading of the file; no count is published), 10 have no Italian article. Here every label set is about the same classes, so that
what a fault costs is a paired difference. Like there, labels go wrong one by one: a noun may be right in one colour and wrong in
the next. Which do is a draw from the two tables below.
"""

import numpy as np
import pydantic

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.world import captions
from clip_italian.world.examinations import PAIRS
from clip_italian.world.grammar import join, noun_phrase
from clip_italian.world.lexicon import COLOURS, FORMAL_SYNONYMS, NOUNS, SYNONYMS, Noun, four_forms
from clip_italian.world.studio import rng_of

PURPOSE = 31
Pair = tuple[str, str]  # noun and colour: a class

# English words for both of two nouns; a translator that sees no picture writes the first noun for both, as DeepL wrote lontra for
# the otter and for the otterhound. No noun is in two rows.
SHARED = {
    "cap": ("cappello", "fungo"),
    "cow": ("mucca", "elefante"),
    "bird": ("uccello", "aereo"),
    "blossom": ("fiore", "albero"),
    "pack": ("zaino", "scatola"),
}


def _sense(gender: str, word: str) -> Noun:
    """What a label needs of a noun: never its plural."""
    return Noun(word, "", gender, gender, "thing")


# Noun -> an English word for it, and the Italian of that word's other sense. The first five are DeepL's of 2021. None of them names
# another class: a label that becomes another class's is in the table above.
WRONG_SENSES = {
    "cane": ("boxer", _sense("m", "pugile")),
    "cavallo": ("sorrel", _sense("f", "acetosa")),
    "pesce": ("ray", _sense("m", "raggio")),
    "uccello": ("kite", _sense("m", "aquilone")),
    "farfalla": ("admiral", _sense("m", "ammiraglio")),
    "albero": ("plant", _sense("f", "fabbrica")),
    "sedia": ("chair", _sense("f", "cattedra")),
    "tavolo": ("table", _sense("f", "tabella")),
    "scatola": ("case", _sense("f", "valigia")),
    "barca": ("vessel", _sense("m", "vaso")),
    "auto": ("coach", _sense("m", "autobus")),
    "bicicletta": ("bike", _sense("f", "moto")),
    "aereo": ("plane", _sense("m", "piano")),
    "cappello": ("cap", _sense("m", "tappo")),
    "chiave": ("key", _sense("m", "tasto")),
    "orologio": ("watch", _sense("f", "guardia")),
    "tazza": ("cup", _sense("f", "coppa")),
    "zaino": ("pack", _sense("m", "branco")),
}


class LabelSettings(Settings):
    """Key `labels` of section `world`: shares of the 360 classes."""

    shared: float = pydantic.Field(ge=0, le=1)  # whose label is another class's too
    mistranslated: float = pydantic.Field(ge=0, le=1)  # whose label is of a wrong sense


def label_sets(seed: int, settings: LabelSettings) -> dict[str, list[str]]:
    """A label of each class of examinations.PAIRS under every label set; `good` are those of classes.json.

    Raises InputError where the tables have too few entries for a share.
    """
    nouns = {pair: NOUNS[pair[0]] for pair in PAIRS}
    shared = _shared(seed, settings.shared)
    wrong = _wrong(seed, settings.mistranslated, shared)
    return {
        "good": _labels(nouns),
        "without_article": _labels(nouns, "bare"),
        "synonym": _labels(nouns | {pair: _synonym(pair[0]) for pair in PAIRS}),
        "duplicate": _labels(nouns | shared),
        "mistranslated": _labels(nouns | wrong),
        "agreement": _labels(nouns, agrees=False),
        "machine": _labels(nouns | shared | wrong, "bare", agrees=False),
    }


def content(seed: int, settings: LabelSettings) -> dict[str, object]:
    """What raw/test/labels.json holds: the label sets, and the templates that the good labels are also tried in."""
    return {"sets": label_sets(seed, settings), "templates": captions.TEMPLATES}


def _labels(nouns: dict[Pair, Noun], kind: str = "indefinite", agrees: bool = True) -> list[str]:
    return [_label(noun, colour, kind, agrees) for (_, colour), noun in nouns.items()]


def _label(noun: Noun, colour: str, kind: str, agrees: bool) -> str:
    """A noun in a colour; one that does not agree is masculine."""
    adjective = COLOURS[colour] if agrees else four_forms(COLOURS[colour].masculine)
    return join(noun_phrase(noun, kind, after=(adjective,)))


def _synonym(noun: str) -> Noun:
    """Another right word, the everyday one before the written one; the noun itself where Italian has no other."""
    words = SYNONYMS.get(noun, {}) | FORMAL_SYNONYMS.get(noun, {})
    return next(iter(words.values()), NOUNS[noun])


def _shared(seed: int, share: float) -> dict[Pair, Noun]:
    """The noun of the one label that two classes have, for both of them."""
    rows = [(kept, lost, colour) for kept, lost in SHARED.values() for colour in COLOURS]
    drawn = _drawn(seed, 0, rows, round(share * len(PAIRS) / 2), "shared")
    return {(noun, colour): NOUNS[kept] for kept, lost, colour in drawn for noun in (kept, lost)}


def _wrong(seed: int, share: float, taken: dict[Pair, Noun]) -> dict[Pair, Noun]:
    """The wrong noun of each class whose label is of another sense: none of those whose label is shared."""
    pairs = [pair for pair in PAIRS if pair[0] in WRONG_SENSES and pair not in taken]
    drawn = _drawn(seed, 1, pairs, round(share * len(PAIRS)), "mistranslated")
    return {pair: WRONG_SENSES[pair[0]][1] for pair in drawn}


def _drawn(seed: int, index: int, rows: list, count: int, name: str) -> list:
    if count > len(rows):
        source = "clip_italian/world/labels.py"
        raise InputError(f"profile, key `world.labels.{name}`: asks for {count} of the {len(rows)} that {source} has; lower it")
    chosen = rng_of(seed, PURPOSE, index).choice(len(rows), count, replace=False)
    return [rows[i] for i in np.sort(chosen).tolist()]
