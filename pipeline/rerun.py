"""Whether committed results and those of a rerun on another processor are two honest runs of one study.

Another processor rounds differently, and training amplifies that until a model differs from its namesake about as much as models
of two seeds differ. So an honest rerun is at most one more draw of every model: the change of a mean over R seeds has a standard
deviation of at most sqrt(2/R) times that of the seeds. What moves all models of a seed alike cancels, since compared are a model
with the mean of all models, and the declared pairs of models with each other. The spread of the seeds is taken from both runs and
pooled over the models or pairs of an endpoint; one that scatters more than the others is allowed its own scatter. Tolerances are
quantiles of Student's t with that spread, corrected for the number of changes (Bonferroni), so that 99 of 100 honest reruns pass.

What this cannot see: results that were raised by less than honest reruns differ. With seeds that differ by 0.6 points of MRR@10
and 0.9 of accuracy, as in the miniature's first eight runs, a model that was raised by the same under both primary endpoints is
noticed with probability 95 % from 3.4 points on with three seeds, and from 2.4 with five. Seeds with backbones of their own differ
more: from 10.8 points on with three. `Comparison.smallest` says it of the runs at hand. What is smaller is for checks that need no
other processor: pipeline/consistency.py, and equal bits on an equal one.
"""

import dataclasses
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float

from clip_italian.errors import InputError
from pipeline.consistency import Results, entry_of

# Probability of refusing an honest rerun, for models, primary and exploratory pairs each, where all scatter alike. Where they do
# not, as a ladder's first rungs, refusals are several times as many, in simulations below one in a hundred.
FALSE_ALARMS = 0.0005
NOTICED = 0.95  # probability with which `Comparison.smallest` is noticed
OPPOSITE = {"above": "below", "below": "above"}


@dataclasses.dataclass(frozen=True)
class Change:
    """How far a mean over seeds moved from the committed run to the rerun, and how far it may, as fractions of 1."""

    name: str
    moved: float
    allowed: float


@dataclasses.dataclass(frozen=True)
class Comparison:
    """All that was compared, and the smallest shift of one model under all primary endpoints that is noticed (fraction of 1)."""

    models: list[Change]
    pairs: list[Change]
    smallest: float

    @property
    def furthest(self) -> Change:
        """The change that uses the largest share of what it is allowed."""
        return max([*self.models, *self.pairs], key=lambda change: abs(change.moved) / (change.allowed or np.inf))


def compare(committed: Results, rerun: Results) -> Comparison | None:
    """Compares two runs of a study; None where its models have one seed, whose spread is unknown.

    Raises InputError where the rerun lacks something, a change is beyond its tolerance, or a decided comparison has the other sign.
    """
    endpoints = list(dict.fromkeys(row["endpoint"] for row in committed["comparisons"]["primary"]))
    seeds = max((list(entry_of(committed, model, endpoints[0])["seeds"]) for model in committed["retrieval"]["models"]), key=len)
    if len(seeds) < 2:
        return None
    models, smallest = _models(committed, rerun, endpoints, seeds)
    pairs = [change for family in ("primary", "exploratory") for change in _pairs(committed, rerun, family, seeds)]
    for change in (*models, *pairs):
        if abs(change.moved) > change.allowed:
            raise InputError(
                f"results: {change.name} moved by {100 * change.moved:+.2f} points from the last commit to this run, and rounding "
                f"on another processor moves it by at most {100 * change.allowed:.2f}: code, data or numbers of the commit are "
                "not those of this run; restore them or commit this run's results"
            )
    return Comparison(models, pairs, smallest)


def _models(committed: Results, rerun: Results, endpoints: list[str], seeds: list[str]) -> tuple[list[Change], float]:
    """How far each model moved from the mean of all, under each endpoint and under all together; and the smallest shift noticed."""
    names = [
        model for model in committed["retrieval"]["models"] if list(entry_of(committed, model, endpoints[0])["seeds"]) == seeds
    ]
    relative, spreads = [], []
    for endpoint in endpoints:
        runs = np.array([[_values(results, model, endpoint, seeds) for model in names] for results in (committed, rerun)])
        relative.append(runs - runs.mean(axis=1, keepdims=True))
        spreads.append(max(_spread(relative[-1]), 1e-12))
    if len(endpoints) > 1:  # each weighs by how precisely it is known
        relative.append(np.average(relative, axis=0, weights=1 / np.array(spreads)))
    labels = [*endpoints, "all primary endpoints together"][: len(relative)]
    changes, smallest = [], []
    for label, runs in zip(labels, relative, strict=True):
        found, errors = _changes([f"`{model}` under {label}" for model in names], runs, len(names) * len(relative), len(names))
        changes += found
        allowed = np.array([change.allowed for change in found])
        noise = np.sqrt((errors**2).mean() + allowed.var())  # which model is shifted, and so what it is allowed, is chance too
        noticed = allowed.mean() + NormalDist().inv_cdf(NOTICED) * noise
        smallest.append(float(noticed) * len(names) / (len(names) - 1))  # a shift moves the mean of all as well
    return changes, min(smallest)


def _values(results: Results, model: str, endpoint: str, seeds: list[str]) -> list[float]:
    try:
        found = entry_of(results, model, endpoint)["seeds"]
        return [found[seed][endpoint.partition("/")[2]] for seed in seeds]
    except KeyError as error:
        raise InputError(
            f"results: {error} of `{model}` under {endpoint} is committed and missing here; restore params.yaml or run `dvc repro`"
        ) from None


def _pairs(committed: Results, rerun: Results, family: str, seeds: list[str]) -> list[Change]:
    """How far each comparison of a family moved. Raises InputError where one is decided, and decided the other way in the rerun."""
    again = {(row["first"], row["second"], row["endpoint"]): row for row in rerun["comparisons"][family]}
    endpoints: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    rows = [row for row in committed["comparisons"][family] if list(row["seeds"]) == seeds]
    for row in rows:
        name = f"{row['first']} - {row['second']} under {row['endpoint']}"
        other = again.get((row["first"], row["second"], row["endpoint"]))
        if other is None or list(other["seeds"]) != seeds:
            raise InputError(f"comparisons.json: {name} is committed and missing here; run `dvc repro`")
        if OPPOSITE.get(row["effect"]) == other["effect"]:
            raise InputError(
                f"comparisons.json: {name} is `{row['effect']}` in the last commit and `{other['effect']}` "
                "in this run; code, data or numbers of the commit are not those of this run; restore them or commit this run's"
            )
        endpoints.setdefault(row["endpoint"], []).append((row, other))
    changes = []
    for endpoint, both in endpoints.items():
        names = [f"{row['first']} - {row['second']} under {endpoint}" for row, _ in both]
        runs = np.array([[list(row["seeds"].values()) for row in run] for run in zip(*both, strict=True)])
        models = {row[side] for row, _ in both for side in ("first", "second")}
        changes += _changes(names, runs, len(rows), len(models))[0]
    return changes


def _changes(
    names: list[str], runs: Float[np.ndarray, "2 series seeds"], tests: int, models: int
) -> tuple[list[Change], Float[np.ndarray, " series"]]:
    """Returns how far each series' mean moved and its tolerance, one of `tests` two-sided ones; and its standard error."""
    from scipy.stats import t  # takes most of a second to import

    seeds = runs.shape[2]
    own = runs.var(axis=2, ddof=1).mean(axis=0)
    errors = np.sqrt(np.maximum(own, own.mean()) * 2 / seeds)
    allowed = float(t.isf(FALSE_ALARMS / tests / 2, 2 * (models - 1) * (seeds - 1))) * errors
    moved = runs[1].mean(axis=1) - runs[0].mean(axis=1)
    return [Change(*each) for each in zip(names, moved.tolist(), allowed.tolist(), strict=True)], errors


def _spread(runs: Float[np.ndarray, "2 series seeds"]) -> float:
    """The standard deviation over seeds, pooled over series and both runs."""
    return float(np.sqrt(runs.var(axis=2, ddof=1).mean()))
