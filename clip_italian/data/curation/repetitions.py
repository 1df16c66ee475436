"""Finds pairs that repeat an earlier pair.

A pair repeats another if its image has the same bytes or looks the same, and its captions have the same words. The same image with
another caption, and the same caption of another image, are kept and counted. All is computed on columns, in some 100 bytes of
memory a candidate and 40 a caption.
"""

import numpy as np
from jaxtyping import Bool, Int, Shaped, UInt8

from clip_italian.data.curation import duplicates
from clip_italian.data.curation.duplicates import DuplicateSettings, Looks

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
    first[distinct] = duplicates.first_alike(looks, distinct, settings)
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
    verdicts: Verdicts,
    alike: Int[np.ndarray, " n"],
    captions: Shaped[np.ndarray, " n"],
    normal_captions: Shaped[np.ndarray, " c"],
) -> dict[str, int]:
    """Returns the numbers of repeated pairs, which are rejected, and of repeated captions and images among the kept pairs."""
    kept = verdicts == KEPT
    words = normal_captions[np.repeat(kept, captions)]
    return {
        "repeated_pairs": int((verdicts < len(REPETITIONS)).sum()),
        "repeated_captions": len(words) - len(np.unique(words)),
        "repeated_pictures": int(kept.sum()) - len(np.unique(alike[kept])),
    }
