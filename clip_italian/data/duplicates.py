"""Pictures that are the same to the eye: a hash proposes pairs, an aligned comparison of pixels confirms them.

The hash alone would not do: two thirds of small drawn scenes have a stranger within four bits.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Int, UInt8, UInt64

from clip_italian.config import Settings

HASH_SIDE = 32  # pixels of the grey picture that is transformed (pHash, Zauner 2010, section 3.2.1)
LOW = 8  # lowest frequencies along each axis that are kept: 64 bits
LIGHT, COLOUR = 16, 8  # cells along each side of the aligned comparison: encoders keep half as much of colour, or less
BLOCK = 32  # rows of the distance matrix at a time: what stays in the processor's cache


class DuplicateSettings(Settings):
    """Key `duplicates` of section `curate`."""

    max_bits: int  # 64-bit perceptual hashes that differ in at most so many bits propose a pair
    max_cell_difference: int  # 8-bit levels; a pair is confirmed if no cell of the two pictures differs by more, in Y, Cr or Cb


@dataclasses.dataclass(frozen=True)
class Looks:
    """What some pictures look like: 64-bit perceptual hashes and the mean light and colours of their cells."""

    hashes: UInt64[np.ndarray, " n"]
    cells: UInt8[np.ndarray, "n cells"]


Look = tuple[int, UInt8[np.ndarray, " cells"]]


def look(pixels: UInt8[np.ndarray, "height width 3"]) -> Look:
    """One picture's hash (signs of its low frequencies about their median) and cells, whatever its size and shape."""
    small = cv2.cvtColor(cv2.resize(pixels, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
    frequencies = cv2.dct(small[..., 0].astype(np.float32))[:LOW, :LOW].ravel()
    bits = frequencies > np.sort(frequencies)[LOW * LOW // 2 - 1]
    light = cv2.resize(small[..., 0], (LIGHT, LIGHT), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(small[..., 1:], (COLOUR, COLOUR), interpolation=cv2.INTER_AREA)
    return int(np.packbits(bits).view(np.uint64)[0]), np.concatenate([light.ravel(), colour.ravel()])


def looks(each: Sequence[Look]) -> Looks:
    """Many pictures' looks as arrays, also where there are none."""
    cells = np.array([cells for _, cells in each], np.uint8).reshape(len(each), LIGHT * LIGHT + 2 * COLOUR * COLOUR)
    return Looks(np.array([one for one, _ in each], np.uint64), cells)


def joined(parts: Sequence[Looks]) -> Looks:
    """The pictures of several sets, one after the other."""
    return Looks(np.concatenate([part.hashes for part in parts]), np.concatenate([part.cells for part in parts]))


def proposals(
    left: UInt64[np.ndarray, " n"], right: UInt64[np.ndarray, " m"], max_bits: int
) -> Int[np.ndarray, "pairs 2"]:
    """Index pairs (into left, into right) of hashes within `max_bits`, in lexical order."""
    found = []
    for start in range(0, len(left), BLOCK):
        distances = np.bitwise_count(left[start : start + BLOCK, None] ^ right[None])
        pairs = np.argwhere(distances <= max_bits)
        found.append(pairs + [start, 0])
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def differences(left: Looks, right: Looks, pairs: Int[np.ndarray, "pairs 2"]) -> UInt8[np.ndarray, " pairs"]:
    """How far each pair is apart: the largest difference of any cell, in 8-bit levels."""
    result = np.zeros(len(pairs), np.uint8)
    for start in range(0, len(pairs), 16 * BLOCK):
        i, j = pairs[start : start + 16 * BLOCK].T
        result[start : start + 16 * BLOCK] = cv2.absdiff(left.cells[i], right.cells[j]).max(axis=1)
    return result


def same_pictures(left: Looks, right: Looks, settings: DuplicateSettings) -> Int[np.ndarray, "pairs 2"]:
    """Index pairs of pictures that are the same up to size, encoding and slight changes of light."""
    pairs = proposals(left.hashes, right.hashes, settings.max_bits)
    return pairs[differences(left, right, pairs) <= settings.max_cell_difference]


def first_alike(pictures: Looks, settings: DuplicateSettings) -> Int[np.ndarray, " n"]:
    """For each picture the index of the first one that shows the same: its own where there is none before it."""
    first = np.arange(len(pictures.hashes))
    for i, j in same_pictures(pictures, pictures, settings).tolist():
        if i < j:
            first[j] = min(first[j], first[i])
    return first
