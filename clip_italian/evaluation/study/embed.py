"""A model's embeddings of the test sets, as files: all that an evaluation needs of a model. `data` is the profile's folder."""

import pathlib
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.data.images import resizing, shards
from clip_italian.data.images.shards import Shards
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, classification
from clip_italian.evaluation.study.settings import GOOD, PROBE_SETS, TEMPLATES

BLOCK = 256  # images or texts at once
READ = 16 * BLOCK  # stored images in memory at a time; whole blocks, so that it changes no bit
CONTRASTS = "contrasts"
CAPTIONS = ("true", "false")  # of an image of the contrasts


def _images(model: Model, pixels: np.ndarray) -> Float[np.ndarray, "n p"]:
    """Embeddings of stored images, cut to the model's size."""
    return model.encode_fitted(resizing.squares(pixels, model.settings.image.image_size), BLOCK)


def _stored(model: Model, pictures: Shards) -> Float[np.ndarray, "n p"]:
    """Embeddings of all images of a folder of shards."""
    starts = range(0, max(1, len(pictures)), READ)
    return np.concatenate([_images(model, pictures.pixels(range(start, min(start + READ, len(pictures))))) for start in starts])


def write_tests(
    folder: pathlib.Path, model: Model, data: pathlib.Path, retrieval: list[str], zeroshot: list[str], templates: list[str]
) -> None:
    """Writes one `.npz` for each test set and one for the gallery.

    Arrays: `image`, a row each image, and `text`, a row each caption, class or query.
    """
    test = data / "raw" / "test"
    labels = {name: files.read_json(test / name / "labels.json")["classes"] for name in zeroshot}
    row = _classes(model, [label for some in labels.values() for label in some], templates)
    for name in [*retrieval, *zeroshot]:
        pictures = shards.Shards(data / "shards/tests" / name)
        if name in retrieval:
            text = model.encode_text([caption for captions in pictures.captions for caption in captions], BLOCK)
        else:
            text = np.stack([row[label] for label in labels[name]])
        arrays.write(folder / f"{name}.npz", image=_stored(model, pictures), text=text)
    queries = [entry["query"] for entry in files.read_json(test / "gallery.json")]
    arrays.write(folder / "gallery.npz", text=model.encode_text(queries, BLOCK))


def _classes(model: Model, labels: list[str], templates: list[str]) -> dict[str, Float[np.ndarray, " p"]]:
    """The vector of each label; all are embedded at once and each one once, so that equal labels tie."""
    distinct, _ = classification.distinct(labels)
    each = model.encode_text(classification.prompts(distinct, templates), BLOCK)
    return dict(zip(distinct, classification.ensemble(each.reshape(len(distinct), len(templates), -1)), strict=True))


def write_labels(folder: pathlib.Path, model: Model, data: pathlib.Path, conditions: list[str]) -> None:
    """Writes `labels.npz`: for `good` and for each condition an array with a row each class; nothing where there is no condition.

    Raises InputError for a condition that raw/test/labels.json lacks.
    """
    if not conditions:
        return
    path = data / "raw/test/labels.json"
    content = files.read_json(path)
    sets = content["sets"]
    if unknown := [name for name in conditions if name not in sets and name != TEMPLATES]:
        raise InputError(f"{path}: no label set `{unknown[0]}`; run `dvc repro` or take it out of `evaluation.label_conditions`")
    prompts = {name: sets[name] for name in [GOOD, *conditions] if name != TEMPLATES}
    if TEMPLATES in conditions:
        prompts[TEMPLATES] = classification.prompts(sets[GOOD], content["templates"])
    row = _distinct(model, [text for texts in prompts.values() for text in texts])
    each = {
        name: np.stack([row[text] for text in texts]).reshape(len(sets[GOOD]), -1, len(row[texts[0]]))
        for name, texts in prompts.items()
    }
    arrays.write(folder / "labels.npz", **{name: classification.ensemble(rows) for name, rows in each.items()})


def write_errors(folder: pathlib.Path, model: Model, data: pathlib.Path, drawn: bool, words: list[str]) -> None:
    """Writes what the error analysis reads: `words.npz`, and `contrasts.npz` where the test sets are drawn.

    Arrays of the first: `text`, a row each word; of the second: `image`, and `true` and `false`, the captions of each image.
    """
    entries = files.read_json(data / "raw" / "test" / CONTRASTS / "contrasts.json") if drawn else []
    row = _distinct(model, sorted({*words, *(entry[kind] for entry in entries for kind in CAPTIONS)}))
    arrays.write(folder / "words.npz", text=np.stack([row[word] for word in words]))
    if drawn:
        stored = shards.Shards(data / "shards/tests" / CONTRASTS)
        pixels = stored.pixels(range(len(stored)))
        image = _images(model, np.concatenate([pixels, pixels[: -len(pixels) % BLOCK]]))[: len(pixels)]
        captions = {kind: np.stack([row[entry[kind]] for entry in entries]) for kind in CAPTIONS}
        arrays.write(folder / f"{CONTRASTS}.npz", image=image, **captions)


def _distinct(model: Model, texts: Iterable[str]) -> dict[str, Float[np.ndarray, " p"]]:
    """The vector of each different text, so that equal texts tie.

    Some are embedded twice, to fill the last block: a block of another size is another program, which takes longer to compile than
    all texts to embed.
    """
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, model.encode_text(distinct + distinct[: -len(distinct) % BLOCK], BLOCK), strict=False))


def write_probes(folder: pathlib.Path, model: Model, data: pathlib.Path) -> None:
    """Writes one `.npz` for each set of images that linear probes learn from: `image`, a row each image."""
    for name in PROBE_SETS:
        arrays.write(folder / f"{name}.npz", image=_stored(model, shards.Shards(data / "shards/probe" / name)))
