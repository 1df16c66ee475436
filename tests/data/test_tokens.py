"""The tokenisers: the same bytes every time, Italian spelling kept, and texts as arrays."""

import hashlib
import itertools
import os
import pathlib
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from clip_italian.data import subwords, tokens
from clip_italian.errors import InputError

ROOT = pathlib.Path(tokens.__file__).parents[2]
NOUNS = ("gatto", "cavallo", "fiore", "sedia", "barca", "casa", "albero", "uomo", "città", "caffè")
CORPUS = [f"l'{noun} è {colour} e un'{other} sull'erba" for noun in NOUNS for other in NOUNS for colour in ("blu", "rosso")]
TRAINERS = {"wordpiece": tokens.train_wordpiece, "byte pairs": tokens.train_clip_bpe}
BOTH = pytest.mark.parametrize("train", TRAINERS.values(), ids=TRAINERS)


def digests():
    """Of all that each trainer makes of the corpus."""
    return [hashlib.sha256(train(CORPUS, 90).to_str().encode()).hexdigest() for train in TRAINERS.values()]


def test_training_twice_gives_the_same_bytes_in_two_processes():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TOKENIZERS_PARALLELISM": "true"}
    script = "from tests.data.test_tokens import digests; print(*digests())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == digests()


def recounted(words, size, special, prefix, suffix):
    """The same learning with every pair counted anew before every merge."""

    def spell(word):
        return [prefix * (i > 0) + letter + suffix * (i == len(word) - 1) for i, letter in enumerate(word)]

    def join(left, right):
        return left + right.removeprefix(prefix)

    spelled = {word: spell(word) for word in words}
    symbols, merges = [*special, *sorted({symbol for word in spelled.values() for symbol in word})], []
    while len(symbols) < size:
        pairs = Counter()
        for word, times in words.items():
            neighbours = Counter(itertools.pairwise(spelled[word]))
            pairs.update({pair: times * count for pair, count in neighbours.items()})
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        symbols += [join(*best)] if join(*best) not in symbols else []
        for word, parts in spelled.items():
            joined = []
            for part in parts:
                joined = [*joined[:-1], join(*best)] if joined and (joined[-1], part) == best else [*joined, part]
            spelled[word] = joined
    return symbols, merges


SPELLINGS = {"pieces": (subwords.CONTINUED, ""), "pairs": ("", subwords.ENDED)}


@pytest.mark.parametrize("size", [20, 60, 1000])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_subwords_are_what_counting_anew_before_every_merge_gives(size, spelling):
    rng = np.random.default_rng(0)
    words = Counter({"".join(rng.choice(list("aabc"), rng.integers(1, 8))): int(rng.integers(1, 5)) for _ in range(80)})
    arguments = (words, size, ["[PAD]"], *SPELLINGS[spelling])
    learnt = subwords.learn(*arguments)
    assert (learnt.symbols, learnt.merges) == recounted(*arguments)
    assert len(set(learnt.symbols)) == len(learnt.symbols)


def test_the_most_frequent_pair_is_merged_first():
    words = Counter({"gatto": 3, "gatti": 2, "rosa": 1})
    learnt = subwords.learn(words, 14, [], subwords.CONTINUED, "")
    letters, joined = ["##a", "##i", "##o", "##s", "##t", "g", "r"], ["##at", "##att", "gatt", "gatto", "gatti", "##os", "##osa"]
    assert learnt.symbols == letters + joined


@BOTH
def test_e_with_an_accent_stays_another_word_than_e_without(train):
    tokenizer = train(CORPUS, 200)
    assert tokenizer.encode("è").ids != tokenizer.encode("e").ids
    assert tokenizer.encode("città").ids != tokenizer.encode("citta").ids


@BOTH
def test_both_apostrophes_give_the_same_tokens(train):
    tokenizer = train(CORPUS, 200)
    straight, curly = (tokenizer.encode(f"l{mark}albero e un{mark}erba").ids for mark in "'\N{RIGHT SINGLE QUOTATION MARK}")
    assert straight == curly
    curly_corpus = [text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}") for text in CORPUS]
    assert train(curly_corpus, 200).encode("l'albero").ids == tokenizer.encode("l'albero").ids


@BOTH
def test_composed_and_decomposed_accents_give_the_same_tokens(train):
    tokenizer = train(CORPUS, 200)
    assert tokenizer.encode("citta\N{COMBINING GRAVE ACCENT}").ids == tokenizer.encode("città").ids


def test_an_elided_article_is_a_word_of_its_own():
    tokenizer = tokens.train_wordpiece(CORPUS, 400)
    assert tokenizer.encode("l'albero").tokens == ["[CLS]", "l", "'", "albero", "[SEP]"]


def test_case_is_kept_by_wordpiece_and_dropped_by_byte_pairs():
    corpus = [*CORPUS, "Luca Lecce"] * 2
    wordpiece, byte_pairs = (train(corpus, 200) for train in TRAINERS.values())
    assert wordpiece.encode("Luca").ids != wordpiece.encode("luca").ids
    assert byte_pairs.encode("Luca").ids == byte_pairs.encode("luca").ids


@BOTH
def test_every_text_begins_and_ends_with_its_marks_however_short_or_long(train):
    tokenizer = train(CORPUS, 200)
    encoded = tokens.encode(tokenizer, ["", "un gatto", " ".join(NOUNS * 3), "\N{CAT FACE}"], 8)
    assert encoded.ids.shape == encoded.mask.shape == (4, 8)
    start, end = tokenizer.encode("").ids
    lengths = encoded.mask.sum(axis=1)
    assert lengths[0] == 2 and lengths[2] == 8
    for ids, mask, length in zip(*encoded, lengths, strict=True):
        assert mask[:length].all() and not ids[length:].any()
        assert (ids[0], ids[length - 1]) == (start, end)


def test_trimming_keeps_every_token_and_few_distinct_lengths():
    tokenizer = tokens.train_wordpiece(CORPUS, 400)
    encoded = tokens.encode(tokenizer, ["", "un fiore", "l'albero è rosso e un'erba", " ".join(NOUNS)], 24)
    assert [tokens.trim(tokens.take(encoded, slice(i, i + 1)), 8).ids.shape[1] for i in range(4)] == [8, 8, 16, 16]
    trimmed = tokens.trim(encoded, 8)
    np.testing.assert_array_equal(trimmed.ids[trimmed.mask], encoded.ids[encoded.mask])
    assert tokens.trim(encoded, 100).ids.shape == (4, 24)
    assert tokens.trim(tokens.take(encoded, slice(0, 0)), 8).ids.shape == (0, 8)


def test_a_saved_tokeniser_reads_back_and_a_damaged_one_is_named(here):
    tokenizer = tokens.train_wordpiece(CORPUS, 200)
    tokens.save(here, tokenizer)
    assert tokens.load(here).to_str() == tokenizer.to_str()
    path = here / tokens.TOKENIZER
    for content, message in (('{"version"', "not valid JSON"), ('{"model": 1}', r"not a tokeniser .*; delete it")):
        path.write_text(content)
        with pytest.raises(InputError, match=rf"tokenizer\.json: {message}"):
            tokens.load(here)
    path.unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json: missing; run"):
        tokens.load(here)


def test_encoding_leaves_the_tokeniser_as_it_is_written(here):
    tokenizer = tokens.train_wordpiece(CORPUS, 200)
    before = tokenizer.to_str()
    tokens.encode(tokenizer, ["un gatto"], 5)
    assert tokenizer.to_str() == before
