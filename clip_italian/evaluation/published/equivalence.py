"""Compares two evaluations of the same items, such as on two devices or with two libraries: do they differ, and does it matter?

For every metric of the protocol that is a mean over items, from the results of items in two folders that `evaluate` wrote:

* difference, first minus second, and its percentile interval over resampled images (statistics.bootstrap);
* p for no difference, by the sign-flip test over images (statistics.sign_flip); for accuracies also by McNemar's exact test;
* p for a difference of at least the margin: two one-sided tests (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680) by
  interval inclusion. It is at most alpha exactly if the interval of confidence 1 - 2 alpha lies within the margins
  (Berger & Hsu 1996, Statist. Sci. 11, 283-319): for alpha 0.05 the 90 % interval.

Both kinds of p are corrected by Holm over the metrics. A missing significant difference is not equivalence, which needs the second
test; and a significant difference may be too small to matter.
"""

import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics, statistics
from clip_italian.evaluation.published import protocols

RESAMPLES = PERMUTATIONS = 10_000
SEED, CONFIDENCE = 0, 0.95
SMALLEST_EFFECT = 0.5  # percentage points; the study's smallest effect of interest (analysis/plan.md)
KINDS = ("mrr", "recall", "acc")  # kinds of metrics whose values are means over items


class Row(NamedTuple):
    """One metric; shares of 1."""

    metric: str  # its published name, or several names of the same values
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    mcnemar: float | None
    p_equivalence: float
    p_equivalence_holm: float

    @property
    def verdict(self) -> str:
        """The result of the corrected tests at the level 1 - CONFIDENCE."""
        differs, equal = (p <= 1 - CONFIDENCE for p in (self.p_holm, self.p_equivalence_holm))
        if differs:
            return "different, within the margin" if equal else "different"
        return "equivalent" if equal else "unclear"


class Comparison(NamedTuple):
    """The compared metrics, and the names of those that are not means over items."""

    protocol: str
    rows: list[Row]
    left_out: list[str]


class _Pair(NamedTuple):
    """A metric's gains in both evaluations, summed over the queries of each image, and the number of these queries."""

    metric: str
    first: Float[np.ndarray, " images"]
    second: Float[np.ndarray, " images"]
    counts: Float[np.ndarray, " images"]


def compare(first: pathlib.Path, second: pathlib.Path, margin: float = SMALLEST_EFFECT) -> Comparison:
    """Compares two folders with `metrics.json` and `items.npz`; `margin` in percentage points.

    Raises InputError if one is missing or damaged, or if they differ in protocol, images or texts.
    """
    about = [_about(folder) for folder in (first, second)]
    for key in ("protocol", "language", "data"):
        if about[0].get(key) != about[1].get(key):
            raise InputError(
                f"{second / 'metrics.json'}: `{key}` is not that of {first / 'metrics.json'}; "
                "evaluate both under one protocol on the same files"
            )
    protocol = about[0]["protocol"]
    named = protocols.load(protocol).metrics
    comparable = {name: ours for name, ours in named.items() if _is_mean(ours) and about[0]["metrics"].get(name) is not None}
    if not comparable:
        raise InputError(f"{first / 'metrics.json'}: no metric of `{protocol}` is a mean over items")
    rows = _rows(_distinct(_pairs(first, second, comparable)), margin / 100)
    return Comparison(protocol, rows, [name for name in named if name not in comparable])


def _is_mean(metric: str) -> bool:
    """Whether a metric, by our name, is a mean over gains of single ranks."""
    ranking, _, name = metric.rpartition("/")
    return name.split("@")[0] in KINDS and not ranking.endswith("/list")


def _about(folder: pathlib.Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    if not path.is_file():
        raise InputError(f"{path}: missing; give the folders OUT/PROTOCOL that `evaluate` wrote")
    content = files.read_json(path)
    if not isinstance(content, dict) or not {"protocol", "data", "metrics"} <= content.keys():
        raise InputError(f"{path}: not what `evaluate` writes; run it again")
    return content


def _pairs(first: pathlib.Path, second: pathlib.Path, comparable: dict[str, str]) -> Iterator[_Pair]:
    for name, ours in comparable.items():
        ranking, _, metric = ours.rpartition("/")
        wanted = (ranking, f"{ranking.split('/')[0]}/image") if ranking else ("rank",)
        read = [arrays.read(folder / "items.npz", *wanted) for folder in (first, second)]
        rank, other = read[0][0], read[1][0]
        if len(rank) != len(other):
            raise InputError(f"{second / 'items.npz'}: {len(other)} outcomes of {name}, {first} has {len(rank)}; evaluate again")
        _, image = np.unique(read[0][1] if ranking else np.arange(len(rank)), return_inverse=True)
        gains = [np.bincount(image, metrics.gains(one, metric)) for one in (rank, other)]
        yield _Pair(name, gains[0], gains[1], np.bincount(image).astype(np.float64))


def _distinct(pairs: Iterator[_Pair]) -> list[_Pair]:
    """The pairs with equal values, such as MRR@1 and recall@1, merged into one, since they are one test."""
    found = dict[tuple[bytes, ...], _Pair]()
    for pair in pairs:
        key = tuple(values.tobytes() for values in pair[1:])
        found[key] = pair._replace(metric=f"{found[key].metric} = {pair.metric}") if key in found else pair
    return list(found.values())


def _rows(pairs: list[_Pair], margin: float) -> list[Row]:
    tested = [_tested(pair, margin) for pair in pairs]
    holm, equivalence = (statistics.holm(np.array([getattr(row, name) for row in tested])) for name in ("p", "p_equivalence"))
    return [row._replace(p_holm=float(p), p_equivalence_holm=float(q)) for row, p, q in zip(tested, holm, equivalence, strict=True)]


def _tested(pair: _Pair, margin: float) -> Row:
    difference, counts = pair.first - pair.second, pair.counts
    samples = statistics.bootstrap(difference[:, None], counts, RESAMPLES, (SEED, 0))
    low, high = statistics.interval(samples, CONFIDENCE)[:, 0]
    (p,) = statistics.sign_flip(difference[:, None], PERMUTATIONS, (SEED, 1))
    first, second = (float(values.sum() / counts.sum()) for values in (pair.first, pair.second))
    mcnemar = None
    if pair.metric.startswith("acc"):
        mcnemar = statistics.mcnemar(int((difference > 0).sum()), int((difference < 0).sum()))
    equal = float(statistics.equivalence(samples, margin)[0])
    return Row(pair.metric, first, second, first - second, (float(low), float(high)), float(p), float(p), mcnemar, equal, equal)


def table(found: Comparison, margin: float) -> str:
    """The comparison as lines of text, in percentage points; each p is followed by the p corrected by Holm."""
    lines = [f"{found.protocol}: first minus second, in points; {100 * CONFIDENCE:g} % intervals over images; margin {margin:g}"]
    width = max(len(row.metric) for row in found.rows)
    heads = f"{'first':>8}{'second':>8}{'difference':>12}  {'interval':<18}{'p':>8}{'Holm':>8}{'McNemar':>9}"
    lines.append(f"{'metric':<{width}}{heads}{'p equiv.':>10}{'Holm':>8}  verdict")
    for row in found.rows:
        interval = f"[{100 * row.interval[0]:+.3f}, {100 * row.interval[1]:+.3f}]"
        line = f"{row.metric:<{width}}{100 * row.first:>8.2f}{100 * row.second:>8.2f}{100 * row.difference:>+12.3f}  {interval:<18}"
        line += f"{row.p:>8.4f}{row.p_holm:>8.4f}{'' if row.mcnemar is None else format(row.mcnemar, '.4f'):>9}"
        lines.append(line + f"{row.p_equivalence:>10.4f}{row.p_equivalence_holm:>8.4f}  {row.verdict}")
    if found.left_out:
        lines.append(f"not compared, since they are not means over items: {', '.join(found.left_out)}")
    return "\n".join(lines)
