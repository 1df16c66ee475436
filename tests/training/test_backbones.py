"""Masked language modelling, the backbones made from scratch, and the distilled baseline's reader."""

import math

import jax
import numpy as np
import pytest

from clip_italian.data.tokens import BERT_SPECIAL, Tokens
from clip_italian.data.translation import engines
from clip_italian.errors import InputError
from clip_italian.training import backbones
from clip_italian.training.backbones import BertTrainingSettings, TowerSettings
from tests.helpers.small_models import BERT, optimiser

CLS, SEP = BERT_SPECIAL.index("[CLS]"), BERT_SPECIAL.index("[SEP]")
VOCABULARY = 1000


def sentences(count, words, length=24, vocabulary=VOCABULARY, seed=0):
    """`words` random tokens a text, between their marks, padded to `length`."""
    rng = np.random.default_rng(seed)
    ids = np.zeros((count, length), np.int32)
    ids[:, 0], ids[:, words + 1] = CLS, SEP
    ids[:, 1 : words + 1] = rng.integers(len(BERT_SPECIAL), vocabulary, (count, words))
    return Tokens(ids, np.broadcast_to(np.arange(length) < words + 2, ids.shape))


def chosen(batch):
    """Whether each token was chosen."""
    where = np.zeros(batch["ids"].shape, bool)
    np.put_along_axis(where, batch["positions"], batch["weights"] > 0, axis=1)
    return where


def test_masking_chooses_fifteen_percent_and_treats_them_as_bert_does():
    tokens = sentences(4000, 20)
    batch = backbones.mask(tokens, 0, 0, VOCABULARY)
    where = chosen(batch)
    assert where.sum() == 4000 * 3  # 15 % of 20
    before, after = tokens.ids[where], batch["ids"][where]
    masked, kept = after == backbones.MASK_ID, after == before
    # Five standard deviations of a binomial share over 12,000.
    for share, expected in ((masked, 0.8), (kept, 0.1), (~masked & ~kept, 0.1)):
        assert abs(share.mean() - expected) < 5 * math.sqrt(expected * (1 - expected) / 12_000)
    replaced = after[~masked & ~kept]
    assert replaced.min() >= len(BERT_SPECIAL) and len(np.unique(replaced)) > 500


def test_every_place_is_chosen_equally_often():
    times = sum(chosen(backbones.mask(sentences(2000, 20), 0, step, VOCABULARY)).sum(axis=0) for step in range(3))
    assert (times[[0, 21, 22, 23]] == 0).all()
    assert (np.abs(times[1:21] - 900) < 5 * math.sqrt(900 * 0.85)).all()


def test_masking_leaves_marks_padding_and_every_token_that_is_not_chosen():
    tokens = sentences(200, 9)
    batch = backbones.mask(tokens, 1, 2, VOCABULARY)
    where = chosen(batch)
    assert (tokens.ids[where] >= len(BERT_SPECIAL)).all()
    np.testing.assert_array_equal(batch["ids"][~where], tokens.ids[~where])
    targets = np.take_along_axis(tokens.ids, batch["positions"], axis=1)
    np.testing.assert_array_equal(batch["targets"], targets)


@pytest.mark.parametrize("words, expected", [(0, 0), (1, 1), (6, 1), (10, 2), (22, 3)])
def test_the_number_chosen_follows_the_length_and_is_at_least_one(words, expected):
    batch = backbones.mask(sentences(50, words), 0, 0, VOCABULARY)
    assert (batch["weights"].sum(axis=1) == expected).all()


def test_masking_is_a_function_of_seed_and_step():
    tokens = sentences(50, 12)
    first, again = (backbones.mask(tokens, 4, 5, VOCABULARY) for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    for seed, step in ((4, 6), (5, 5), (4, backbones.VALIDATION)):
        assert (backbones.mask(tokens, seed, step, VOCABULARY)["ids"] != first["ids"]).any()


def test_the_masked_loss_is_the_mean_surprise_of_the_chosen_tokens_alone():
    params = jax.device_get(backbones.initial_bert(BERT, jax.random.key(0)))
    loss = jax.jit(backbones.masked_loss(BERT))
    batch = backbones.mask(sentences(16, 5, length=12, vocabulary=BERT.vocabulary), 0, 0, BERT.vocabulary)
    value = loss(params, batch)
    assert value == pytest.approx(math.log(BERT.vocabulary), rel=0.05)  # nothing is known yet
    ignored = np.where(batch["weights"] > 0, batch["targets"], 7)
    assert loss(params, batch | {"targets": ignored}) == value
    assert loss(params, batch | {"weights": np.zeros_like(batch["weights"])}) == 0


def corpus(path, count=120):
    nouns, colours = ("gatto", "cavallo", "fiore", "libro"), ("rosso", "giallo", "nero")
    rng = np.random.default_rng(0)
    lines = [f"un {nouns[rng.integers(4)]} {colours[rng.integers(3)]} su un {nouns[rng.integers(4)]}" for _ in range(count)]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_an_italian_bert_learns_its_corpus_and_twice_the_same(here):
    settings = BertTrainingSettings(
        tower=TowerSettings(width=16, depth=1, heads=2, hidden=32),
        pooling="pooler",
        vocabulary=60,
        max_tokens=12,
        batch=16,
        updates=30,
        evaluate_every=15,
        valid_examples=20,
        optimiser=optimiser(name="adamw", clip=0.0, learning_rate=2e-2),
    )
    sentences = corpus(here / "sentences.txt").read_text().splitlines()
    results = [backbones.bert(settings, 0, sentences, here / name) for name in ("one", "two")]
    (architecture, params, tokenizer, curve), (_, params_again, tokenizer_again, curve_again) = results
    assert architecture.vocabulary == tokenizer.get_vocab_size() <= 60
    assert curve[-1]["valid_loss"] < 0.8 * curve[0]["valid_loss"]
    jax.tree.map(np.testing.assert_array_equal, params, params_again)
    assert (curve, tokenizer.to_str()) == (curve_again, tokenizer_again.to_str())


def test_parallel_sentences_are_read_in_pairs(here):
    (here / "parallel.tsv").write_text("a cat\tun gatto\na dog\tun cane\n")
    assert engines.read(here / "parallel.tsv") == (["a cat", "a dog"], ["un gatto", "un cane"])


@pytest.mark.parametrize("line", ["a dog", "a dog\t", "\tun cane", "a dog\tun cane\t1", ""])
def test_a_parallel_line_that_is_no_pair_is_named(here, line):
    (here / "parallel.tsv").write_text(f"a cat\tun gatto\n{line}\n")
    with pytest.raises(InputError, match=r"parallel\.tsv, line 2: English, a tab and its translation expected; delete it"):
        engines.read(here / "parallel.tsv")


def test_an_italian_sentence_without_translation_is_named_with_the_file(here):
    (here / "translations.tsv").write_text("a cat\tun gatto\n")
    translations = engines.Translations(here / "translations.tsv")
    assert translations(["un gatto", "un gatto"]) == ["a cat", "a cat"]
    with pytest.raises(InputError, match=r"translations\.tsv: no translation of `un cane`; add a line"):
        translations(["un gatto", "un cane"])
