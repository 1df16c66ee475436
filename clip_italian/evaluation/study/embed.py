"""A model's embeddings of the test sets, as files: all that an evaluation needs of a model."""

import pathlib
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.checkpoints.assembly import Model
from clip_italian.data import tokens
from clip_italian.data.images import resizing, shards
from clip_italian.data.images.shards import Pictures
from clip_italian.models.encoder import Encoder

BLOCK = 256  # pictures or texts at once
READ = 16 * BLOCK  # stored pictures in memory at a time; whole blocks, so that it changes no bit


class Embedder:
    """Unit vectors of pictures and texts; texts are put into the model's language by `translate`."""

    def __init__(self, model: Model, translate: Callable[[list[str]], list[str]] = list) -> None:
        self.model, self._translate = model, translate
        self._encoder = Encoder(model.settings, BLOCK, project=True)

    def images(self, pixels: np.ndarray) -> Float[np.ndarray, "n p"]:
        """Embeddings of stored pictures, cut to the model's size."""
        return self._encoder.images(self.model.params, resizing.squares(pixels, self.model.settings.image.image_size))

    def stored(self, pictures: Pictures) -> Float[np.ndarray, "n p"]:
        """Embeddings of all pictures of a folder of shards."""
        starts = range(0, max(1, len(pictures)), READ)
        parts = [self.images(pictures.pixels(range(start, min(start + READ, len(pictures))))) for start in starts]
        return np.concatenate(parts)

    def texts(self, texts: list[str]) -> Float[np.ndarray, "n p"]:
        """Embeddings of texts; what exceeds the model's longest text is cut off."""
        encoded = tokens.encode(self.model.tokenizer, self._translate(texts), self.model.settings.text.positions)
        return self._encoder.texts(self.model.params, encoded)

    def classes(self, labels: list[str], templates: list[str]) -> Float[np.ndarray, "n p"]:
        """One vector a class: the mean of its embeddings in all templates, scaled to length one (Radford et al. 2021)."""
        each = [self.texts([template.format(label) for label in labels]) for template in templates]
        mean = np.mean(each, axis=0)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def write(
    folder: pathlib.Path, embedder: Embedder, data: pathlib.Path, retrieval: list[str], zeroshot: list[str], templates: list[str]
) -> None:
    """Writes one `.npz` a test set and the gallery's; `data` is the profile's folder.

    Keys: `image`, a row a picture, and `text`, a row a caption, a class or a query.
    """
    test = data / "raw" / "test"
    labels = {name: files.read_json(test / name / "labels.json")["classes"] for name in zeroshot}
    row = _rows(embedder, [label for some in labels.values() for label in some], templates)
    for name in [*retrieval, *zeroshot]:
        pictures = shards.open_shards(data / "shards/tests" / name)
        if name in retrieval:
            text = embedder.texts([caption for captions in pictures.captions for caption in captions])
        else:
            text = np.stack([row[label] for label in labels[name]])
        _save(folder / f"{name}.npz", image=embedder.stored(pictures), text=text)
    _save(folder / "gallery.npz", text=embedder.texts([entry["query"] for entry in files.read_json(test / "gallery.json")]))


def _rows(embedder: Embedder, labels: list[str], templates: list[str]) -> dict[str, Float[np.ndarray, " p"]]:
    """The vector of each label; all are embedded at once and each one once, so that equal labels tie."""
    distinct = list(dict.fromkeys(labels))
    return dict(zip(distinct, embedder.classes(distinct, templates), strict=True))


def _save(path: pathlib.Path, **arrays: np.ndarray) -> None:
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
