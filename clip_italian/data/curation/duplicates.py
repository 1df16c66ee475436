"""Finds images with the same content, and pairs of image and captions that repeat an earlier pair.

A perceptual hash proposes images, and an aligned comparison of pixels confirms them. The hash does not suffice: two thirds of
small drawn scenes have a different scene within four bits. The comparison finds copies that were encoded again, have another
size or aspect, are some 10 levels lighter or darker, or have lost their colours. It does not find copies cropped by more than 1
% along each side, which moves every cell (at 1 % it finds a third to a half).
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Int, Shaped, UInt8, UInt64

from clip_italian.config import Settings
from clip_italian.data.curation.hash_index import HashIndex

HASH_SIDE = 32  # pixels of the grey image that is transformed (pHash, Zauner 2010, section 3.2.1)
LOW = 8  # lowest frequencies along each axis that are kept: 64 bits
LIGHT, COLOUR = 16, 8  # cells along each side in the comparison; encoders keep at most half of the colour resolution
NEUTRAL, GREY = 128, 2  # Cr and Cb of grey, and their largest deviation by rounding
BLOCK = 512  # pairs whose cells are compared at a time, which fit into the processor's cache
QUERIES = 1 << 14  # images looked up at a time, which limits memory


class DuplicateSettings(Settings):
    """Key `duplicates` of section `curate`."""

    max_bits: int  # the largest number of differing bits of the 64-bit hashes of a proposed pair
    max_cell_difference: int  # the largest difference in 8-bit levels of any cell, in Y, Cr or Cb, of a confirmed pair


@dataclasses.dataclass(frozen=True)
class Looks:
    """The 64-bit perceptual hashes of images, and the mean light and colours of their cells."""

    hashes: UInt64[np.ndarray, " n"]
    cells: UInt8[np.ndarray, "n cells"]


Look = tuple[int, UInt8[np.ndarray, " cells"]]


def look(pixels: UInt8[np.ndarray, "height width 3"]) -> Look:
    """The hash (low frequencies above their median) and the cells of an image of any size and shape."""
    small = cv2.cvtColor(cv2.resize(pixels, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
    frequencies = cv2.dct(small[..., 0].astype(np.float32))[:LOW, :LOW].ravel()
    bits = frequencies > np.sort(frequencies)[LOW * LOW // 2 - 1]
    light = cv2.resize(small[..., 0], (LIGHT, LIGHT), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(small[..., 1:], (COLOUR, COLOUR), interpolation=cv2.INTER_AREA)
    return int(np.packbits(bits).view(np.uint64)[0]), np.concatenate([light.ravel(), colour.ravel()])


def looks(each: Sequence[Look]) -> Looks:
    """The looks of several images as arrays; there may be none."""
    cells = np.array([cells for _, cells in each], np.uint8).reshape(len(each), LIGHT * LIGHT + 2 * COLOUR * COLOUR)
    return Looks(np.array([one for one, _ in each], np.uint64), cells)


def joined(parts: Sequence[Looks]) -> Looks:
    """The concatenated looks of several sets of images."""
    return Looks(np.concatenate([part.hashes for part in parts]), np.concatenate([part.cells for part in parts]))


def differences(left: Looks, right: Looks, pairs: Int[np.ndarray, "pairs 2"]) -> UInt8[np.ndarray, " pairs"]:
    """The largest difference of any cell of each pair of images, in 8-bit levels.

    If one of the two has no colour, only their light is compared, since it may be a grey copy of the other.
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


def first_alike(images: Looks, among: Int[np.ndarray, " n"], settings: DuplicateSettings) -> Int[np.ndarray, " n"]:
    """For each image of the ascending indices `among`, the first of them with the same content, which may be itself.

    Size, encoding and slight changes of light do not matter. The index takes some 60 bytes per image. Only the cells of proposed
    pairs are read, which may be mapped from a file.
    """
    hashes = images.hashes[among]
    index, first = HashIndex(hashes), among.astype(np.int64)
    for start in range(0, len(hashes), QUERIES):
        queries = hashes[start : start + QUERIES]
        found = [_confirmed(images, among, part + [start, 0], settings) for part in index.within(queries, settings.max_bits)]
        # Sorted by the later image, so that `first` is final for the earlier one.
        for j, i in sorted(pair for part in found for pair in part.tolist()):
            first[j] = min(first[j], first[i])
    return first


def _confirmed(
    images: Looks, among: Int[np.ndarray, " n"], pairs: Int[np.ndarray, "pairs 2"], settings: DuplicateSettings
) -> Int[np.ndarray, "same 2"]:
    """The pairs of a later and an earlier image whose cells agree."""
    pairs = pairs[pairs[:, 1] < pairs[:, 0]]
    return pairs[differences(images, images, among[pairs]) <= settings.max_cell_difference]


# A pair repeats another if its image has the same bytes or looks the same, and its captions have the same words. The same image
# with another caption, and the same caption of another image, are kept and counted. All is computed on columns, in some 100 bytes
# of memory a candidate and 40 a caption.
REPETITIONS = ("exact duplicate of a pair", "near duplicate of a pair")
REASONS = (*REPETITIONS, "left out by name")
KEPT = len(REASONS)  # the verdict on a pair that is kept; other verdicts are indices of REASONS

Verdicts = UInt8[np.ndarray, " n"]


def alike(looks: Looks, contents: Shaped[np.ndarray, " n"], settings: DuplicateSettings) -> Int[np.ndarray, " n"]:
    """Returns for each image the index of the first image of the same content, its own if none is earlier.

    Equal files are looked up once.
    """
    first = first_equal(contents)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    first[distinct] = first_alike(looks, distinct, settings)
    return first[first]


def first_equal(*keys: Shaped[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Returns for each row the index of the first row with the same keys."""
    combined = np.zeros(len(keys[0]), np.int64)
    for key in keys:  # two keys give less than n² combinations, which 64 bits hold
        values, numbers = np.unique(key, return_inverse=True)
        combined = combined * len(values) + numbers
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return first[inverse]


def verdicts(
    contents: Shaped[np.ndarray, " n"],
    caption_sets: Shaped[np.ndarray, " n"],
    alike: Int[np.ndarray, " n"],
    left_out: Bool[np.ndarray, " n"],
) -> Verdicts:
    """Returns the verdict on each pair: an index of REASONS, or KEPT.

    Later copies of a pair that is left out by name are repetitions too; otherwise the first of them would be kept.
    """
    own = np.arange(len(caption_sets))
    exact, near = (first_equal(caption_sets, image) != own for image in (contents, alike))
    return np.select([exact, near, left_out], range(KEPT), KEPT).astype(np.uint8)


def counts(
    verdicts: Verdicts, alike: Int[np.ndarray, " n"], captions: Shaped[np.ndarray, " n"], normal_captions: Shaped[np.ndarray, " c"]
) -> dict[str, int]:
    """Returns the numbers of repeated pairs, which are rejected, and of repeated captions and images among the kept pairs."""
    kept = verdicts == KEPT
    words = normal_captions[np.repeat(kept, captions)]
    return {
        "repeated_pairs": int((verdicts < len(REPETITIONS)).sum()),
        "repeated_captions": len(words) - len(np.unique(words)),
        "repeated_pictures": int(kept.sum()) - len(np.unique(alike[kept])),
    }
