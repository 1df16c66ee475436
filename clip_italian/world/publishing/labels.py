"""Label sets of the zero-shot classes with the faults of machine translation, singly and together.

CLIP-Italian's labels of ImageNet (branch imagenet_templates, evaluation/imagenet_labels_IT.tsv) were translated by DeepL, one by
one and without their images, and never corrected: 39 of 1,000 share a label with another class, some 60 name another thing (by
reading the file; no count is published), 10 have no Italian article. Here all label sets have the same classes, so that the effect
of a fault is a paired difference. As there, faults affect single labels: a noun may be right in one colour and wrong in another.
The faulty labels are drawn at random, from the table below and from each language's table of wrong senses.
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
Chosen = dict[Pair, tuple[str, LabelWord]]  # the noun in the label of a class, and which word for it

# English words that can mean either of two nouns. A translator without the images uses the first noun for both, as DeepL used
# lontra for the otter and the otterhound. No noun is in two rows.
SHARED = {
    "cap": ("hat", "mushroom"),
    "cow": ("cow", "elephant"),
    "bird": ("bird", "plane"),
    "blossom": ("flower", "tree"),
    "pack": ("backpack", "box"),
}


class LabelSettings(Settings):
    """Key `labels` of section `world`: shares of the 360 classes."""

    shared: float = pydantic.Field(ge=0, le=1)  # with the label of another class
    mistranslated: float = pydantic.Field(ge=0, le=1)  # with a label of a wrong sense


def label_sets(seed: int, settings: LabelSettings, language: Language) -> dict[str, list[str]]:
    """The labels of the classes of examinations.PAIRS by label set; `good` has those of classes.json.

    Raises InputError if the tables have too few entries for a share.
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
    """The classes with a shared label, and its noun."""
    rows = [(kept, lost, colour) for kept, lost in SHARED.values() for colour in COLOURS]
    drawn = _drawn(seed, 0, rows, round(share * len(PAIRS) / 2), "shared")
    return {(noun, colour): (kept, "usual") for kept, lost, colour in drawn for noun in (kept, lost)}


def _wrong(seed: int, share: float, taken: Chosen, language: Language) -> Chosen:
    """The classes with a label of a wrong sense, which are none of those in `taken`."""
    pairs = [pair for pair in PAIRS if pair[0] in language.lexicon.wrong_senses and pair not in taken]
    drawn = _drawn(seed, 1, pairs, round(share * len(PAIRS)), "mistranslated")
    return {pair: (pair[0], "wrong") for pair in drawn}


def _drawn(seed: int, index: int, rows: list, count: int, name: str) -> list:
    if count > len(rows):
        source = "clip_italian/world/publishing/labels.py"
        raise InputError(
            f"profile, key `world.labels.{name}`: {count} labels are needed, but {source} has only {len(rows)}; lower it"
        )
    chosen = rng_of(seed, PURPOSE, index).choice(len(rows), count, replace=False)
    return [rows[i] for i in np.sort(chosen).tolist()]
