"""Reads the pixels of image files, Pillow images and arrays: upright, RGB, transparency blended with white.

transformers reads the same pixels from a file. With open_clip the user opens images, usually by `convert("RGB")`, which shows the
colours under transparent pixels and ignores the orientation; all other images have the same pixels there.
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

ImageInput = str | Stored | Image.Image | np.ndarray
# Decompression bombs are refused; images of any shape are read.
LIMITS = ImageLimits(max_bytes=1 << 28, max_pixels=1 << 28, min_side=1, max_aspect=1e3)

T = TypeVar("T")
U = TypeVar("U")


def map_blocks(function: Callable[[T], U], items: Iterable[T], size: int) -> Iterator[list[U]]:
    """Yields lists of `size` results in the order of the items. Threads compute the next list while the caller uses one."""
    remaining, threads = iter(items), os.cpu_count() or 1
    pending: list[Future[list[U]]] = []
    with ThreadPoolExecutor(threads) as pool:
        while block := list(itertools.islice(remaining, size)):
            # Each of n threads takes every n-th item in one task, because a task for each small image would take too long.
            parts = [block[start::threads] for start in range(min(threads, len(block)))]
            submitted = [pool.submit(lambda part: list(map(function, part)), part) for part in parts]
            if pending:
                yield _interleaved(pending)
            pending = submitted
        if pending:
            yield _interleaved(pending)


def _interleaved(futures: list[Future[list[U]]]) -> list[U]:
    """The results in the order of the items, from parts of which part p of n holds items p, p + n, p + 2n, ..."""
    parts = [future.result() for future in futures]
    return [parts[index % len(parts)][index // len(parts)] for index in range(sum(map(len, parts)))]


def read_pixels(image: ImageInput) -> Pixels:
    """The image's pixels, upright; raises InputError naming the file and the reason when it cannot be read."""
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise InputError(f"an image of shape {image.shape} and type {image.dtype}; uint8 of (height, width, 3) is needed")
        return image
    if isinstance(image, Image.Image):
        try:
            return images.upright(image)
        except (OSError, SyntaxError, ValueError) as error:  # Pillow opens lazily
            raise InputError(f"{image}: {error}; leave it out or replace it") from None
    try:
        stored = pathlib.Path(image) if isinstance(image, str) else image
        return images.decode(stored.read_bytes(), LIMITS)
    except ImageRejected as reason:
        raise InputError(f"{image}: {reason}; leave it out or replace it") from None
    except OSError as error:
        raise InputError(f"{image}: cannot be read ({error.strerror}); check the path") from None
