"""Checks the results that the last commit holds, as far as the files at hand allow, and says how far that was.

1. Its results files against one another and against its dvc.lock, for every study; this takes nothing but git.
2. Where the ranks of single items on this disk are the commit's: every number against them, to the digit.
3. Where they are not, as after a rerun on another processor: the numbers of the model that git holds, demo/model, which every
   processor evaluates alike; and all numbers against this machine's, by the spread of the seeds.

Step 2 notices any changed digit, and the first part of step 3 one of that model. Its second part cannot: pipeline/rerun.py says
what passes it.
"""

import dataclasses
import hashlib
import json
import pathlib
import subprocess
from typing import Any

from clip_italian import config, files, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import EvaluationSettings
from pipeline import consistency, lock, rerun
from pipeline.consistency import Results
from pipeline.lock import LOCK
from pipeline.studies import STUDIES

RANKED = ("retrieval", "zeroshot")  # protocols whose ranks of single items comparisons are made of
COMPARED = {*RANKED, "comparisons"}
SHIPPED, WEIGHTS = paths.DEMO / "model", "model.safetensors"


@dataclasses.dataclass(frozen=True)
class Committed:
    """The stages of a study's dvc.lock and its results files by name, as the last commit holds them."""

    stages: dict[str, Any]
    results: Results
    stale: list[pathlib.Path]  # that the main study has, of another run than this study's dvc.lock says


def check(params: Params) -> None:
    """Prints what was checked and what was not; raises InputError that names what is wrong."""
    main = read(pathlib.Path(), params.profile)
    _check_alone("results", main)
    for path in sorted(STUDIES.glob(f"*/{paths.PARAMS}")):
        _check_alone(str(path.parent), read(path.parent, config.read_yaml(path)["profile"]))
    here = lock.read()
    if not main.results.keys() >= COMPARED:
        print(f"results: nothing compared with this machine's, the last commit has no results of profile {params.profile}")
    elif not all(_items(here, params.profile).values()):
        print("results: nothing compared with this machine's, which has not run the study; `make repro` does")
    elif _items(here, params.profile) != _items(main.stages, params.profile):
        _check_shipped(params.profile, main, here)
        _check_rerun(params.profile, main, here)
    elif not all(path.exists() for path in _items(here, params.profile)):
        print("results: nothing compared with ranks of single items, which are not here; `dvc checkout` or `make repro` makes them")
    else:
        _check_items(params, main.results)


def read(folder: pathlib.Path, profile: str) -> Committed:
    """Returns what the last commit holds of the main study (folder `.`), or of one of studies/, which leaves out what is the same.

    Raises InputError where a results file is not the one that dvc.lock says.
    """
    stages = lock.parse(_show(folder / LOCK) or b"") or {}
    results, stale = {}, []
    for path, md5 in _outputs(stages).items():
        if path != paths.results(profile, path.stem):
            continue
        own = _show(folder / path)
        content = own or _show(path) or b""
        if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
            results[path.stem] = json.loads(content)
        elif own is None and content:
            stale.append(path)
        else:
            raise InputError(
                f"{folder / path}: the last commit's is not the one of its {folder / LOCK}; run the study and commit both"
            )
    return Committed(stages, results, stale)


def _show(path: pathlib.Path) -> bytes | None:
    """The file as the last commit holds it, None when it holds none."""
    shown = subprocess.run(["git", "show", f"HEAD:./{path.as_posix()}"], capture_output=True, check=False)
    return shown.stdout if shown.returncode == 0 else None


def _list(folder: pathlib.Path) -> list[str]:
    """The names of the files that the last commit holds in a folder."""
    listed = subprocess.run(["git", "ls-tree", "--name-only", f"HEAD:./{folder}"], capture_output=True, text=True, check=False)
    return listed.stdout.splitlines()


def _outputs(stages: dict[str, Any]) -> dict[pathlib.Path, str]:
    return {pathlib.Path(out["path"]): out["md5"] for stage in stages.values() for out in stage["outs"]}


def _items(stages: dict[str, Any], profile: str) -> dict[pathlib.Path, str | None]:
    """The hashes of the ranks of single items."""
    return {path: _outputs(stages).get(path) for path in (paths.items(profile, protocol) for protocol in RANKED)}


def _check_alone(name: str, study: Committed) -> None:
    count = consistency.check(consistency.among_themselves(study.results))
    print(
        f"{name}: "
        + (f"{count} numbers of the last commit agree with one another" if count else "nothing to check in the last commit")
    )
    if study.stale:
        others = ", ".join(map(str, study.stale))
        print(f"{name}: was run beside another run of the main study, whose {others} it shared; `make study` runs it anew")


def _check_items(params: Params, results: Results) -> None:
    count = consistency.check(consistency.with_items(results, params, config.section(EvaluationSettings, "evaluation")))
    for name, content in results.items():
        here = files.read_json(paths.results(params.profile, name))
        count += consistency.check(consistency.equal(name, content, here, "this machine's files"))
    print(f"results: this machine has the bits of the last commit, and {count} committed numbers are theirs to the digit")


def _check_shipped(profile: str, main: Committed, here: dict[str, Any]) -> None:
    tests = [paths.raw(profile) / "test", paths.shards(profile) / "tests"]
    names = _list(SHIPPED)
    if WEIGHTS not in names or any(
        _outputs(main.stages).get(path) != _outputs(here).get(path) or not path.exists() for path in tests
    ):
        print(f"results: {SHIPPED} not evaluated, since the last commit has none or other test sets than this machine")
        return
    from pipeline import shipped  # imports JAX

    count = shipped.check(profile, {name: _show(SHIPPED / name) or b"" for name in names}, main.results)
    print(f"results: {count} numbers are those of {SHIPPED}, evaluated on this machine")


def _check_rerun(profile: str, main: Committed, here: dict[str, Any]) -> None:
    parted = [name for name in here if name in main.stages and _parts(main.stages[name], here[name])]
    for protocol in RANKED:
        if f"evaluate_{protocol}" in parted:
            raise InputError(
                f"{paths.items(profile, protocol)}: the last commit has other ranks of the same embeddings; "
                "run `make repro` and commit what it writes"
            )
    print(f"results: this machine has other bits than the last commit, first from {', '.join(parted) or 'other stages'} on")
    found = rerun.compare(main.results, {name: files.read_json(paths.results(profile, name)) for name in COMPARED})
    if found is None:
        print("results: nothing compared, since the spread of a single seed is unknown")
        return
    furthest = found.furthest
    print(
        f"results: {len(found.models)} means of models and {len(found.pairs)} comparisons moved no further than by another draw of "
        f"the seeds; furthest {furthest.name}, by {100 * furthest.moved:+.2f} points of {100 * furthest.allowed:.2f} allowed. A "
        f"model whose committed results are false by less than {100 * found.smallest:.1f} points may go unnoticed on this processor"
    )


def _parts(committed: dict[str, Any], here: dict[str, Any]) -> bool:
    """Whether a stage made other outputs of the same inputs."""

    def inputs(stage: dict[str, Any]) -> Any:
        return stage["cmd"], {item["path"]: item["md5"] for item in stage.get("deps", [])}, stage.get("params")

    def outputs(stage: dict[str, Any]) -> Any:
        return {item["path"]: item["md5"] for item in stage["outs"]}

    return inputs(committed) == inputs(here) and outputs(committed) != outputs(here)
