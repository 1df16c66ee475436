"""The linear probe: against scikit-learn's optimum, against AdamW written out, and against every way to peek at the test set."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss

from clip_italian.errors import InputError
from clip_italian.evaluation.study import linear_probe
from clip_italian.evaluation.study.linear_probe import ProbeSettings, Split

SETTINGS = ProbeSettings(learning_rate=0.1, epochs=10, batch=32, lowest=-6.0, highest=2.0, first=3, halvings=1, seed=0, block=64)


def clouds(name: str, seed: int, each: int, classes: int = 4, width: int = 6, spread: float = 0.05) -> Split:
    """Pictures around one direction a class; the directions are the same for every seed."""
    rng, labels = np.random.default_rng(seed), np.repeat(np.arange(classes), each)
    centres = np.linalg.qr(np.random.default_rng(77).normal(size=(width, width)))[0][:classes]
    return Split(name, (centres[labels] + spread * rng.normal(size=(len(labels), width))).astype(np.float32), labels)


def splits(spread: float = 0.05) -> tuple[Split, Split, Split]:
    sizes = {"train.npz": 30, "valid.npz": 15, "test.npz": 20}
    train, valid, test = (clouds(name, seed, each, spread=spread) for seed, (name, each) in enumerate(sizes.items(), 1))
    return train, valid, test


def probe(train: Split, valid: Split, test: Split, classes: int, settings: ProbeSettings) -> linear_probe.Outcome:
    """Learns from all training pictures, and in the end from the validation pictures too."""
    ready_train, ready_valid, *tests = linear_probe.prepared((train, valid, test), classes)
    return linear_probe.outcome(ready_train, ready_valid, tests, classes, settings, valid_too=True)


def accuracy(outcome: linear_probe.Outcome) -> float:
    return float((outcome.ranks[0] == 1).mean())


def fit(split: Split, decay: float, settings: ProbeSettings) -> linear_probe.Probe:
    return linear_probe.fit(split, 4, [decay], settings)[0]


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def logits(probe: linear_probe.Probe, split: Split) -> np.ndarray:
    return split.features.astype(np.float64) @ np.asarray(probe.kernel, np.float64) + np.asarray(probe.bias, np.float64)


def test_separable_classes_are_told_apart():
    outcome = probe(*splits(), 4, SETTINGS)
    assert accuracy(outcome) == 1.0
    assert outcome.valid_accuracy == 1.0


def test_labels_without_reason_are_guessed_no_better_than_by_chance():
    train, valid, test = splits()
    shuffled = [
        dataclasses.replace(split, labels=np.random.default_rng(n).permutation(split.labels))
        for n, split in enumerate((train, valid, test))
    ]
    assert accuracy(probe(*shuffled, 4, SETTINGS)) < 0.5


def test_without_weight_decay_the_loss_is_that_of_scikit_learns_optimum():
    train, _, _ = linear_probe.prepared(splits(spread=0.6), 4)
    settings = SETTINGS.model_copy(update={"epochs": 1000, "batch": len(train.labels)})
    ours = log_loss(train.labels, softmax(logits(fit(train, 0.0, settings), train)))
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(train.features.astype(np.float64), train.labels)
    theirs = log_loss(train.labels, peer.predict_proba(train.features.astype(np.float64)))
    assert 0.3 < theirs < 1.3  # neither separable nor hopeless
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_small_batches_come_near_that_optimum():
    train, _, _ = linear_probe.prepared(splits(spread=0.6), 4)
    peer = LogisticRegression(C=np.inf, max_iter=10_000).fit(train.features, train.labels)
    fitted = fit(train, 0.0, SETTINGS.model_copy(update={"epochs": 200}))
    least = log_loss(train.labels, peer.predict_proba(train.features))
    assert log_loss(train.labels, softmax(logits(fitted, train))) == pytest.approx(least, abs=1e-2)


def test_training_is_adamw_with_a_cosine_written_out():
    train, _, _ = linear_probe.prepared(splits(spread=0.4), 4)
    settings, decay = SETTINGS.model_copy(update={"epochs": 3, "batch": 50}), 0.3  # 120 pictures: the last batch has 20
    start = linear_probe.initial(6, 4, 0)
    parameters = np.concatenate([start.kernel, start.bias[None]]).astype(np.float64)
    features = np.concatenate([train.features, np.ones((120, 1))], axis=1)
    first, second, step = np.zeros_like(parameters), np.zeros_like(parameters), 0
    for epoch in range(3):
        for batch in linear_probe.batches_of(120, 50, 0, epoch):
            places = batch[batch >= 0]
            wrong = softmax(features[places] @ parameters) - np.eye(4)[train.labels[places]]
            gradient = features[places].T @ wrong / len(places)
            rate, step = 0.1 * 0.5 * (1 + np.cos(np.pi * step / 9)), step + 1
            first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            parameters *= 1 - rate * decay
            parameters -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    ours = fit(train, decay, settings)
    np.testing.assert_allclose(np.concatenate([ours.kernel, ours.bias[None]]), parameters, atol=1e-5)


def test_an_epoch_shows_every_picture_once_in_an_order_of_its_own():
    first, second = (linear_probe.batches_of(103, 20, 5, epoch) for epoch in range(2))
    assert first.shape == (6, 20)
    assert sorted(first[first >= 0]) == sorted(second[second >= 0]) == list(range(103))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, linear_probe.batches_of(103, 20, 5, 0))


def test_the_same_settings_give_the_same_bits_and_another_seed_others():
    train, _, _ = linear_probe.prepared(splits(), 4)
    one, again = (fit(train, 0.01, SETTINGS) for _ in range(2))
    other = fit(train, 0.01, SETTINGS.model_copy(update={"seed": 1}))
    assert np.array_equal(one.kernel, again.kernel)
    assert not np.array_equal(one.kernel, other.kernel)


@pytest.mark.parametrize("peak", [0, 1, 37, 64, 95, 96])
def test_the_search_climbs_to_the_peak_of_ninety_seven_in_few_steps(peak):
    tried = []

    def scores(places: list[int]) -> list[float]:
        tried.extend(places)
        return [-abs(place - peak) for place in places]

    assert linear_probe.search(scores, 7, 4) == peak
    assert tried[:7] == [0, 16, 32, 48, 64, 80, 96]
    assert len(set(tried)) == len(tried) <= 7 + 2 * 4


def test_of_equal_scores_the_smallest_weight_decay_wins():
    assert linear_probe.search(lambda places: [1.0 for _ in places], 7, 4) == 0
    assert linear_probe.search(lambda places: [float(place >= 30) for place in places], 7, 4) == 30


def test_probes_trained_together_are_those_trained_alone():
    train, valid, _ = linear_probe.prepared(splits(spread=0.5), 4)
    decays = [1e-6, 0.01, 1.0]
    for decay, together in zip(decays, linear_probe.fit(train, 4, decays, SETTINGS), strict=True):
        np.testing.assert_allclose(logits(together, valid), logits(fit(train, decay, SETTINGS), valid), atol=1e-4)


def test_a_probe_that_diverged_is_wrong_everywhere_and_never_chosen():
    train, valid, _ = linear_probe.prepared(splits(spread=0.6), 4)
    settings = SETTINGS.model_copy(update={"epochs": 30})
    diverged = fit(train, 100.0, settings)  # every step multiplies the weights by up to -9
    assert not np.isfinite(np.abs(diverged.kernel).sum())
    assert (linear_probe.class_ranks(diverged, valid, 64) == 4).all()
    choice = linear_probe.chosen(train, valid, 4, settings)
    assert choice.weight_decay < 100 and 0.4 < choice.valid_accuracy < 1


def test_weight_decays_are_those_of_clip_benchmark():
    decays = linear_probe.weight_decays(SETTINGS.model_copy(update={"first": 7, "halvings": 4}))
    np.testing.assert_allclose(decays, np.logspace(-6, 2, 97))
    np.testing.assert_allclose(decays[::16], np.logspace(-6, 2, 7))


def test_the_weight_decay_is_chosen_on_the_validation_split_alone():
    train, valid, test = splits(spread=0.5)
    outcome = probe(train, valid, test, 4, SETTINGS)
    wrong = dataclasses.replace(test, labels=(test.labels + 1) % 4, features=test.features[::-1].copy())
    other = probe(train, valid, wrong, 4, SETTINGS)
    assert (other.weight_decay, other.valid_accuracy) == (outcome.weight_decay, outcome.valid_accuracy)
    by_hand = {}
    ready = linear_probe.prepared((train, valid, test), 4)
    for decay in linear_probe.weight_decays(SETTINGS).tolist():
        by_hand[decay] = (linear_probe.class_ranks(fit(ready[0], decay, SETTINGS), ready[1], 64) == 1).mean()
    assert outcome.valid_accuracy == by_hand[outcome.weight_decay] == max(by_hand.values())
    assert min(by_hand.values()) < max(by_hand.values())


def test_another_validation_split_chooses_another_weight_decay():
    train, valid, test = splits(spread=0.5)
    # With no decay a probe learns the training labels; where those are all wrong on `valid`, only forgetting them helps.
    misled = dataclasses.replace(valid, labels=(valid.labels + 1) % 4)
    chosen = [probe(train, split, test, 4, SETTINGS).weight_decay for split in (valid, misled)]
    assert chosen[0] != chosen[1]


def test_the_final_probe_learns_from_training_and_validation_pictures():
    train, valid, test = splits(spread=0.5)
    outcome = probe(train, valid, test, 4, SETTINGS)
    ready = linear_probe.prepared((train, valid, test), 4)
    final = fit(linear_probe.joined(*ready[:2]), outcome.weight_decay, SETTINGS)
    assert np.array_equal(outcome.ranks[0], linear_probe.class_ranks(final, ready[2], 64))
    logit = logits(final, ready[2])
    assert np.array_equal(outcome.ranks[0] == 1, logit.argmax(axis=1) == test.labels)


def test_the_length_of_features_changes_nothing():
    train, valid, test = splits(spread=0.5)
    longer = dataclasses.replace(train, features=train.features * 4)
    one, other = (probe(split, valid, test, 4, SETTINGS) for split in (train, longer))
    assert np.array_equal(one.ranks[0], other.ranks[0])


def test_mean_per_class_recall_is_scikit_learns_balanced_accuracy():
    rng = np.random.default_rng(0)
    labels = rng.choice(8, 200, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.0])  # the test lacks one class
    predicted = np.where(rng.random(200) < 0.6, labels, (labels + 1) % 7)
    gains = linear_probe.gains(np.where(predicted == labels, 1, 7), labels, 8)
    values = dict(zip(gains.names, gains.values.mean(axis=0), strict=True))
    assert values["mean_per_class_recall"] == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert values["acc@1"] == values["acc@5"] == (predicted == labels).mean()


def test_five_places_are_not_counted_among_five_classes():
    assert linear_probe.gains(np.array([1, 2]), np.array([0, 4]), 5).names == ("acc@1", "mean_per_class_recall")


def spoilt(split: Split, **changes) -> Split:
    return dataclasses.replace(split, **changes)


def with_value(split: Split, row: int, value: float) -> Split:
    features = split.features.copy()
    features[row] = value
    return spoilt(split, features=features)


TRAIN, VALID, TEST = splits()
BAD = {
    "nan": ((with_value(TRAIN, 7, np.nan), VALID, TEST), r"train.npz: row 7 .*not finite"),
    "infinite": ((TRAIN, with_value(VALID, 3, np.inf), TEST), r"valid.npz: row 3 .*not finite"),
    "zero": ((TRAIN, VALID, with_value(TEST, 0, 0.0)), r"test.npz: row 0 .*zero"),
    "class without examples": (
        (spoilt(TRAIN, labels=np.where(TRAIN.labels == 2, 1, TRAIN.labels)), VALID, TEST),
        r"train.npz: class 2 has no example",
    ),
    "label too great": ((TRAIN, VALID, spoilt(TEST, labels=TEST.labels + 1)), r"test.npz: label 4 of row 60 is not among 4"),
    "label negative": ((spoilt(TRAIN, labels=TRAIN.labels - 1), VALID, TEST), r"train.npz: label -1 of row 0"),
    "another width": ((TRAIN, spoilt(VALID, features=VALID.features[:, :5]), TEST), r"valid.npz: features of width 5 .*has 6"),
    "too few labels": ((TRAIN, spoilt(VALID, labels=VALID.labels[:9]), TEST), r"valid.npz: 60 features for 9 labels"),
    "empty": ((TRAIN, Split("valid.npz", VALID.features[:0], VALID.labels[:0]), TEST), r"valid.npz: no pictures"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_the_remedy(case):
    given, message = BAD[case]
    with pytest.raises(InputError, match=message + r".*; \w+"):
        probe(*given, 4, SETTINGS)
