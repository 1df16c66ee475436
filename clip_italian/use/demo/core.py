"""The demo's computations, independent of the user interface."""

import pathlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.data.images import images, opening
from clip_italian.data.images.images import ImageLimits, ImageRejected, Pixels
from clip_italian.errors import InputError
from clip_italian.use.search import classifying, localising, searching, store
from clip_italian.use.search.localising import Method
from clip_italian.use.search.searching import Hit, Index
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.scenes.truth import GALLERY

# Limits of an upload: photographs of every telephone pass, and no image takes long to process.
LIMITS = ImageLimits(max_bytes=12 << 20, max_pixels=64_000_000, min_side=8, max_aspect=20.0)
MOST = {"most": LIMITS.max_bytes >> 20, "pixels": LIMITS.max_pixels // 10**6}  # MB and millions, as shown
MOST_LABELS = 50
MOST_FOUND = 48
QUERIES = tuple(map(ITALIAN.plain, GALLERY))
IN_GALLERY = 4  # images for each
METHODS: tuple[Method, ...] = ("windows", "relevance")
THUMBNAIL = 384  # pixels of the long side
HEAT_MAP = (384, 768)  # least and most pixels of the long side of an image with its heat map


class Refused(Exception):
    """A request that is refused: `reason` is a key of `Words.refusals`, and `facts` are the values for its text."""

    def __init__(self, reason: str, **facts: int | str) -> None:
        super().__init__(reason)
        self.reason, self.facts = reason, facts


class Demo(NamedTuple):
    """A model, the index that is searched, and whether the model is the shipped one, trained on drawings only."""

    model: Model
    images: Index
    ships: bool


class Shown(NamedTuple):
    """A search result; `pixels` is None if the file can no longer be read."""

    score: float  # cosine
    name: str
    pixels: Pixels | None


def search(demo: Demo, text: str, count: int) -> list[Shown]:
    """The images nearest to the text, best first; raises Refused for a text that is empty or too long."""
    vector = demo.model.encode_text([_text(text)])[0]
    return _shown(demo.images.nearest(vector, min(max(1, count), MOST_FOUND)))


def gallery(demo: Demo) -> list[list[Shown]]:
    """The images nearest to each of QUERIES."""
    vectors = demo.model.encode_text(QUERIES)
    return [_shown(demo.images.nearest(vector, IN_GALLERY)) for vector in vectors]


def classify(demo: Demo, path: str | None, labels: str) -> list[tuple[str, float]]:
    """Each line of `labels` with its probability, in the given order; raises Refused for a wrong image or wrong labels."""
    texts = _labels(labels)
    return list(zip(texts, classifying.probabilities(demo.model, [opened(path)], texts)[0].tolist(), strict=True))


def localise(demo: Demo, path: str | None, text: str) -> dict[Method, Pixels]:
    """The image under the heat map of each of METHODS, dark where the heat is low; raises Refused for a wrong image or text."""
    query, image = _text(text), _sized(opened(path), *HEAT_MAP)
    heats = {method: localising.localise(demo.model, image, [query], method)[0] for method in METHODS}
    return {method: localising.over(image, heat) for method, heat in heats.items()}


def opened(path: str | None) -> Pixels:
    """The pixels of an uploaded file; raises Refused if there is none, or if it is too large, damaged or not an image."""
    if not path:
        raise Refused("no image")
    try:
        return images.decode(pathlib.Path(path).read_bytes(), LIMITS)
    except ImageRejected as reason:
        raise Refused(str(reason), **MOST) from None
    except OSError:
        raise Refused("damaged image") from None


def examples(index: Index, count: int, folder: pathlib.Path) -> list[pathlib.Path]:
    """Example images, evenly spaced over the index, resized and copied into `folder`."""
    rows = np.linspace(0, len(index) - 1, min(count, len(index))).round().astype(int)
    paths = []
    for number, row in enumerate(rows.tolist()):
        pixels = _thumbnail(index.image(row), HEAT_MAP[1])
        if pixels is not None:
            paths.append(folder / f"{number:02d}.jpg")
            Image.fromarray(pixels).save(paths[-1], quality=95)
    return paths


def warm_up(demo: Demo) -> None:
    """Compiles all programs, so that the first visitor does not wait for them."""
    grey = np.full((64, 64, 3), localising.GREY, np.uint8)
    gallery(demo)
    search(demo, QUERIES[0], 1)
    classifying.probabilities(demo.model, [grey], QUERIES)
    for method in METHODS:
        localising.localise(demo.model, grey, QUERIES[:1], method)


def _text(text: str) -> str:
    if not text.strip():
        raise Refused("empty text")
    if len(text) > searching.LONGEST:
        raise Refused("long text", count=len(text), most=searching.LONGEST)
    return text.strip()


def _labels(lines: str) -> list[str]:
    if len(lines) > MOST_LABELS * searching.LONGEST:
        raise Refused("long text", count=len(lines), most=MOST_LABELS * searching.LONGEST)
    labels = [_text(line) for line in files.lines_of(lines) if line.strip()]
    if len(labels) < 2:
        raise Refused("few labels")
    if len(labels) > MOST_LABELS:
        raise Refused("many labels", count=len(labels), most=MOST_LABELS)
    for number, label in enumerate(labels):
        if label in labels[:number]:
            raise Refused("repeated label", label=label)
    return labels


def _shown(hits: Sequence[Hit]) -> list[Shown]:
    with ThreadPoolExecutor() as pool:
        thumbnails = pool.map(_thumbnail, [hit.path for hit in hits])
        return [Shown(hit.score, hit.path.stem, pixels) for hit, pixels in zip(hits, thumbnails, strict=True)]


def _thumbnail(path: store.Image, most: int = THUMBNAIL) -> Pixels | None:
    """A thumbnail, or None if the file can no longer be read."""
    try:
        return _sized(opening.read_pixels(path), 1, most)
    except InputError:
        return None


def _sized(pixels: Pixels, least: int, most: int) -> UInt8[np.ndarray, "rows columns 3"]:
    """The image resized so that its long edge has between `least` and `most` pixels."""
    long = max(pixels.shape[:2])
    factor = min(max(long, least), most) / long
    if factor == 1:
        return pixels
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
