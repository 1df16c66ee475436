"""The index of hashes: every pair that a comparison of all with all finds, once, and no other."""

import itertools

import numpy as np
import pytest

from clip_italian.data.curation import hash_index
from clip_italian.data.curation.hash_index import HashIndex, band_radii

BITS = [np.uint64(1) << np.uint64(bit) for bit in range(64)]


def found(index: HashIndex, queries: np.ndarray, max_bits: int) -> list[tuple[int, int]]:
    return sorted(tuple(pair) for part in index.within(queries, max_bits) for pair in part.tolist())


def by_comparing_all(queries: np.ndarray, hashes: np.ndarray, max_bits: int) -> list[tuple[int, int]]:
    return [tuple(pair) for pair in np.argwhere(np.bitwise_count(queries[:, None] ^ hashes[None]) <= max_bits).tolist()]


def crowded(seed: int, count: int) -> np.ndarray:
    """Hashes around few centres, some equal: nearly every distance from 0 to 12 occurs, as among drawn scenes."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).integers(0, 1 << 63, 5).astype(np.uint64)
    flipped = [sum((BITS[bit] for bit in rng.choice(64, rng.integers(7), replace=False)), np.uint64(0)) for _ in range(count)]
    return centres[rng.integers(5, size=count)] ^ np.array(flipped, np.uint64)


@pytest.mark.parametrize("max_bits", range(10))
def test_the_index_finds_what_comparing_all_finds_and_each_pair_once(max_bits: int) -> None:
    hashes, queries = crowded(1, 400), crowded(2, 150)
    expected = by_comparing_all(queries, hashes, max_bits)
    assert expected
    assert found(HashIndex(hashes), queries, max_bits) == expected


def test_every_way_to_flip_up_to_four_bits_is_found_and_no_way_to_flip_five() -> None:
    # Exhaustive over how the flipped bits fall on the bands: within a band which bits they are makes no difference.
    query = np.array([0x0123456789ABCDEF], np.uint64)
    for flips in range(6):
        ways = [
            [16 * band + place for place, band in enumerate(bands)]
            for bands in itertools.combinations_with_replacement(range(4), flips)
        ]
        hashes = np.array([query[0] ^ sum((BITS[bit] for bit in bits), np.uint64(0)) for bits in ways], np.uint64)
        expected = [(0, place) for place in range(len(ways))] if flips <= 4 else []
        assert found(HashIndex(hashes), query, 4) == expected


def test_small_parts_change_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes, queries = crowded(3, 300), crowded(4, 60)
    whole = found(HashIndex(hashes), queries, 4)
    monkeypatch.setattr(hash_index, "CANDIDATES", 7)
    assert found(HashIndex(hashes), queries, 4) == whole


def test_equal_hashes_are_all_found() -> None:
    hashes = np.full(1000, 5, np.uint64)
    assert found(HashIndex(hashes), hashes[:2], 4) == [(query, place) for query in range(2) for place in range(1000)]


def test_nothing_is_found_among_no_hashes_or_for_no_queries() -> None:
    none, some = np.zeros(0, np.uint64), crowded(5, 10)
    assert found(HashIndex(none), some, 4) == found(HashIndex(some), none, 4) == []


def test_bands_are_searched_as_far_as_needed_and_no_farther() -> None:
    assert [band_radii(bits) for bits in (0, 3, 4, 6, 8)] == [[0], [0] * 4, [1, 0, 0, 0], [1, 1, 1, 0], [2, 1, 1, 1]]
    for bits in range(12):  # least differences outside all bands add up to one more than is allowed
        assert sum(radius + 1 for radius in band_radii(bits)) == bits + 1
