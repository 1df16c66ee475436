"""Studies beside the main one: `python -m pipeline.studies NAME...`; `make study` runs all of them.

A study is a folder below studies/ with a params.yaml of its own: other lists of arms, curves, baselines and seeds over the same
graph, or another profile.
It runs in a clone of this repository, .studies/<name>, which shares the cache and the finished cells (pipeline/cells.py) and starts
from what dvc.lock says is done, so that it computes only what the main study lacks and leaves the main study's files alone. When it
ends, every file of the clone that git would hold and that differs from the main study's is copied to studies/<name>. Copy this
folder over a fresh clone to get the study as it ran, with its dvc.lock.
"""

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

from ruamel.yaml import YAML

from clip_italian import config, files
from clip_italian.data.sources import own
from clip_italian.errors import InputError
from pipeline import cells, lock
from pipeline.lock import LOCK

PARAMS = "params.yaml"
UP_TO = {"development": "curves", "weak": "curves", "random": "curves"}  # the last stage of studies that read no test set
STUDIES, CLONES, OWN = pathlib.Path("studies"), pathlib.Path(".studies"), pathlib.Path(own.FOLDER)


def main(*names: str) -> None:
    """Runs studies, one after the other; a failing stage ends them and is the exit code."""
    for name in names:
        run(name)


def run(name: str) -> None:
    """Runs a study. Raises SystemExit where a stage fails."""
    clone, kept = CLONES / name, STUDIES / name
    if not (kept / PARAMS).is_file():
        known = ", ".join(sorted(path.parent.name for path in STUDIES.glob(f"*/{PARAMS}")))
        raise InputError(f"{kept / PARAMS}: missing; known studies: {known}")
    refresh(clone, kept)
    # Supervised, so that it dies with this process.
    target = [UP_TO[name]] if name in UP_TO else []
    done = subprocess.run([sys.executable, "-m", "pipeline.supervise", "dvc", "repro", *target], cwd=clone)
    if done.returncode:
        sys.exit(done.returncode)
    keep(clone, kept)
    print(f"{kept}: written; `cd {clone}` for all of it, its runs in MLflow among them")


def refresh(clone: pathlib.Path, kept: pathlib.Path) -> None:
    """Brings the clone to this commit, then to where the study was when it last ended, as far as that still holds."""
    changed = _git(pathlib.Path(), "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{STUDIES}", ":!provenance")
    if changed:
        raise InputError(f"{changed.split()[1]}: changed since the last commit; a study is of a commit, so commit or restore it")
    if not clone.is_dir():
        with files.replacing_folder(clone) as folder:
            _git(pathlib.Path(), "clone", "--quiet", "--no-checkout", ".", str(folder))
    _git(clone, "fetch", "--quiet", "origin", "HEAD")
    _git(clone, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    if OWN.is_dir():  # the user's own sources, which git does not hold
        shutil.rmtree(clone / OWN, ignore_errors=True)
        shutil.copytree(OWN, clone / OWN)
    done, ours = lock.read(clone / LOCK), config.read_yaml(clone / PARAMS)
    shutil.copytree(kept, clone, dirs_exist_ok=True)
    stages = lock.read(kept / LOCK) | _alike(done, ours, config.read_yaml(clone / PARAMS))
    with files.replacing(clone / LOCK) as path:
        YAML(typ="safe", pure=True).dump({"schema": "2.0", "stages": stages}, path)
    _share_cells(clone)
    files.write_text(clone / ".dvc/config.local", f"[cache]\n    dir = {pathlib.Path('.dvc/cache').resolve()}\n")
    subprocess.run(["dvc", "checkout", "--force", "--quiet", "--allow-missing"], cwd=clone)  # what is missing is made anew


def _alike(done: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """What is done in the main study and is the same in the other: none of another profile, and no stage that a differing list
    is an input of."""
    if ours["profile"] != theirs["profile"]:
        return {}
    apart = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    return {name: stage for name, stage in done.items() if apart.isdisjoint(stage.get("params", {}).get(PARAMS, {}))}


def _share_cells(clone: pathlib.Path) -> None:
    """Links the main study's finished cells into the clone: a study with more seeds trains the new ones alone."""
    for out in cells.ROOT.glob("*/*/out"):
        if not (clone / out).exists():
            shutil.copytree(out, clone / out, copy_function=os.link)


def keep(clone: pathlib.Path, kept: pathlib.Path) -> None:
    """Replaces the study's folder by the files of the clone that git would hold and that differ from the commit's."""
    names = [
        *_git(clone, "diff", "--name-only", "--diff-filter=d", "HEAD").splitlines(),
        *_git(clone, "ls-files", "--others", "--exclude-standard").splitlines(),
    ]
    with files.replacing_folder(kept) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clone / name, folder / name)


def _git(folder: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"git {arguments[0]}: {done.stderr.strip()}; a study needs a clone of the repository, with git")
    return done.stdout


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
