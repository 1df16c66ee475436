"""Batches made ahead of their turn, while the devices are busy."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import grain

T = TypeVar("T")
READY = 2  # batches that wait for their turn, at most
THREADS = 2  # that make them: decoding, warping and copying release the interpreter


def ahead(batch_of: Callable[[int], T], start: int, stop: int) -> Iterator[T]:
    """The batches of the steps from `start` to before `stop`, in order, made by threads.

    `batch_of` is a pure function of the step: so the stream is the same whatever the threads, and begins at any step.
    """
    if start >= stop:
        return iter(())
    steps = grain.MapDataset.range(start, stop).map(batch_of)
    return iter(steps.to_iter_dataset(grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=READY)))
