"""The zero-shot classes under other labels: faults of machine-translated ones, one at a time and together.

CLIP-Italian's labels of ImageNet (branch imagenet_templates, evaluation/imagenet_labels_IT.tsv) were translated by DeepL, one by
one and without their images, and never corrected: 39 of 1,000 share a label with another class, some 60 name another thing (a
reading of the file; no count is published), 10 have no Italian article. Here every label set is about the same classes, so that
what a fault costs is a paired difference. Like there, labels go wrong one by one: a noun may be right in one colour and wrong in
the next. Which do is a draw, from the table below and from each language's own of wrong senses.
"""

import numpy as np
import pydantic

from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages.language import Language
from clip_italian.world.languages.lexicon import LabelWord
from clip_italian.world.publishing.examinations import PAIRS
from clip_italian.world.scenes.statements import COLOURS

PURPOSE = 31
Pair = tuple[str, str]  # noun and colour: a class
Chosen = dict[Pair, tuple[str, LabelWord]]  # which noun's label a class has, and which word for it

# English words for both of two nouns; a translator that sees no image writes the first noun for both, as DeepL wrote lontra for
# the otter and for the otterhound. No noun is in two rows.
SHARED = {
    "cap": ("hat", "mushroom"),
    "cow": ("cow", "elephant"),
    "bird": ("bird", "plane"),
    "blossom": ("flower", "tree"),
    "pack": ("backpack", "box"),
}


class LabelSettings(Settings):
    """Key `labels` of section `world`: shares of the 360 classes."""

    shared: float = pydantic.Field(ge=0, le=1)  # whose label is another class's too
    mistranslated: float = pydantic.Field(ge=0, le=1)  # whose label is of a wrong sense


def label_sets(seed: int, settings: LabelSettings, language: Language) -> dict[str, list[str]]:
    """A label of each class of examinations.PAIRS under every label set; `good` are those of classes.json.

    Raises InputError where the tables have too few entries for a share.
    """
    usual: Chosen = {pair: (pair[0], "usual") for pair in PAIRS}
    other: Chosen = {pair: (pair[0], "synonym") for pair in PAIRS}
    shared = _shared(seed, settings.shared)
    wrong = _wrong(seed, settings.mistranslated, shared, language)
    return {
        "good": _labels(language, usual),
        "without_article": _labels(language, usual, article=False),
        "synonym": _labels(language, other),
        "duplicate": _labels(language, usual | shared),
        "mistranslated": _labels(language, usual | wrong),
        "agreement": _labels(language, usual, agrees=False),
        "machine": _labels(language, usual | shared | wrong, article=False, agrees=False),
    }


def content(seed: int, settings: LabelSettings, language: Language) -> dict[str, object]:
    """The content of raw/test/labels.json: the label sets, and the templates for the good labels."""
    return {"sets": label_sets(seed, settings, language), "templates": language.templates}


def _labels(language: Language, chosen: Chosen, article: bool = True, agrees: bool = True) -> list[str]:
    return [language.label(noun, colour, word, article, agrees) for (_, colour), (noun, word) in chosen.items()]


def _shared(seed: int, share: float) -> Chosen:
    """The noun of the one label that two classes have, for both of them."""
    rows = [(kept, lost, colour) for kept, lost in SHARED.values() for colour in COLOURS]
    drawn = _drawn(seed, 0, rows, round(share * len(PAIRS) / 2), "shared")
    return {(noun, colour): (kept, "usual") for kept, lost, colour in drawn for noun in (kept, lost)}


def _wrong(seed: int, share: float, taken: Chosen, language: Language) -> Chosen:
    """The wrong noun of each class whose label is of another sense: none of those whose label is shared."""
    pairs = [pair for pair in PAIRS if pair[0] in language.lexicon.wrong_senses and pair not in taken]
    drawn = _drawn(seed, 1, pairs, round(share * len(PAIRS)), "mistranslated")
    return {pair: (pair[0], "wrong") for pair in drawn}


def _drawn(seed: int, index: int, rows: list, count: int, name: str) -> list:
    if count > len(rows):
        source = "clip_italian/world/publishing/labels.py"
        raise InputError(f"profile, key `world.labels.{name}`: asks for {count} of the {len(rows)} that {source} has; lower it")
    chosen = rng_of(seed, PURPOSE, index).choice(len(rows), count, replace=False)
    return [rows[i] for i in np.sort(chosen).tolist()]
