"""Pictures of all kinds as pixels: upright, RGB, on white where they are transparent.

That is what transformers makes of an opened file. open_clip leaves the opening to the user, whose `convert("RGB")` shows what
lies under transparent pixels and does not turn the picture; for all others it gives the same.
"""

import itertools
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from PIL import Image

from clip_italian.data.archives import Stored
from clip_italian.data.images import images
from clip_italian.data.images.images import ImageLimits, ImageRejected, Pixels
from clip_italian.errors import InputError

Picture = str | Stored | Image.Image | np.ndarray
# Of files: bombs are kept out, odd shapes are the user's business.
LIMITS = ImageLimits(max_bytes=1 << 28, max_pixels=1 << 28, min_side=1, max_aspect=1e3)

T = TypeVar("T")
U = TypeVar("U")


def blocks(function: Callable[[T], U], items: Iterable[T], size: int) -> Iterator[list[U]]:
    """The function of each item, so many at a time; threads work on the next block while the caller has one."""
    left, threads = iter(items), os.cpu_count() or 1
    begun: list[Future[list[U]]] = []
    with ThreadPoolExecutor(threads) as pool:
        while some := list(itertools.islice(left, size)):
            # A part each, not a picture: handing over a small one takes as long as decoding it.
            parts = [some[start::threads] for start in range(min(threads, len(some)))]
            following = [pool.submit(lambda part: list(map(function, part)), part) for part in parts]
            if begun:
                yield _interleaved(begun)
            begun = following
        if begun:
            yield _interleaved(begun)


def _interleaved(parts: list[Future[list[U]]]) -> list[U]:
    """What was dealt out in turn, in order."""
    done = [part.result() for part in parts]
    return [done[place % len(done)][place // len(done)] for place in range(sum(map(len, done)))]


def opened(picture: Picture) -> Pixels:
    """The picture's pixels, upright; raises InputError naming the file and the reason when it cannot be read."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise InputError(f"a picture of shape {picture.shape} and type {picture.dtype}; uint8 of (height, width, 3) is needed")
        return picture
    if isinstance(picture, Image.Image):
        try:
            return images.upright(picture)
        except (OSError, SyntaxError, ValueError) as error:  # Pillow opens lazily
            raise InputError(f"{picture}: {error}; leave it out or replace it") from None
    try:
        stored = pathlib.Path(picture) if isinstance(picture, str) else picture
        return images.decode(stored.read_bytes(), LIMITS)
    except ImageRejected as reason:
        raise InputError(f"{picture}: {reason}; leave it out or replace it") from None
    except OSError as error:
        raise InputError(f"{picture}: cannot be read ({error.strerror}); check the path") from None
