"""Draws the examples of each batch as a pure function of (seed, step), so that a resumed run reads the same data."""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import grain
import numpy as np
from jaxtyping import Float, Int

from clip_italian.errors import InputError

EPOCH_ORDER, CAPTION_CHOICE = 11, 12  # purposes, which separate streams of random numbers


class Draw(NamedTuple):
    """A batch's examples, the epoch that each belongs to, and the caption chosen for each."""

    examples: Int[np.ndarray, " b"]
    epoch: int
    captions: Int[np.ndarray, " b"]


@functools.lru_cache(maxsize=2)  # every step needs its epoch's order
def permutation(seed: int, epoch: int, count: int) -> Int[np.ndarray, " n"]:
    """The random order of all examples in an epoch; read-only."""
    return _read_only(np.random.default_rng([seed, EPOCH_ORDER, epoch]).permutation(count))


@functools.lru_cache(maxsize=2)
def _caption_shares(seed: int, epoch: int, count: int) -> Float[np.ndarray, " n"]:
    """A random number in [0, 1) for each example, which chooses one of its captions; read-only."""
    return _read_only(np.random.default_rng([seed, CAPTION_CHOICE, epoch]).random(count))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def draw(seed: int, step: int, batch: int, caption_offsets: Int[np.ndarray, " n1"]) -> Draw:
    """The batch of a step: the next `batch` examples in the epoch's order, each with one caption; incomplete batches are dropped.

    `caption_offsets` are the indices in the list of all captions at which each example's captions begin. Raises InputError if
    there are fewer examples than a batch has.
    """
    count = len(caption_offsets) - 1
    batches = count // batch
    if not batches:
        raise InputError(f"a batch of {batch} cannot be drawn from {count} examples; lower `batch` in the profile")
    epoch, index = divmod(step, batches)
    examples = permutation(seed, epoch, count)[index * batch : (index + 1) * batch]
    share = _caption_shares(seed, epoch, count)[examples]
    first, after = caption_offsets[examples], caption_offsets[examples + 1]
    return Draw(examples, epoch, first + (share * (after - first)).astype(first.dtype))


T = TypeVar("T")
READY = 2  # batches prepared in advance
THREADS = 2  # that prepare them; decoding, warping and copying release the interpreter lock


def ahead(batch_of: Callable[[int], T], start: int, stop: int) -> Iterator[T]:
    """Yields the batches of steps `start` to `stop` - 1 in order; threads prepare them while the devices compute.

    Since `batch_of` is a pure function of the step, the batches do not depend on threads, and iteration may start at any step.
    """
    if start >= stop:
        return iter(())
    steps = grain.MapDataset.range(start, stop).map(batch_of)
    return iter(steps.to_iter_dataset(grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=READY)))
