"""Learns a vocabulary of subwords by merging pairs (Sennrich et al. 2016), deterministically.

The `tokenizers` library does this too, but breaks ties by the order of a hash table, which differs between processes: the same
text gives different vocabularies.
"""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

Pair = tuple[str, str]
CONTINUED, ENDED = "##", "</w>"  # WordPiece's prefix of a symbol that continues a word, CLIP's suffix of one that ends it


class Subwords(NamedTuple):
    """The learnt vocabulary: all symbols in the order of their ids, and the merges in the order to apply them."""

    symbols: list[str]
    merges: list[Pair]


def learn(words: Counter[str], size: int, special: Sequence[str], prefix: str, suffix: str) -> Subwords:
    """Merges the most frequent pair of symbols, ties in alphabetical order, until there are `size` symbols.

    A symbol that continues a word begins with `prefix`, one that ends a word ends with `suffix`.
    """
    spelled = [(_spelled(word, prefix, suffix), words[word]) for word in sorted(words)]
    symbols = dict.fromkeys([*special, *sorted({symbol for word, _ in spelled for symbol in word})])
    counts: Counter[Pair] = Counter()
    words_with: defaultdict[Pair, set[int]] = defaultdict(set)
    for index, (word, count) in enumerate(spelled):
        _count(word, count, index, counts, words_with)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    merges = []
    while queue and len(symbols) < size:
        count, pair = heapq.heappop(queue)
        if not count or counts[pair] != -count:
            continue  # an entry from before the pair's count changed
        merges.append(pair)
        joined = pair[0] + pair[1].removeprefix(prefix)
        symbols[joined] = None
        changed: set[Pair] = set()
        for index in sorted(words_with.pop(pair)):
            word, times = spelled[index]
            merged = _merge(word, pair, joined)
            changed |= _count(word, -times, index, counts, words_with) | _count(merged, times, index, counts, words_with)
            spelled[index] = merged, times
        for other in changed - {pair}:
            heapq.heappush(queue, (-counts[other], other))
    return Subwords(list(symbols), merges)


def _spelled(word: str, prefix: str, suffix: str) -> list[str]:
    """A word's characters as symbols: `g ##a ##t ##t ##o` in WordPiece, `g a t t o</w>` in CLIP."""
    *first, last = [word[0], *(prefix + character for character in word[1:])]
    return [*first, last + suffix]


def _count(word: list[str], times: int, index: int, counts: Counter[Pair], words_with: defaultdict[Pair, set[int]]) -> set[Pair]:
    """Adds the pairs of word `index` to the counts and returns them; `words_with` has the words that may contain a pair."""
    pairs = list(itertools.pairwise(word))
    for pair in pairs:
        counts[pair] += times
        words_with[pair].add(index)
    return set(pairs)


def _merge(word: list[str], pair: Pair, joined: str) -> list[str]:
    result: list[str] = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] = joined
        else:
            result.append(symbol)
    return result
