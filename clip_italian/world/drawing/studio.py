"""Draws and encodes many images by several processes; the results do not depend on the number of processes."""

import concurrent.futures
import dataclasses
import functools
import multiprocessing
import operator
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2
import numpy as np
import simplejpeg
from jaxtyping import UInt8

from clip_italian import environment
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.world.drawing.render import render
from clip_italian.world.scenes.scene import Scene, image_size_of

CHUNK = 64  # images per task: some 0.1 s, so that all processes end at about the same time


class StudioSettings(Settings):
    """Key `studio` of section `world`: how images are drawn and encoded."""

    workers: int  # processes that draw
    height: int  # pixels; images are up to a sixteenth wider
    jpeg_quality: int  # 1 to 100
    png_every: int  # every n-th image is a PNG, the others are JPEGs


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """The content and the size of an image file."""

    content: bytes
    height: int
    width: int


def develop(scene: Scene, settings: StudioSettings, mirrored: bool = False) -> ImageFile:
    """Draws and encodes a scene, or its mirror image."""
    height, width = image_size_of(scene, settings.height)
    pixels = render(scene, height, width)
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    if scene.index % settings.png_every == settings.png_every - 1:
        return ImageFile(encode_png(pixels), height, width)
    return ImageFile(simplejpeg.encode_jpeg(pixels, settings.jpeg_quality), height, width)


def encode_png(pixels: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """The image as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


Task = Callable[[], list[Any]]  # pickled for workers


def tasks(function: Callable[..., list[Any]], count: int, *arguments: Any) -> list[Task]:
    """`function` of the numbers 0 to count - 1, in chunks; it takes a range and returns one result a number."""
    ranges = (range(start, min(count, start + CHUNK)) for start in range(0, count, CHUNK))
    return [functools.partial(function, numbers, *arguments) for numbers in ranges]


def results(jobs: dict[str, list[Task]], workers: int) -> Iterator[tuple[str, list[Any]]]:
    """Yields (name of the job, all its results in order), job by job, while processes work on the next ones.

    Raises InputError if a process was killed.
    """
    # Spawned, not forked, so that the processes end with the stage.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, environment.enter_worker) as pool:
        try:
            done = pool.map(operator.call, [task for job in jobs.values() for task in job])
            for name, job in jobs.items():
                yield name, [result for _ in job for result in next(done)]
        except BrokenProcessPool:
            raise InputError("a drawing process was killed, perhaps for lack of memory; lower `world.studio.workers`") from None


def rng_of(seed: int, purpose: int, index: int) -> np.random.Generator:
    """A generator for the captions of a scene; the scene itself is drawn with other random numbers."""
    return np.random.default_rng([seed, purpose, index, 3])


def shuffled(items: Iterable[Any], seed: int, purpose: int) -> list[Any]:
    """The items in a random order, a pure function of seed and purpose."""
    items = list(items)
    return [items[i] for i in np.random.default_rng([seed, purpose]).permutation(len(items)).tolist()]
