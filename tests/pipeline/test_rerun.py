"""Honest reruns pass and forged results are refused, in simulations with a known spread of seeds and known rounding."""

import numpy as np
import pytest
from scipy.stats import t

from clip_italian.errors import InputError
from pipeline import rerun

MODELS = (
    "original",
    "plus_optimizer",
    "plus_fixed_scale",
    "full",
    "freeze_equal",
    "no_augmentation",
    "frozen_only",
    "mclip",
    "english_clip",
)
PAIRS = [
    ("full", "original"),
    ("full", "plus_fixed_scale"),
    ("freeze_equal", "plus_fixed_scale"),
    ("full", "no_augmentation"),
    ("plus_optimizer", "original"),
    ("plus_fixed_scale", "plus_optimizer"),
    ("full", "mclip"),
]
ENDPOINTS = {"retrieval-seen/text_to_image/any/mrr@10": 0.006, "zeroshot-seen/acc@1": 0.009}  # and how far seeds differ
MEANS = (0.55, 0.58, 0.60, 0.64, 0.61, 0.58, 0.10, 0.45, 0.02)
UNEVEN = np.array((1.4, 1.4, 1.0, 1.0, 0.9, 0.8, 0.55, 0.9, 0.05))  # how the spreads of models differ in the miniature, about
EVEN = np.ones(len(MODELS))
SMALLEST = 0.005


def draw(rng, seeds, shared=0.0, spread=EVEN, first=None):
    """One run: [endpoint, model, seed]. `shared` is the part of the variance that a rerun of `first` has in common with it."""
    noise = rng.normal(size=(len(ENDPOINTS), len(MODELS), seeds)) * spread[:, None] * np.array([*ENDPOINTS.values()])[:, None, None]
    backbones = 0.004 * rng.normal(size=(len(ENDPOINTS), 1, seeds)) * (np.array(MEANS) > 0.05)[:, None]  # moves models alike
    fresh = noise + backbones
    if first is None:
        return np.array(MEANS)[:, None] + fresh
    return np.array(MEANS)[:, None] + np.sqrt(shared) * (first - np.array(MEANS)[:, None]) + np.sqrt(1 - shared) * fresh


def results(values):
    """The results files of a run, as far as they are compared."""
    content = {"retrieval": {"sets": {"retrieval-seen": {}}, "models": {}}, "zeroshot": {"sets": {}, "models": {}}}
    for endpoint, table in zip(ENDPOINTS, values, strict=True):
        test_set, _, metric = endpoint.partition("/")
        for model, seeds in zip(MODELS, table, strict=True):
            entry = {"seeds": {str(seed): {metric: float(value)} for seed, value in enumerate(seeds)}}
            content[test_set.partition("-")[0]]["models"].setdefault(model, {})[test_set] = entry
    rows = [
        row(endpoint, pair, table[MODELS.index(pair[0])] - table[MODELS.index(pair[1])])
        for pair in PAIRS
        for endpoint, table in zip(ENDPOINTS, values, strict=True)
    ]
    return content | {"comparisons": {"primary": rows, "exploratory": []}}


def row(endpoint, pair, seeds):
    mean, count = seeds.mean(), len(seeds)
    half = t.ppf(0.975, count - 1) * seeds.std(ddof=1) / np.sqrt(count) if count > 1 else np.inf
    effect = "above" if mean - half > SMALLEST else "below" if mean + half < -SMALLEST else "unclear"
    differences = {str(seed): float(value) for seed, value in enumerate(seeds)}
    return {"first": pair[0], "second": pair[1], "endpoint": endpoint, "effect": effect, "seeds": differences}


def refused(committed, again):
    try:
        rerun.compare(results(committed), results(again))
    except InputError:
        return True
    return False


@pytest.mark.parametrize(("seeds", "shared", "spread"), [(3, 0.0, UNEVEN), (3, 0.5, EVEN), (5, 0.0, UNEVEN)])
def test_of_a_thousand_honest_reruns_at_least_990_pass(seeds, shared, spread):
    rng = np.random.default_rng([seeds, int(10 * shared)])
    refusals = 0
    for _ in range(1000):
        first = draw(rng, seeds, spread=spread)
        refusals += refused(first, draw(rng, seeds, shared, spread, first))
    assert refusals <= 10


@pytest.mark.parametrize(("seeds", "points"), [(3, 3.4), (5, 2.4)])
def test_the_smallest_shift_of_a_model_that_is_told_of_is_noticed_with_probability_95(seeds, points):
    rng, noticed, smallest = np.random.default_rng(seeds), 0, []
    for number in range(400):
        first, again = draw(rng, seeds), draw(rng, seeds)
        smallest.append(rerun.compare(results(first), results(again)).smallest)
        first[:, number % len(MODELS)] += points / 100
        noticed += refused(first, again)
    assert 0.92 <= noticed / 400 <= 0.98
    assert 100 * np.mean(smallest) == pytest.approx(points, abs=0.15)


def test_a_point_is_refused_where_reruns_differ_by_a_fifth_of_the_miniatures_spread():
    rng = np.random.default_rng(0)
    first = draw(rng, 3, spread=np.full(9, 0.2))
    again = draw(rng, 3, spread=np.full(9, 0.2))
    assert not refused(first, again)
    first[:, MODELS.index("full")] += 0.01
    with pytest.raises(InputError, match=r"^results: `full` under .* moved by -0\.\d\d points .* at most 0\.\d\d"):
        rerun.compare(results(first), results(again))


def test_a_decided_comparison_with_the_other_sign_is_refused():
    rng = np.random.default_rng(1)
    refusals = 0
    for _ in range(200):
        first, again = draw(rng, 3), draw(rng, 3)
        committed = results(first)
        decided = next(row for row in committed["comparisons"]["primary"] if row["effect"] in rerun.OPPOSITE)
        decided["effect"] = rerun.OPPOSITE[decided["effect"]]
        decided["seeds"] = {seed: -value for seed, value in decided["seeds"].items()}
        try:
            rerun.compare(committed, results(again))
        except InputError as error:
            refusals += 1
            assert decided["first"] in str(error)
    assert refusals >= 198


def test_what_the_rerun_lacks_is_named():
    first = results(draw(np.random.default_rng(2), 3))
    again = results(draw(np.random.default_rng(3), 3))
    del again["zeroshot"]["models"]["mclip"]
    with pytest.raises(InputError, match="`mclip` under zeroshot-seen/acc@1 is committed and missing here"):
        rerun.compare(first, again)
    del first["zeroshot"]["models"]["mclip"], again["retrieval"]["models"]["mclip"], first["retrieval"]["models"]["mclip"]
    again["comparisons"]["primary"] = [row for row in again["comparisons"]["primary"] if row["second"] != "mclip"]
    with pytest.raises(InputError, match=r"full - mclip under .* is committed and missing here"):
        rerun.compare(first, again)


def test_one_seed_has_no_spread_to_compare_with():
    first, again = (results(draw(np.random.default_rng(seed), 1)) for seed in (4, 5))
    assert rerun.compare(first, again) is None
