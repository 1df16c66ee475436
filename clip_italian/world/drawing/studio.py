"""Draws many images on several processes; what comes out depends on the tasks alone, never on who did them when."""

import concurrent.futures
import dataclasses
import multiprocessing
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

CHUNK = 64  # images a task draws: some 0.1 s, so that the last task keeps nobody waiting


class StudioSettings(Settings):
    """Key `studio` of section `world`: how images become files."""

    workers: int  # processes that draw
    height: int  # pixels; images are up to a sixteenth wider
    jpeg_quality: int  # 1 to 100
    png_every: int  # one image in so many is a PNG, the others are JPEGs


@dataclasses.dataclass(frozen=True)
class Picture:
    """An image's file and what a publisher says about it."""

    content: bytes
    height: int
    width: int

    @property
    def mime_type(self) -> str:
        """image/png or image/jpeg."""
        return "image/png" if self.content.startswith(b"\x89PNG") else "image/jpeg"


def develop(scene: Scene, settings: StudioSettings, mirrored: bool = False) -> Picture:
    """Draws a scene and encodes it, or its mirror image."""
    height, width = image_size_of(scene, settings.height)
    pixels = render(scene, height, width)
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    if scene.index % settings.png_every == settings.png_every - 1:
        return Picture(encode_png(pixels), height, width)
    return Picture(simplejpeg.encode_jpeg(pixels, settings.jpeg_quality), height, width)


def encode_png(pixels: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """The image as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


@dataclasses.dataclass(frozen=True)
class Task:
    """A call of a module's function with a range of numbers, which returns one result per number."""

    function: Callable[..., list[Any]]
    numbers: range
    arguments: tuple[Any, ...]


def tasks(function: Callable[..., list[Any]], count: int, *arguments: Any) -> list[Task]:
    """`function` over 0 ... count-1, cut into chunks."""
    return [Task(function, range(start, min(count, start + CHUNK)), arguments) for start in range(0, count, CHUNK)]


def _do(task: Task) -> list[Any]:
    return task.function(task.numbers, *task.arguments)


def results(jobs: dict[str, list[Task]], workers: int) -> Iterator[tuple[str, list[Any]]]:
    """Yields (name of the job, all its results in order), job by job, while the next ones are being worked on.

    Raises InputError when a process was killed from outside.
    """
    # Spawned, not forked: the children are the stage's own and die with it.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, environment.enter_worker) as pool:
        try:
            done = pool.map(_do, [task for job in jobs.values() for task in job])
            for name, job in jobs.items():
                yield name, [result for _ in job for result in next(done)]
        except BrokenProcessPool:
            raise InputError("a drawing process was killed, perhaps for lack of memory; lower `world.studio.workers`") from None


def rng_of(seed: int, purpose: int, index: int) -> np.random.Generator:
    """Random numbers for what is said about a scene; those of the scene itself are drawn elsewhere."""
    return np.random.default_rng([seed, purpose, index, 3])


def shuffled(items: Iterable[Any], seed: int, purpose: int) -> list[Any]:
    """The items in an order that depends on the numbers alone."""
    items = list(items)
    return [items[i] for i in np.random.default_rng([seed, purpose]).permutation(len(items)).tolist()]
