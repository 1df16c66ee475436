"""Counter-based uniform random numbers: number k of example i is a pure function of (key, i, k).

A NumPy generator for each example would take longer than the augmentation itself.
"""

import numpy as np
from jaxtyping import Float, Int, UInt64

# SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, figure 15.
GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX = ((30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB)))


def _mix(state: UInt64[np.ndarray, "..."]) -> UInt64[np.ndarray, "..."]:
    state = state + GOLDEN_GAMMA
    for shift, factor in MIX:
        state = (state ^ (state >> np.uint64(shift))) * factor
    return state ^ (state >> np.uint64(31))


def uniforms(key: tuple[int, ...], ids: Int[np.ndarray, " n"], k: int) -> Float[np.ndarray, "n k"]:
    """Returns k uniform numbers in [0, 1) for each id, in double precision."""
    state = np.zeros(1, np.uint64)
    for part in key:
        state = _mix(state ^ np.uint64(part))
    streams = _mix(state ^ _mix(ids.astype(np.uint64)))
    counters = np.arange(1, k + 1, dtype=np.uint64) * GOLDEN_GAMMA
    return (_mix(streams[:, None] + counters) >> np.uint64(11)) * 2.0**-53
