"""Evaluates a model under a named protocol: `evaluate` encodes the test set, scores it, and writes the results.

OUT/embeddings/<key>.npz     unit vectors of images or of texts; the key is a digest of the model's files and of the inputs, so
                             that another protocol on the same images encodes none of them again
OUT/<protocol>/metrics.json  {"protocol", "source", "model": {file: SHA-256}, "ties": the rule, "data": {...},
                             "metrics": {published name: value}, "bounds": {published name: [lowest, highest]}}; shares of 1, or
                             null if there is no value; "language" if the protocol has a choice, and the folder is then
                             OUT/<protocol>/<language>
OUT/<protocol>/items.npz     the result of every query or image (scoring.py), and `pictures`, their files
"""

import functools
import hashlib
import json
import pathlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.data.archives import Stored
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, classification, scoring
from clip_italian.evaluation.published import protocols
from clip_italian.evaluation.published.test_sets import Captioned, Classified, TestSet

LAYOUT = 1  # version of the stored embeddings; to be raised when the same files give other vectors


def evaluate(
    model: Model,
    protocol: str,
    data: pathlib.Path,
    out: pathlib.Path,
    progress: bool = False,
    *,
    language: str | None = None,
    labels: pathlib.Path | None = None,
    subfolder: str | None = None,
) -> dict[str, float | None]:
    """The metrics of a model by their published names; writes the files that are listed above.

    `data` is the folder with the publisher's files, `labels` that with files of labels (`protocols.read`). The results are written
    to the folder `subfolder` in OUT, by default that of `where`. Raises InputError if files or the model are missing or damaged.
    """
    settings = protocols.load(protocol)
    test = protocols.read(settings, data, language, labels)
    model = model.with_margin(settings.margin) if settings.margin else model
    kept = _Embeddings(model, pathlib.Path(out) / "embeddings", progress)
    texts = test.texts if isinstance(test, Captioned) else classification.prompts(test.classes, test.templates)
    (image, image_digest), (text, text_digest) = kept.images(test.images), kept.texts(texts)
    if isinstance(test, Classified):
        text = classification.ensemble(text.reshape(len(test.classes), len(test.templates), -1))
    scores = scoring.score(test.truth, image, text, list(dict.fromkeys(settings.metrics.values())), settings.ties)
    found = {name: scores.metrics[ours] for name, ours in settings.metrics.items()}
    bounds = {name: scores.bounds[ours] for name, ours in settings.metrics.items() if ours in scores.bounds}
    seen = {"seen": test.seen} if isinstance(test, Captioned) and test.seen is not None else {}
    about = {
        "protocol": protocol,
        "source": settings.source,
        "model": model.digests(),
        "ties": settings.ties,
        "data": _counts(test)
        | {"pictures_sha256": image_digest, "texts_sha256" if isinstance(test, Captioned) else "prompts_sha256": text_digest},
        "metrics": found,
        "bounds": bounds,
    }
    if chosen := protocols.language_of(settings, language):
        about["language"] = chosen
    folder = pathlib.Path(out) / (subfolder or where(settings, language))
    arrays.write(folder / "items.npz", **scores.items, **seen, pictures=np.array([_name(image) for image in test.images]))
    files.write_json(folder / "metrics.json", about)
    return found


def where(protocol: protocols.Protocol, language: str | None = None) -> str:
    """The folder of the results in OUT: the protocol's name, and the language if the protocol has a choice."""
    return "/".join(filter(None, (protocol.name, protocols.language_of(protocol, language))))


def _counts(test: TestSet) -> dict[str, Any]:
    if isinstance(test, Captioned):
        seen = {} if test.seen is None else {"pictures_seen_in_training": int(test.seen.sum())}
        return {"pictures": len(test.images), "texts": len(test.texts)} | seen
    return {"pictures": len(test.images), "classes": len(test.classes), "templates": len(test.templates)}


def _name(image: Stored) -> str:
    """The name of an image, without its folder or archive."""
    return image.name if isinstance(image, pathlib.Path) else str(image).rpartition(": ")[2]


class _Embeddings:
    """Unit vectors, stored by a digest of the model and of the inputs, so that no input is encoded twice."""

    def __init__(self, model: Model, folder: pathlib.Path, progress: bool) -> None:
        self._model, self._folder, self._progress = model, folder, progress
        self._digest = _digest(sorted(model.digests().items()))

    def images(self, images: Sequence[Stored]) -> tuple[Float[np.ndarray, "images d"], str]:
        """The unit vectors of images, one row each, and the digest of all images."""
        with ThreadPoolExecutor() as pool:
            digest = _digest(list(pool.map(lambda image: hashlib.sha256(image.read_bytes()).hexdigest(), images)))
        encode = functools.partial(self._model.encode_image, images, progress=self._progress)
        return self._rows(["pictures", self._model.settings.image.fit.model_dump()], digest, encode), digest

    def texts(self, texts: list[str]) -> tuple[Float[np.ndarray, "texts d"], str]:
        """The unit vectors of texts, one row each, and the digest of all texts.

        Equal texts are encoded once, so that their rows have the same bits.
        """
        different, which = classification.distinct(texts)
        encode = functools.partial(self._model.encode_text, different, progress=self._progress)
        return self._rows(["texts"], _digest(different), encode)[which], _digest(texts)

    def _rows(self, kind: list[Any], digest: str, encode: Callable[[], np.ndarray]) -> np.ndarray:
        path = self._folder / f"{_digest([LAYOUT, self._digest, kind, digest])}.npz"
        try:
            (rows,) = arrays.read(path, "rows")
            return rows
        except InputError:  # missing or damaged: computed again
            rows = encode()
        if not np.isfinite(rows).all():
            source = self._model.provenance[0].source
            raise InputError(f"{source}: its embeddings of {kind[0]} are not finite; the weights are damaged; download them again")
        arrays.write(path, rows=rows)
        return rows


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
