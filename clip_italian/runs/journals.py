"""All runs of a profile, read from their journals, results and provenance: what MLflow and the page of runs show.

A run is one seed of one model: its training phases joined, and what the evaluations said of it.
"""

import dataclasses
import json
import math
import pathlib
import statistics
from typing import Any

from clip_italian import files, journal, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import BACKBONES, grid, run_journals
from clip_italian.journal import Journal

PROTOCOLS = ("retrieval", "zeroshot", "probe")
STAGES = {"baseline": "baselines"}  # phase of a journal -> stage of the graph, where the names differ
DOMAIN = "domain"  # the arm that is fine-tuned on the shop
CURVES = "curves"  # the stage whose cells train both phases, in a folder each
PHASE_FOLDERS = {"pretrain": "frozen", "finetune": "tuned"}  # of such a cell
VALIDATION = ("valid_mrr@10", "valid_loss_at_20")  # of a kept checkpoint; the loss is at one scale for all arms


@dataclasses.dataclass(frozen=True)
class Run:
    """One seed of one model."""

    model: str
    seed: int
    key: str  # SHA-256 over the contents of the journals
    files: list[pathlib.Path]  # that have the journals, in the order of the phases
    journals: list[Journal]
    values: dict[str, float]  # "set/metric" -> value of the evaluations; of a curve's run, the metrics of the validation set
    started: float  # seconds since 1970; of the journals' files when there is no provenance
    ended: float
    commit: str | None
    pace: dict[str, float]  # "phase/name" -> how fast it trained, on the machine that did


@dataclasses.dataclass(frozen=True)
class Group:
    """All seeds of one model, with the mean over seeds and its interval over seeds and images; a curve has no interval."""

    model: str
    role: str  # arm, baseline, backbone, curve or domain
    runs: list[Run]
    mean: dict[str, float]
    interval: dict[str, list[float]]


def read(params: Params, single_seed: list[str]) -> list[Group]:
    """Every arm, baseline and backbone of the profile, the arms of the curves, and what was fine-tuned on the shop.

    Raises InputError naming the first file that is missing.
    """
    results = [files.read_json(paths.results(params.profile, name))["models"] for name in PROTOCOLS]
    groups = [
        _group(params.profile, model, "arm" if model in params.arms else "baseline", seeds, results)
        for model, seeds in grid(params, single_seed).items()
    ]
    shown = {file for group in groups for run in group.runs for file in run.files}  # a backbone tested as it is
    groups += [_alone(params.profile, file, "backbone") for file in _backbones(params.profile) if file not in shown]
    curves = [paths.curves(params.profile) / f"{arm}.jsonl" for arm in params.curves]
    return groups + [validated(_alone(params.profile, file, "curve")) for file in curves] + _domain(params.profile)


def validated(group: Group) -> Group:
    """The group with what its kept checkpoints reach on the validation set in place of the test sets' values."""
    runs = [dataclasses.replace(run, values=_reached(run)) for run in group.runs]
    found = [name for name in VALIDATION if all(name in run.values for run in runs)]
    mean = {name: statistics.fmean(run.values[name] for run in runs) for name in found}
    return dataclasses.replace(group, runs=runs, mean=mean, interval={})


def _reached(run: Run) -> dict[str, float]:
    """The validation metrics of the last phase that trained."""
    trained = [one.metrics for one in run.journals if one.curves]
    return {name: trained[-1][name] for name in VALIDATION if name in trained[-1]} if trained else {}


def _group(profile: str, model: str, role: str, seeds: list[int], results: list[dict[str, Any]]) -> Group:
    entries = {name: entry for protocol in results for name, entry in protocol.get(model, {}).items()}
    if not entries:
        raise InputError(f"results/{profile}: nothing is known of `{model}`; run `dvc repro` to evaluate it")
    runs = [_run(profile, model, seed, run_journals(profile, model, seed), _flat(entries, "seeds", str(seed))) for seed in seeds]
    return Group(model, role, runs, _flat(entries, "mean"), _flat(entries, "interval"))


def _flat(entries: dict[str, Any], *path: str) -> dict[str, Any]:
    """The metrics of every test set below `path`, named "set/metric"."""
    result: dict[str, Any] = {}
    for test_set, entry in entries.items():
        for part in path:
            entry = entry[part]
        result |= {f"{test_set}/{metric}": value for metric, value in entry.items()}
    return result


def _backbones(profile: str) -> list[pathlib.Path]:
    return sorted(paths.runs(profile).glob(f"*/{BACKBONES}.jsonl"))


def _alone(profile: str, file: pathlib.Path, role: str) -> Group:
    """The runs of a file of journals that no test set was read for."""
    written = journal.read(file)
    seeds = dict.fromkeys(one.seed for one in written)
    runs = [_run(profile, written[0].arm, seed, [one for one in written if one.seed == seed], {}, file) for seed in seeds]
    return Group(written[0].arm, role, runs, {}, {})


def _domain(profile: str) -> list[Group]:
    """The runs of stage `domain`, with what their queries find in the end; none where the profile draws no shop."""
    path = journal.path(profile, DOMAIN, "finetune")
    written = journal.read(path) if path.exists() else []
    if not written:
        return []
    languages = files.read_json(paths.results(profile, "domain"))["languages"]
    after = {
        f"shop-{language}/{part}": content["models"]["after"]
        for language, parts in languages.items()
        for part, content in parts.items()
    }
    found = [_run(profile, DOMAIN, one.seed, [one], _flat(after, "seeds", str(one.seed))) for one in written]
    return [Group(DOMAIN, "domain", found, _flat(after, "mean"), _flat(after, "interval"))]


def _run(
    profile: str, model: str, seed: int, journals: list[Journal], values: dict[str, float], file: pathlib.Path | None = None
) -> Run:
    """A run of journals, which lie in `file`, or each in the file of its stage."""
    paths = [file or journal.path(profile, one.arm, one.stage) for one in journals]
    clocks = [_clock(profile, path, one) for path, one in zip(paths, journals, strict=True)]
    started, ended = min(clock["started"] for clock in clocks), max(clock["ended"] for clock in clocks)
    pace = {name: value for one, clock in zip(journals, clocks, strict=True) for name, value in _pace(one.stage, clock).items()}
    return Run(model, seed, journal.key(*journals), paths, journals, values, started, ended, clocks[-1]["commit"], pace)


def _pace(stage: str, clock: dict[str, Any]) -> dict[str, float]:
    """Returns the speed of each training of a phase, from provenance; most phases have one training."""
    trainings: dict[str, dict[str, float]] = clock.get("pace", {})
    return {
        "/".join([stage, *([] if place == "." else [place]), name]): value
        for place, values in trainings.items()
        for name, value in values.items()
    }


def _clock(profile: str, path: pathlib.Path, one: Journal) -> dict[str, Any]:
    """The provenance of a journal; where nothing is recorded, the time of change of its file stands for the clocks."""
    if one.stage == BACKBONES:
        stage, name = BACKBONES, f"{one.arm}-{one.seed}"
    elif path.parent == paths.curves(profile):
        stage, name = CURVES, f"{one.arm}-{one.seed}"
    elif one.arm == DOMAIN:
        stage, name = DOMAIN, str(one.seed)
    else:
        stage, name = f"{STAGES.get(one.stage, one.stage)}-{one.arm}", str(one.seed)
    recorded = paths.provenance(profile, stage)
    found: dict[str, dict[str, Any]] = files.read_json(recorded) if recorded.exists() else {}
    changed = path.stat().st_mtime
    clock = found.get(name, {"started": changed, "ended": changed, "commit": None})
    if stage == CURVES:
        own = clock.get("pace", {}).get(PHASE_FOLDERS[one.stage])
        return clock | {"pace": {".": own} if own else {}}
    return clock


def shared_parameters(run: Run) -> dict[str, Any]:
    """The run's parameters under one name where all phases agree, else under `<phase>.<name>`."""
    result: dict[str, Any] = {}
    for one in run.journals:
        for name, value in one.parameters.items():
            agree = all(other.parameters.get(name, value) == value for other in run.journals)
            result[name if agree else f"{one.stage}.{name}"] = value
    return result


def curve(one: Journal, name: str) -> list[tuple[float, float]]:
    """The (step, value) points of one curve of a journal."""
    return [(row["step"], row[name]) for row in one.curves if name in row and math.isfinite(row[name])]


def index(groups: list[Group]) -> str:
    """The full key of every run as JSON: what `reports/<profile>/runs.json` holds."""
    return (
        json.dumps({f"{run.model}/{run.seed}": run.key for group in groups for run in group.runs}, indent=1, sort_keys=True) + "\n"
    )
