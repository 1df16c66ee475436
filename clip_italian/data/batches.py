"""Which examples make up which batch: a pure function of (seed, step), so that a resumed run reads the same data."""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import grain
import numpy as np
from jaxtyping import Float, Int

from clip_italian.errors import InputError

EPOCH_ORDER, CAPTION_CHOICE = 11, 12  # purposes: keep the streams of random numbers apart


class Draw(NamedTuple):
    """A batch's examples, the epoch that each belongs to, and the caption chosen for each."""

    examples: Int[np.ndarray, " b"]
    epoch: int
    captions: Int[np.ndarray, " b"]


@functools.lru_cache(maxsize=2)  # a phase asks for its epoch's order at every step
def permutation(seed: int, epoch: int, count: int) -> Int[np.ndarray, " n"]:
    """The order of all examples in one epoch; read-only."""
    return _read_only(np.random.default_rng([seed, EPOCH_ORDER, epoch]).permutation(count))


@functools.lru_cache(maxsize=2)
def _caption_shares(seed: int, epoch: int, count: int) -> Float[np.ndarray, " n"]:
    """How far along its list of captions each example's choice lies, from 0 to 1."""
    return _read_only(np.random.default_rng([seed, CAPTION_CHOICE, epoch]).random(count))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def draw(seed: int, step: int, batch: int, caption_offsets: Int[np.ndarray, " n1"]) -> Draw:
    """The batch of one step: `batch` examples of the epoch's order, whole batches only, one caption for each.

    `caption_offsets` says where each example's captions begin in the list of all captions. Raises InputError when there
    are fewer examples than a batch holds.
    """
    count = len(caption_offsets) - 1
    batches = count // batch
    if not batches:
        raise InputError(f"a batch of {batch} cannot be drawn from {count} examples; lower `batch` in the profile")
    epoch, place = divmod(step, batches)
    examples = permutation(seed, epoch, count)[place * batch : (place + 1) * batch]
    share = _caption_shares(seed, epoch, count)[examples]
    first, after = caption_offsets[examples], caption_offsets[examples + 1]
    return Draw(examples, epoch, first + (share * (after - first)).astype(first.dtype))


# Batches made ahead of their turn, while the devices are busy.
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
