"""Trains a small spaCy pipeline that tags parts of speech, deterministically, and tags captions with it.

The training sentences are JSON lines {"text": ..., "words": [...], "tags": [...]} with Universal POS tags.
"""

import functools
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data.sources.rows import lines
from clip_italian.errors import InputError

NAME = "drawn_world"


class TaggerSettings(Settings):
    """Key `tagger` of section `world`."""

    sentences: int  # for training
    held_out: int  # sentences for measuring the accuracy
    passes: int  # epochs of training
    batch: int
    width: int  # of a token's vector
    depth: int  # convolutions over three tokens each
    rows: int  # of the table of hashed words
    learning_rate: float
    dropout: float
    seed: int


def read(path: pathlib.Path) -> list[dict[str, Any]]:
    """The tagged sentences of a file; raises InputError naming the damaged line."""
    sentences = []
    for number, line in enumerate(lines(path), start=1):
        try:
            sentence = json.loads(line)
            if len(sentence["words"]) != len(sentence["tags"]):
                raise ValueError("as many tags as words were expected")
            sentences.append({"text": sentence["text"], "words": sentence["words"], "tags": sentence["tags"]})
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {number}: not a tagged sentence ({error!r}); run `dvc repro`") from None
    return sentences


def train(tagged: pathlib.Path, folder: pathlib.Path, language: str, settings: TaggerSettings) -> float:
    """Trains on the first `sentences` tagged sentences of a file in `language` (ISO 639-1); writes the pipeline to `folder`.

    Returns the accuracy on the tokens of the next `held_out` sentences, which is also in the pipeline's meta.json. Raises
    InputError for a damaged file or too few sentences.
    """
    sentences = read(tagged)
    if len(sentences) < settings.sentences + settings.held_out:
        raise InputError(f"{tagged}: only {len(sentences)} sentences, fewer than needed; lower `world.tagger`, run `dvc repro`")
    fix_random_seed(settings.seed)
    nlp = _blank(language, settings)
    # spaCy aligns its own tokens with the given words.
    examples = [
        Example.from_dict(nlp.make_doc(sentence["text"]), {"words": sentence["words"], "pos": sentence["tags"]})
        for sentence in sentences[: settings.sentences + settings.held_out]
    ]
    learnt, held_out = examples[: settings.sentences], examples[settings.sentences :]
    optimiser = nlp.initialize(lambda: learnt)
    optimiser.learn_rate = settings.learning_rate
    for _ in range(settings.passes):
        for batch in minibatch(learnt, settings.batch):
            nlp.update(batch, sgd=optimiser, drop=settings.dropout)
    accuracy = nlp.evaluate(held_out)["pos_acc"]
    nlp.meta["performance"] = {"pos_acc": round(accuracy, 4)}
    with files.replacing_folder(folder) as temporary:
        nlp.to_disk(temporary)
    return accuracy


def _blank(language: str, settings: TaggerSettings) -> Language:
    """An untrained pipeline: embeddings of hashed words, prefixes, suffixes and shapes, convolutions, a softmax over tags."""
    nlp = spacy.blank(language, meta={"name": NAME, "version": "1"})
    vectors = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": settings.width,
        "depth": settings.depth,
        "embed_size": settings.rows,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
    }
    nlp.add_pipe("morphologizer", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": vectors}})
    return nlp


# The components that tagging does not need: the morphologizer tags from the vectors of tok2vec.
UNUSED = ["tagger", "parser", "senter", "sentencizer", "lemmatizer", "ner"]
BATCH = 256  # captions tagged at once


@functools.cache
def pipeline(model: str) -> Language:
    """The pipeline in a folder, or of an installed package; raises InputError if it is missing or cannot tag."""
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


def proper_noun_shares(model: str, captions: Sequence[str]) -> list[float]:
    """The share of proper nouns among each caption's tokens without punctuation; 0 without tokens. Raises as `pipeline` does."""
    return [_share(document) for document in pipeline(model).pipe(captions, batch_size=BATCH)]


def _share(document: Any) -> float:
    tags = [token.pos_ for token in document if token.pos_ not in ("PUNCT", "SPACE")]
    return tags.count("PROPN") / len(tags) if tags else 0.0


def describe(model: str) -> dict[str, Any]:
    """The name, version and tagging accuracy that the pipeline states, for a report."""
    meta = pipeline(model).meta
    accuracy = meta.get("performance", {}).get("pos_acc")  # it_core_news has it too
    rounded = None if accuracy is None else round(accuracy, 4)
    return {"name": f"{meta['lang']}_{meta['name']}", "version": meta["version"], "pos_acc": rounded}
