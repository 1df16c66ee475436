"""How much of a caption is names, by a spaCy pipeline: WIT's captions of names say nothing about their pictures.

CLIP-Italian left out captions with 80 % or more of proper nouns (README, "Dataset"). The paper's scale takes spaCy's Italian
pipeline; a drawn world takes one that was trained from its own grammar (tagger_training.py). Both tag Universal POS.
"""

import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import spacy
from spacy.language import Language

from clip_italian.errors import InputError

# What the parts of speech do not need: the morphologizer tags them from the vectors of tok2vec.
UNUSED = ["tagger", "parser", "senter", "sentencizer", "lemmatizer", "ner"]
BATCH = 256  # captions tagged at once

ProperNounShares = Callable[[Sequence[str]], list[float]]


@functools.cache
def pipeline(model: str) -> Language:
    """The pipeline in a folder, or of an installed package of that name; raises InputError when there is none that tags."""
    try:
        loaded = spacy.load(pathlib.Path(model) if "/" in model else model, exclude=UNUSED)
    except (OSError, ValueError) as error:
        if pathlib.Path(model).exists() or "/" in model:
            problem = str(error).splitlines()[0]
            raise InputError(f"{model}: no spaCy pipeline ({problem}); run `dvc repro` (or `dvc checkout`) to make it") from None
        raise InputError(f"tagger {model}: not installed; run `python -m spacy download {model}`") from None
    if "morphologizer" not in loaded.pipe_names:
        raise InputError(f"{model}: this spaCy pipeline has no morphologizer, which tags parts of speech; name another one")
    return loaded


def load(model: str) -> ProperNounShares:
    """For captions, the share of each's tokens that are proper nouns, punctuation left out; 0 where there are no others.

    Cheap to call in every worker process. Raises InputError as `pipeline` does.
    """
    tagger = pipeline(model)

    def shares(captions: Sequence[str]) -> list[float]:
        return [_share(document) for document in tagger.pipe(captions, batch_size=BATCH)]

    return shares


def _share(document: Any) -> float:
    tags = [token.pos_ for token in document if token.pos_ not in ("PUNCT", "SPACE")]
    return tags.count("PROPN") / len(tags) if tags else 0.0


def describe(model: str) -> dict[str, Any]:
    """Name, version and accuracy of the tags, as the pipeline states them, for a report."""
    meta = pipeline(model).meta
    accuracy = meta.get("performance", {}).get("pos_acc")  # it_core_news states it too
    rounded = None if accuracy is None else round(accuracy, 4)
    return {"name": f"{meta['lang']}_{meta['name']}", "version": meta["version"], "pos_acc": rounded}
