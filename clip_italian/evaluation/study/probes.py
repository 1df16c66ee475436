"""What the error analysis asks of a model, as files: embeddings of the contrasts and of single words."""

import pathlib

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.data.images import shards
from clip_italian.evaluation.study.embed import BLOCK, Embedder

CONTRASTS, WORDS = "contrasts", "words"
SIDES = ("true", "false")


def write(folder: pathlib.Path, embedder: Embedder, data: pathlib.Path, drawn: bool, words: list[str]) -> None:
    """Writes `contrasts.npz`, where the test sets are drawn, and `words.npz`; `data` is the profile's folder.

    Keys of the first: `image`, and `true` and `false`, the captions of each picture; of the second: `text`, a row each word.
    """
    entries = files.read_json(data / "raw" / "test" / CONTRASTS / "contrasts.json") if drawn else []
    texts = sorted({*words, *(entry[side] for entry in entries for side in SIDES)})
    vectors = embedder.texts(texts + texts[: _missing(len(texts))])[: len(texts)]
    row = dict(zip(texts, vectors, strict=True))  # equal texts have one row, so that a tie is exact
    _save(folder / f"{WORDS}.npz", text=_rows(row, words))
    if drawn:
        pixels = shards.open_shards(data / "shards/tests" / CONTRASTS).all_pixels()
        image = embedder.images(np.concatenate([pixels, pixels[: _missing(len(pixels))]]))[: len(pixels)]
        captions = {side: _rows(row, [entry[side] for entry in entries]) for side in SIDES}
        _save(folder / f"{CONTRASTS}.npz", image=image, **captions)


def _missing(count: int) -> int:
    """How many fill up the last block: one of another size is another program, which takes longer to compile than all to embed."""
    return -count % BLOCK


def _rows(row: dict[str, np.ndarray], texts: list[str]) -> Float[np.ndarray, "n p"]:
    return np.stack([row[text] for text in texts])


def _save(path: pathlib.Path, **arrays: np.ndarray) -> None:
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
