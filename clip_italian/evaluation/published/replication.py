"""Replicates the table of 2021: evaluates the published weights on the published test sets, without training.

`replicate` evaluates each model under the two published protocols, and compares the results with the published numbers
(published.yaml).

OUT/<model>/              what `evaluating.evaluate` writes: metrics, items, embeddings
OUT/replication.json      {"passed": whether all numbers are the published ones, "tolerance": percentage points,
                          "files": {model: {file: SHA-256}}, "checks": [the fields of `Check`]}
"""

import pathlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from clip_italian import config, files
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.evaluation import arrays
from clip_italian.evaluation.published import evaluating, protocols

SOURCE = pathlib.Path(protocols.__file__).parent / "published.yaml"
FIRST = "text_to_image/own"  # the ranks that `first_ranks` counts


class Row(Settings):
    """A model's published numbers."""

    model: str
    system: str  # its name on the hub
    values: list[float]
    first_ranks: int | None  # number of queries with rank 1, if known: the first value with all its digits
    source: str


class Published(Settings):
    """The published table of one protocol."""

    protocol: str  # in words
    name: str
    whole: int  # values are fractions of it: 1, or 100 for per cent
    metrics: list[str]
    reported: list[str]  # the same by their names in the protocol
    rows: list[Row]


class Pairs(Settings):
    """The numbers of images with captions in the study of 2021."""

    source: str
    values: dict[str, int]  # by source


class Tables(Settings):
    """published.yaml."""

    tolerance: float  # percentage points
    retrieval: Published
    zeroshot: Published
    pairs: Pairs


class Check(NamedTuple):
    """One published number and what was measured, as published: fractions of 1, or per cent."""

    model: str
    protocol: str
    metric: str
    expected: float
    found: float
    difference: float  # found minus expected, in percentage points
    passed: bool
    first_ranks: list[int] | None  # expected and found counts of queries, if the number is a share of queries whose count is known
    source: str


def published() -> Tables:
    """The numbers of 2021."""
    return config.parse(Tables, config.read_yaml(SOURCE), str(SOURCE))


def check_data(mscoco_it: pathlib.Path, imagenet_it: pathlib.Path) -> None:
    """Raises InputError unless the folders hold the two published test sets; call it before models are loaded."""
    tables = published()
    protocols.read(protocols.load(tables.retrieval.name), mscoco_it)
    protocols.read(protocols.load(tables.zeroshot.name), imagenet_it)


def replicate(
    models: Mapping[str, Model],
    mscoco_it: pathlib.Path,
    imagenet_it: pathlib.Path,
    out: pathlib.Path,
    progress: bool = False,
) -> list[Check]:
    """Evaluates `models`, by their names in published.yaml, and writes the files that are listed above.

    A number passes if it differs by no more than the tolerance, since the same weights differ by as much between devices. Raises
    InputError if a folder does not hold its test set, or if a model is damaged.
    """
    tables, data = published(), (mscoco_it, imagenet_it)
    checks = [
        check
        for name, model in models.items()
        for table, folder in zip((tables.retrieval, tables.zeroshot), data, strict=True)
        for check in _checks(name, model, table, folder, out / name, tables.tolerance, progress)
    ]
    content = {
        "passed": all(check.passed for check in checks),
        "tolerance": tables.tolerance,
        "files": {name: model.digests() for name, model in models.items()},
        "checks": [check._asdict() for check in checks],
    }
    files.write_json(out / "replication.json", content)
    return checks


def _checks(
    name: str, model: Model, table: Published, data: pathlib.Path, out: pathlib.Path, tolerance: float, progress: bool
) -> Iterator[Check]:
    (row,) = [row for row in table.rows if row.model == name]
    measured = evaluating.evaluate(model, table.name, data, out, progress=progress)
    shares, counts = [value / table.whole for value in row.values], None
    if row.first_ranks is not None:
        (rank,) = arrays.read(out / table.name / "items.npz", FIRST)
        shares[0], counts = row.first_ranks / len(rank), [row.first_ranks, int((rank == 1).sum())]
    for metric, reported, share in zip(table.metrics, table.reported, shares, strict=True):
        found = measured[reported]
        assert found is not None, "the published test sets have more items than any cut-off"
        # Rounded, since decimal fractions have errors far beyond the published digits.
        difference = round(100 * (found - share), 6)
        yield Check(
            name,
            table.name,
            metric,
            share * table.whole,
            found * table.whole,
            difference,
            abs(difference) <= tolerance,
            counts if metric == table.metrics[0] else None,
            row.source,
        )


def table(checks: list[Check]) -> str:
    """The checks as lines of text, the verdict last."""
    lines = [f"{'model':<14}{'metric':<10}{'expected':>10}{'found':>10}{'difference':>12}  verdict"]
    for check in checks:
        digits = 2 if check.expected > 1 else 4
        line = f"{check.model:<14}{check.metric:<10}{check.expected:>10.{digits}f}{check.found:>10.{digits}f}"
        line += f"{check.difference:>+12.3f}  {'pass' if check.passed else 'FAIL'}"
        lines.append(line + (f" ({check.first_ranks[1]} first, published {check.first_ranks[0]})" if check.first_ranks else ""))
    failed = sum(not check.passed for check in checks)
    verdict = f"FAIL: {failed} of {len(checks)} numbers are not the published ones" if failed else "PASS: all numbers"
    return "\n".join([*lines, f"{verdict}, within {published().tolerance} points"])
