"""All runs of a profile as their journals, results and provenance tell them: what the run views show.

A run is one seed of one model: its training phases joined, and what the evaluations said of it.
"""

import dataclasses
import json
import math
import pathlib
from typing import Any

from clip_italian import files, journal
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import grid, run_folders
from clip_italian.journal import Journal

PROTOCOLS = ("retrieval", "zeroshot", "probe")
STAGES = {"baseline": "baselines"}  # phase of a journal -> stage of the graph, where the names differ


@dataclasses.dataclass(frozen=True)
class Run:
    """One seed of one model."""

    model: str
    seed: int
    key: str  # SHA-256 over the contents of the journals
    folders: list[pathlib.Path]  # of the journals, in the order of the phases
    journals: list[Journal]
    values: dict[str, float]  # "set/metric" -> value of the evaluations
    started: float  # seconds since 1970; of the journals' files when there is no provenance
    ended: float
    commit: str | None
    pace: dict[str, float]  # "phase/name" -> how fast it trained, on the machine that did


@dataclasses.dataclass(frozen=True)
class Group:
    """All seeds of one model, with the mean over seeds and its interval (seeds and images resampled)."""

    model: str
    role: str  # arm, baseline, backbone or domain
    runs: list[Run]
    mean: dict[str, float]
    interval: dict[str, list[float]]


def read(params: Params, single_seed: list[str]) -> list[Group]:
    """Every arm, baseline and backbone of the profile, and what was fine-tuned on the shop.

    Raises InputError naming the first file that is missing.
    """
    results = [files.read_json(pathlib.Path("results", params.profile, f"{name}.json"))["models"] for name in PROTOCOLS]
    groups = [
        _group(params.profile, model, "arm" if model in params.arms else "baseline", seeds, results)
        for model, seeds in grid(params, single_seed).items()
    ]
    shown = {folder for group in groups for run in group.runs for folder in run.folders}  # a backbone tested as it is
    groups += [_backbone(params.profile, folder) for folder in _backbones(params.profile) if folder not in shown]
    return groups + _domain(params.profile)


def _group(profile: str, model: str, role: str, seeds: list[int], results: list[dict[str, Any]]) -> Group:
    entries = {name: entry for protocol in results for name, entry in protocol.get(model, {}).items()}
    if not entries:
        raise InputError(f"results/{profile}: nothing is known of `{model}`; run `dvc repro` to evaluate it")
    runs = [_run(profile, model, seed, run_folders(profile, model, seed), _flat(entries, "seeds", str(seed))) for seed in seeds]
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
    return sorted(path.parent for path in pathlib.Path("runs", profile, "backbones").glob("*/journal.json"))


def _backbone(profile: str, folder: pathlib.Path) -> Group:
    run = _run(profile, folder.name, journal.read(folder).seed, [folder], {})
    return Group(folder.name, "backbone", [run], {}, {})


def _domain(profile: str) -> list[Group]:
    """The runs of stage `domain`, with what their queries find in the end; none where the profile draws no shop."""
    written = pathlib.Path("runs", profile, "domain/finetune").glob("*/journal.json")
    folders = {int(path.parent.name): path.parent for path in written}
    if not folders:
        return []
    languages = files.read_json(pathlib.Path("results", profile, "domain.json"))["languages"]
    after = {
        f"shop-{language}/{part}": content["models"]["after"]
        for language, parts in languages.items()
        for part, content in parts.items()
    }
    found = [_run(profile, "domain", seed, [folder], _flat(after, "seeds", str(seed))) for seed, folder in sorted(folders.items())]
    return [Group("domain", "domain", found, _flat(after, "mean"), _flat(after, "interval"))]


def _run(profile: str, model: str, seed: int, folders: list[pathlib.Path], values: dict[str, float]) -> Run:
    journals = [journal.read(folder) for folder in folders]
    clocks = [_clock(profile, folder, one) for folder, one in zip(folders, journals, strict=True)]
    started, ended = min(clock["started"] for clock in clocks), max(clock["ended"] for clock in clocks)
    pace = {name: value for one, clock in zip(journals, clocks, strict=True) for name, value in _pace(one.stage, clock).items()}
    return Run(model, seed, journal.key(*folders), folders, journals, values, started, ended, clocks[-1]["commit"], pace)


def _pace(stage: str, clock: dict[str, Any]) -> dict[str, float]:
    """What provenance says of each training of a phase; most phases have one."""
    trainings: dict[str, dict[str, float]] = clock.get("pace", {})
    return {
        "/".join([stage, *([] if place == "." else [place]), name]): value
        for place, values in trainings.items()
        for name, value in values.items()
    }


def _clock(profile: str, folder: pathlib.Path, one: Journal) -> dict[str, Any]:
    stage = STAGES.get(one.stage, one.stage)
    # A backbone has no seeds, and what was fine-tuned on the shop is called as its stage.
    names = (f"{stage}-{one.arm}-{one.seed}", f"{stage}-{one.arm}", f"{one.arm}-{one.seed}")
    written = (pathlib.Path("provenance", profile, f"{name}.json") for name in names)
    found = next((path for path in written if path.exists()), None)
    if found:
        return files.read_json(found)
    changed = (folder / "journal.json").stat().st_mtime
    return {"started": changed, "ended": changed, "commit": None}


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
