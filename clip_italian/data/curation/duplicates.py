"""Images that are the same to the eye: a hash proposes pairs, an aligned comparison of pixels confirms them.

The hash alone would not do: two thirds of small drawn scenes have a stranger within four bits. Found are copies encoded anew, of
another size or shape, some 10 levels lighter or darker, and without their colours; not those of which more than a hundredth was
cut off along each side, which move every cell (a third to a half of those cut by a hundredth are found).
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt64

from clip_italian.config import Settings
from clip_italian.data.curation.hash_index import HashIndex

HASH_SIDE = 32  # pixels of the grey image that is transformed (pHash, Zauner 2010, section 3.2.1)
LOW = 8  # lowest frequencies along each axis that are kept: 64 bits
LIGHT, COLOUR = 16, 8  # cells along each side of the aligned comparison: encoders keep half as much of colour, or less
NEUTRAL, GREY = 128, 2  # of Cr and Cb where there is no colour, and how far they may be from it by rounding
BLOCK = 512  # pairs whose cells are compared at a time: what stays in the processor's cache
QUERIES = 1 << 14  # images that are looked up at a time: bounds memory, changes no pair


class DuplicateSettings(Settings):
    """Key `duplicates` of section `curate`."""

    max_bits: int  # 64-bit perceptual hashes that differ in at most so many bits propose a pair
    max_cell_difference: int  # 8-bit levels; a pair is confirmed if no cell of the two images differs by more, in Y, Cr or Cb


@dataclasses.dataclass(frozen=True)
class Looks:
    """What some images look like: 64-bit perceptual hashes and the mean light and colours of their cells."""

    hashes: UInt64[np.ndarray, " n"]
    cells: UInt8[np.ndarray, "n cells"]


Look = tuple[int, UInt8[np.ndarray, " cells"]]


def look(pixels: UInt8[np.ndarray, "height width 3"]) -> Look:
    """One image's hash (signs of its low frequencies about their median) and cells, whatever its size and shape."""
    small = cv2.cvtColor(cv2.resize(pixels, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
    frequencies = cv2.dct(small[..., 0].astype(np.float32))[:LOW, :LOW].ravel()
    bits = frequencies > np.sort(frequencies)[LOW * LOW // 2 - 1]
    light = cv2.resize(small[..., 0], (LIGHT, LIGHT), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(small[..., 1:], (COLOUR, COLOUR), interpolation=cv2.INTER_AREA)
    return int(np.packbits(bits).view(np.uint64)[0]), np.concatenate([light.ravel(), colour.ravel()])


def looks(each: Sequence[Look]) -> Looks:
    """Many images' looks as arrays, also where there are none."""
    cells = np.array([cells for _, cells in each], np.uint8).reshape(len(each), LIGHT * LIGHT + 2 * COLOUR * COLOUR)
    return Looks(np.array([one for one, _ in each], np.uint64), cells)


def joined(parts: Sequence[Looks]) -> Looks:
    """The images of several sets, one after the other."""
    return Looks(np.concatenate([part.hashes for part in parts]), np.concatenate([part.cells for part in parts]))


def differences(left: Looks, right: Looks, pairs: Int[np.ndarray, "pairs 2"]) -> UInt8[np.ndarray, " pairs"]:
    """How far each pair is apart: the largest difference of any cell, in 8-bit levels.

    Where one of the two has no colour, in their light: it may be the other without it.
    """
    result = np.zeros(len(pairs), np.uint8)
    for start in range(0, len(pairs), BLOCK):
        i, j = pairs[start : start + BLOCK].T
        some, others = left.cells[i], right.cells[j]
        apart = cv2.absdiff(some, others)
        apart[_is_grey(some) | _is_grey(others), LIGHT * LIGHT :] = 0
        result[start : start + BLOCK] = apart.max(axis=1)
    return result


def _is_grey(cells: UInt8[np.ndarray, "n cells"]) -> Bool[np.ndarray, " n"]:
    colours = cells[:, LIGHT * LIGHT :]
    return (colours.min(axis=1) >= NEUTRAL - GREY) & (colours.max(axis=1) <= NEUTRAL + GREY)


def first_alike(pictures: Looks, among: Int[np.ndarray, " n"], settings: DuplicateSettings) -> Int[np.ndarray, " n"]:
    """Of the images at the places `among`, in rising order, the first that shows the same as each: itself where there is none.

    Images show the same up to size, encoding and slight changes of light. The index takes some 60 bytes per image; of the
    cells, which may be mapped from a file, those of proposed pairs are read.
    """
    hashes = pictures.hashes[among]
    index, first = HashIndex(hashes), among.astype(np.int64)
    for start in range(0, len(hashes), QUERIES):
        queries = hashes[start : start + QUERIES]
        found = [_confirmed(pictures, among, part + [start, 0], settings) for part in index.within(queries, settings.max_bits)]
        # In the order of the later image, so that what the earlier one is like is known.
        for j, i in sorted(pair for part in found for pair in part.tolist()):
            first[j] = min(first[j], first[i])
    return first


def _confirmed(
    pictures: Looks, among: Int[np.ndarray, " n"], pairs: Int[np.ndarray, "pairs 2"], settings: DuplicateSettings
) -> Int[np.ndarray, "same 2"]:
    """The pairs, of a later and an earlier image, whose cells agree."""
    pairs = pairs[pairs[:, 1] < pairs[:, 0]]
    return pairs[differences(pictures, pictures, among[pairs]) <= settings.max_cell_difference]
