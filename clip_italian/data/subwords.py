"""Learning a vocabulary of subwords by merging pairs (Sennrich et al. 2016), with the same result every time.

The `tokenizers` library learns one too, but numbers symbols in the order of a hash table that differs between processes,
and breaks ties by those numbers: the same text gives it another vocabulary on another day.
"""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

Pair = tuple[str, str]
CONTINUED, ENDED = "##", "</w>"  # WordPiece marks a piece that continues a word, CLIP one that ends it


class Subwords(NamedTuple):
    """The learnt vocabulary: all symbols in the order of their ids, and the merges in the order to apply them."""

    symbols: list[str]
    merges: list[Pair]


def word_pieces(word: str) -> list[str]:
    """A word's characters as WordPiece spells them: `g ##a ##t ##t ##o`."""
    return [word[0], *(CONTINUED + character for character in word[1:])]


def join_pieces(left: str, right: str) -> str:
    """Two neighbouring word pieces as one."""
    return left + right.removeprefix(CONTINUED)


def byte_pairs(word: str) -> list[str]:
    """A word's characters as CLIP spells them: `g a t t o</w>`."""
    return [*word[:-1], word[-1] + ENDED]


def join_bytes(left: str, right: str) -> str:
    """Two neighbouring symbols of CLIP's as one."""
    return left + right


def learn(
    words: Counter[str],
    size: int,
    special: Sequence[str],
    spell: Callable[[str], list[str]],
    join: Callable[[str, str], str],
) -> Subwords:
    """Merges the most frequent pair of symbols, ties in alphabetical order, until there are `size` symbols."""
    spelled = [(spell(word), words[word]) for word in sorted(words)]
    symbols = dict.fromkeys([*special, *sorted({symbol for word, _ in spelled for symbol in word})])
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, (word, count) in enumerate(spelled):
        _count(word, count, place, counts, places)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    merges = []
    while queue and len(symbols) < size:
        count, pair = heapq.heappop(queue)
        if not count or counts[pair] != -count:
            continue  # an entry from before the pair's count changed
        merges.append(pair)
        symbols[join(*pair)] = None
        changed: set[Pair] = set()
        for place in sorted(places.pop(pair)):
            word, times = spelled[place]
            merged = _merge(word, pair, join(*pair))
            changed |= _count(word, -times, place, counts, places) | _count(merged, times, place, counts, places)
            spelled[place] = merged, times
        for other in changed - {pair}:
            heapq.heappush(queue, (-counts[other], other))
    return Subwords(list(symbols), merges)


def _count(word: list[str], times: int, place: int, counts: Counter[Pair], places: defaultdict[Pair, set[int]]) -> set[Pair]:
    """Adds a word's pairs to the counts and returns them; `places` says which words may hold a pair."""
    pairs = list(itertools.pairwise(word))
    for pair in pairs:
        counts[pair] += times
        places[pair].add(place)
    return set(pairs)


def _merge(word: list[str], pair: Pair, joined: str) -> list[str]:
    result: list[str] = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] = joined
        else:
            result.append(symbol)
    return result
