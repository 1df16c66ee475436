"""Whether results files follow from one another, and from the ranks of single items, to the digit.

A study's results files say the same numbers several times. Means are of the seeds beside them; comparisons are differences of
retrieval.json and zeroshot.json; errors.json has the same gains by group, labels.json the same accuracies under good labels; hits
are whole numbers; recalls leave a mean reciprocal rank little room. So a number changed by hand in one place contradicts others,
which needs neither data nor a rerun to be seen. Whoever makes up the ranks of a whole model and computes every file from them
contradicts nothing here; a rerun finds that.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation import statistics
from clip_italian.evaluation.study import comparisons, summary
from clip_italian.evaluation.study.settings import GOOD, EvaluationSettings

ROUNDING = 2 * 10.0**-summary.DIGITS  # of a number that is computed from a few rounded ones

Results = dict[str, Any]  # the contents of results files, by their names without `.json`


class Claim(NamedTuple):
    """A stated number, and the limits between which others require it to lie."""

    file: str
    field: str
    stated: float
    low: float
    high: float
    by: str  # what requires it

    def holds(self) -> bool:
        return self.low - ROUNDING <= self.stated <= self.high + ROUNDING


def check(claims: Iterable[Claim]) -> int:
    """Returns how many claims hold; raises InputError that names the first one that does not."""
    count = 0
    try:
        for claim in claims:
            count += 1
            if not claim.holds():
                limits = f"{claim.low:.6f}" if claim.low == claim.high else f"{claim.low:.6f} to {claim.high:.6f}"
                raise InputError(
                    f"{claim.file}.json: `{claim.field}` is {claim.stated:.6f} in the last commit, but {limits} by {claim.by}: "
                    "the file is not as the study wrote it; run `make repro` and commit what it writes"
                )
    except KeyError as error:
        raise InputError(
            f"results files of the last commit: one lacks {error}, which another has; run `make repro` and commit what it writes"
        ) from None
    return count


def among_themselves(results: Results) -> Iterator[Claim]:
    """What the results files of a study claim of one another."""
    for file, content in results.items():
        yield from _means(file, "", content)
    for file in results.keys() & {"retrieval", "zeroshot"}:
        yield from _ranks(file, results[file])
    if {"retrieval", "zeroshot", "comparisons", "summary"} <= results.keys():
        yield from _comparisons(results)
        yield from _headline(results)


def _means(file: str, field: str, content: Any) -> Iterator[Claim]:
    """Means, standard deviations and differences are of the seeds beside them, and intervals hold them; at any depth."""
    if isinstance(content, list):
        content = {str(index): entry for index, entry in enumerate(content)}
    if not isinstance(content, dict):
        return
    seeds = content.get("seeds")
    for name, reduce in (("mean", np.mean), ("difference", np.mean), ("sd", lambda values: np.std(values, ddof=1))):
        if isinstance(seeds, dict) and name in content:
            yield from _reduced(file, f"{field}{name}", content[name], list(seeds.values()), reduce)
    for name in ("interval", "item_interval"):
        if isinstance(seeds, dict) and name in content:
            yield from _contained(file, f"{field}{name}", content.get("mean", content.get("difference")), content[name])
    for key, value in content.items():
        if key != "seeds":
            yield from _means(file, f"{field}{key}/", value)


def _reduced(file: str, field: str, stated: Any, seeds: list[Any], reduce: Any) -> Iterator[Claim]:
    if isinstance(stated, dict):
        for key in stated:
            if all(isinstance(one, dict) and key in one for one in seeds):
                yield from _reduced(file, f"{field}/{key}", stated[key], [one[key] for one in seeds], reduce)
    elif _is_number(stated) and all(map(_is_number, seeds)):
        value = float(reduce(seeds))
        yield Claim(file, field, stated, value, value, "its seeds")


def _contained(file: str, field: str, stated: Any, interval: Any) -> Iterator[Claim]:
    if isinstance(interval, dict):
        for key in interval:
            if isinstance(stated, dict) and key in stated:
                yield from _contained(file, f"{field}/{key}", stated[key], interval[key])
    elif _is_number(stated):
        low, high = interval
        yield Claim(file, f"{field}/centre", stated, low, high, "that interval")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _ranks(file: str, content: dict[str, Any]) -> Iterator[Claim]:
    """Hits are whole numbers; between two cutoffs the reciprocal ranks of the new hits are between those of the two places."""
    for model, sets in content["models"].items():
        for test_set, entry in sets.items():
            sizes = content["sets"][test_set]
            for seed, values in entry["seeds"].items():
                field = f"models/{model}/{test_set}/seeds/{seed}"
                for metric in values:
                    direction, _, name = metric.rpartition("/")
                    if name.startswith(("acc@", "recall@")):
                        queries = sizes[_QUERIES[direction.partition("/")[0]]]
                        whole = round(values[metric] * queries) / queries
                        yield Claim(file, f"{field}/{metric}", values[metric], whole, whole, f"whole hits of {queries} queries")
                for direction in dict.fromkeys(metric.rpartition("/")[0] for metric in values if "/mrr@" in metric):
                    yield from _reciprocal(file, field, direction, values)


_QUERIES = {"text_to_image": "captions", "image_to_text": "image_queries", "": "images"}  # of which `sets` says how many


def _reciprocal(file: str, field: str, direction: str, values: dict[str, float]) -> Iterator[Claim]:
    cutoffs = sorted(int(metric.rpartition("@")[2]) for metric in values if metric.startswith(f"{direction}/mrr@"))
    for before, k in itertools.pairwise([0, *cutoffs]):
        mrr, recall = (values.get(f"{direction}/{kind}@{before}", 0.0) for kind in ("mrr", "recall"))
        hits = values[f"{direction}/recall@{k}"] - recall
        name = f"{direction}/mrr@{k}"
        yield Claim(file, f"{field}/{name}", values[name], mrr + hits / k, mrr + hits / (before + 1), "the recalls")


def _seed(results: Results, model: str, endpoint: str, seed: str) -> float:
    """A model's result under an endpoint (set/metric) with a seed; a model of one seed has that result with every seed."""
    test_set, _, metric = endpoint.partition("/")
    seeds = entry_of(results, model, endpoint)["seeds"]
    return seeds[seed if seed in seeds else next(iter(seeds))][metric]


def entry_of(results: Results, model: str, endpoint: str) -> dict[str, Any]:
    """What retrieval.json or zeroshot.json has of a model and the test set of an endpoint (set/metric)."""
    test_set = endpoint.partition("/")[0]
    return results["retrieval" if test_set in results["retrieval"]["sets"] else "zeroshot"]["models"][model][test_set]


def _comparisons(results: Results) -> Iterator[Claim]:
    """Rows are differences of the results, their words follow from the intervals, and corrected p-values from all p."""
    content = results["comparisons"]
    for family, corrected, correction in (
        ("primary", "p_holm", statistics.holm),
        ("exploratory", "q", statistics.benjamini_hochberg),
    ):
        rows = content[family]
        adjusted = correction(np.array([row["p"] for row in rows])) if rows else np.empty(0)
        for index, (row, value) in enumerate(zip(rows, adjusted, strict=True)):
            field = f"{family}/{index} ({row['first']} - {row['second']}, {row['endpoint']})"
            slack = ROUNDING * len(rows)  # corrections multiply a p that may be rounded
            yield Claim("comparisons", f"{field}/{corrected}", row[corrected], value - slack, value + slack, "all p of the family")
            word = comparisons.effect(np.array(row["interval"]), content["smallest_effect"] / 100)
            yield Claim("comparisons", f"{field}/effect", float(row["effect"] == word), 1, 1, f"the interval (`{word}`)")
            for seed, stated in row["seeds"].items():
                first, second = (_seed(results, row[side], row["endpoint"], seed) for side in ("first", "second"))
                by = "retrieval.json and zeroshot.json"
                yield Claim("comparisons", f"{field}/seeds/{seed}", stated, first - second, first - second, by)
            for seed, counts in row.get("mcnemar", {}).items():
                images = results["zeroshot"]["sets"][row["endpoint"].partition("/")[0]]["images"]
                value = (counts["only_first"] - counts["only_second"]) / images
                yield Claim("comparisons", f"{field}/seeds/{seed}", row["seeds"][seed], value, value, "McNemar's counts")


def _headline(results: Results) -> Iterator[Claim]:
    """The summary has the means; groups of the headline's queries make up the whole; good labels are those of zero-shot."""
    for model, endpoints in results["summary"].items():
        for endpoint, stated in endpoints.items():
            test_set, _, metric = endpoint.partition("/")
            mean = entry_of(results, model, endpoint)["mean"][metric]
            yield Claim("summary", f"{model}/{endpoint}", stated, mean, mean, "retrieval.json and zeroshot.json")
            for seed, values in entry_of(results, model, endpoint)["seeds"].items():
                for family in _GROUPED.get(metric.rpartition("/")[2], ()) if not metric.startswith("image_to_text") else ():
                    whole = _weighted(results.get("errors"), model, family, seed, metric.rpartition("/")[2])
                    if whole is not None:
                        yield Claim(
                            "errors",
                            f"models/{model}/{family}/seeds/{seed}",
                            whole,
                            values[metric],
                            values[metric],
                            "the whole test set",
                        )
                good = results.get("labels", {}).get("models", {}).get(model, {}).get(GOOD, {}).get("seeds", {}).get(seed, {})
                if metric in good:
                    field = f"models/{model}/{GOOD}/seeds/{seed}/{metric}"
                    yield Claim("labels", field, good[metric], values[metric], values[metric], "zeroshot.json")


_GROUPED = {"mrr@10": ("caption_length",), "acc@1": ("noun", "colour")}  # families of errors.json that divide the headline set


def _weighted(errors: dict[str, Any] | None, model: str, family: str, seed: str, metric: str) -> float | None:
    """The mean over all queries of a metric that errors.json has by group; None where it does not have that."""
    if errors is None or family not in errors["models"].get(model, {}):
        return None
    values, groups = errors["models"][model][family]["seeds"][seed], errors["groups"][family]
    if not all(f"{group}/{metric}" in values for group in groups):
        return None
    sizes = [size["queries"] for size in groups.values()]
    return float(np.average([values[f"{group}/{metric}"] for group in groups], weights=sizes))


def with_items(results: Results, params: Params, settings: EvaluationSettings) -> Iterator[Claim]:
    """What the ranks of single items on this machine's disk make of the results of every seed, and of all comparisons."""
    for file in ("retrieval", "zeroshot"):
        for model, sets in results[file]["models"].items():
            for test_set, entry in sets.items():
                for seed, values in entry["seeds"].items():
                    for metric in (name for name in values if "@" in name):
                        gains, queries = comparisons.image_sums(params.profile, model, int(seed), f"{test_set}/{metric}")
                        value = float(gains.sum() / queries.sum())
                        yield Claim(
                            file, f"models/{model}/{test_set}/seeds/{seed}/{metric}", values[metric], value, value, "the items"
                        )
    yield from equal("comparisons", results["comparisons"], comparisons.compute(params, settings), "the items")


def equal(file: str, stated: Any, wanted: Any, by: str, field: str = "") -> Iterator[Claim]:
    """That two contents are the same, number by number; raises InputError where one has what the other lacks."""
    if isinstance(stated, list) and isinstance(wanted, list):
        stated, wanted = ({str(index): entry for index, entry in enumerate(entries)} for entries in (stated, wanted))
    if isinstance(stated, dict) and isinstance(wanted, dict):
        for key in sorted(stated.keys() | wanted.keys()):
            yield from equal(file, stated.get(key), wanted.get(key), by, f"{field}/{key}".lstrip("/"))
    elif _is_number(stated) and _is_number(wanted):
        yield Claim(file, field, stated, wanted, wanted, by)
    elif stated != wanted:
        raise InputError(f"{file}.json: `{field}` is {stated!r} in the last commit, but {wanted!r} by {by}; run `make repro`")
