"""Which candidates say again what an earlier one says, of the same picture or of one that looks the same.

A pair repeats another if its picture is the same (its bytes, or to the eye) and its captions say the same words. The same picture
with another caption, and the same caption of another picture, are the web's way and stay, counted. All is computed on columns, in
some 100 bytes of memory a candidate and 40 a caption.
"""

import numpy as np
from jaxtyping import Bool, Int, Shaped, UInt8

from clip_italian.data.curation import duplicates
from clip_italian.data.curation.duplicates import DuplicateSettings, Looks

REPETITIONS = ("exact duplicate of a pair", "near duplicate of a pair")
REASONS = (*REPETITIONS, "left out by name")
KEPT = len(REASONS)  # the verdict on a pair that stays; the others are places in REASONS

Verdicts = UInt8[np.ndarray, " n"]


def alike(looks: Looks, contents: Shaped[np.ndarray, " n"], settings: DuplicateSettings) -> Int[np.ndarray, " n"]:
    """For each picture the first one that shows the same: its own place where there is none before it.

    Of equal files one is searched for.
    """
    first = first_equal(contents)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    first[distinct] = duplicates.first_alike(looks, distinct, settings)
    return first[first]


def first_equal(*keys: Shaped[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """For each row the first one with the same keys."""
    order = np.lexsort(keys)  # stable: of equal rows the first comes first
    changes = np.zeros(len(order), bool)
    changes[:1] = True
    for key in keys:
        ordered = key[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
    result = np.empty(len(order), np.int64)
    result[order] = order[np.flatnonzero(changes)][np.cumsum(changes) - 1]
    return result


def verdicts(
    contents: Shaped[np.ndarray, " n"],
    said: Shaped[np.ndarray, " n"],
    alike: Int[np.ndarray, " n"],
    left_out: Bool[np.ndarray, " n"],
) -> Verdicts:
    """What becomes of each pair: a place in REASONS, or KEPT.

    A pair that is left out by name still makes later ones repetitions: else one of them would take its place.
    """
    own = np.arange(len(said))
    exact, near = (first_equal(said, picture) != own for picture in (contents, alike))
    return np.select([exact, near, left_out], range(KEPT), KEPT).astype(np.uint8)


def counts(
    verdicts: Verdicts,
    alike: Int[np.ndarray, " n"],
    captions: Shaped[np.ndarray, " n"],
    sayings: Shaped[np.ndarray, " c"],
) -> dict[str, int]:
    """How many pairs were refused as repetitions, and how many captions and pictures of those that are kept repeat another."""
    kept = verdicts == KEPT
    words = sayings[np.repeat(kept, captions)]
    return {
        "repeated_pairs": int((verdicts < len(REPETITIONS)).sum()),
        "repeated_captions": len(words) - _different(words),
        "repeated_pictures": int(kept.sum()) - _different(alike[kept]),
    }


def _different(values: Shaped[np.ndarray, " n"]) -> int:
    ordered = np.sort(values)
    return len(ordered) and 1 + int((ordered[1:] != ordered[:-1]).sum())
