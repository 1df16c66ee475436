"""The order of the examples: every one once an epoch, a function of seed and step alone."""

import numpy as np
import pytest

from clip_italian.data import batches as order
from clip_italian.errors import InputError

CAPTIONS = np.array([1, 5, 1, 2, 3, 1, 1, 5, 2, 1, 4, 1])  # of each of 12 examples
OFFSETS = np.cumsum([0, *CAPTIONS])


def epoch(seed, number, batch=4):
    batches = len(CAPTIONS) // batch
    return [order.draw(seed, number * batches + i, batch, OFFSETS) for i in range(batches)]


def test_every_example_comes_once_an_epoch():
    for number in range(3):
        examples = np.concatenate([drawn.examples for drawn in epoch(0, number)])
        assert sorted(examples) == list(range(12))
        assert {drawn.epoch for drawn in epoch(0, number)} == {number}


def test_whole_batches_only_are_drawn_and_no_example_twice():
    examples = np.concatenate([drawn.examples for drawn in epoch(0, 0, batch=5)])
    assert len(set(examples)) == len(examples) == 10
    assert order.draw(0, 2, 5, OFFSETS).epoch == 1


def test_a_draw_is_a_function_of_seed_and_step():
    forwards = [order.draw(3, step, 4, OFFSETS) for step in range(9)]
    backwards = [order.draw(3, step, 4, OFFSETS) for step in reversed(range(9))]
    for one, other in zip(forwards, reversed(backwards), strict=True):
        np.testing.assert_array_equal(one.examples, other.examples)
        np.testing.assert_array_equal(one.captions, other.captions)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {tuple(order.permutation(seed, number, 12)) for seed in range(4) for number in range(4)}
    assert len(orders) == 16


def test_a_caption_is_one_of_the_examples_own_and_all_are_drawn_equally_often():
    drawn = [one for number in range(600) for one in epoch(1, number)]
    examples, captions = (np.concatenate([getattr(one, name) for one in drawn]) for name in ("examples", "captions"))
    assert (captions >= OFFSETS[examples]).all() and (captions < OFFSETS[examples + 1]).all()
    times = np.bincount(captions, minlength=OFFSETS[-1])
    expected = np.repeat(600 / CAPTIONS, CAPTIONS)
    # Five standard deviations of a binomial count.
    assert (np.abs(times - expected) <= 5 * np.sqrt(expected * (1 - expected / 600)) + 1e-9).all()


def test_the_caption_of_an_example_changes_from_epoch_to_epoch_and_not_with_the_batch():
    def captions(batch, number):
        drawn = epoch(2, number, batch)
        return dict(zip(*(np.concatenate([getattr(one, name) for one in drawn]) for name in ("examples", "captions")), strict=True))

    assert captions(4, 0) == captions(3, 0)
    assert captions(4, 0) != captions(4, 1)


def test_a_batch_of_more_than_all_examples_is_an_error_that_says_so():
    with pytest.raises(InputError, match="a batch of 13 .* 12 examples; lower `batch`"):
        order.draw(0, 0, 13, OFFSETS)
