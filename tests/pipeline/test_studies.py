"""A wider study in a clone, on a graph of three stages."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from clip_italian import config
from clip_italian.errors import InputError
from clip_italian.training.settings import TrainingSettings
from pipeline import studies
from tests.helpers import graph
from tests.helpers.graph import ROOT

GRAPH = """
stages:
  base:
    cmd: python work.py base data/base.txt
    outs: [data/base.txt]
  train:
    matrix: {arm: "${arms}"}
    cmd: python work.py ${item.arm} data/${item.arm}.txt runs/${item.arm}.txt
    deps: [data/base.txt, work.py]
    outs:
      - data/${item.arm}.txt
      - runs/${item.arm}.txt: {cache: false}
  table:
    cmd: python work.py table table.txt
    params: [arms]
    deps: [runs]
    outs:
      - table.txt: {cache: false}
"""
# Each stage writes what it was given and tells in a file outside the repository that it ran.
WORK = """
import os, pathlib, sys
name, *outs = sys.argv[1:]
for out in outs:
    pathlib.Path(out).parent.mkdir(exist_ok=True)
    pathlib.Path(out).write_text(" ".join(sorted(os.listdir("runs"))) if name == "table" else f"{name} in {out}")
with open(os.environ["RAN"], "a") as file:
    file.write(f"{name}\\n")
"""


@pytest.fixture
def repository(here, monkeypatch):
    root, ran = here / "repository", here / "ran.txt"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("RAN", str(ran))
    monkeypatch.setenv("PATH", f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(studies.__file__).parents[1]))
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "t")
        monkeypatch.setenv(f"{name}_EMAIL", "t@t")
    (root / "dvc.yaml").write_text(GRAPH)
    (root / "work.py").write_text(WORK)
    (root / "params.yaml").write_text("profile: small\narms: [one]\n")
    (root / ".gitignore").write_text("/data/\n/.state/\n/.studies/\n/own/*\n")
    (root / ".dvcignore").write_text("/studies\n/.studies\n")
    (root / "studies/wide").mkdir(parents=True)
    (root / "studies/wide/params.yaml").write_text("profile: small\narms: [one, two]\n")
    shell("git init -q", "dvc init -q", "dvc repro -q", "git add --all", "git commit -qm x")
    ran.unlink()
    return root


def shell(*commands):
    for command in commands:
        subprocess.run(command.split(), check=True, capture_output=True)


def ran():
    path = pathlib.Path(os.environ["RAN"])
    names = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return names


def test_a_wider_study_runs_what_the_main_one_lacks_and_leaves_it_alone(repository):
    (repository / "own/foto").mkdir(parents=True)
    (repository / "own/foto/pairs.jsonl").write_text("x")
    before = {path: path.read_bytes() for path in repository.glob("**/*.txt")} | {"lock": (repository / "dvc.lock").read_bytes()}
    studies.main("wide")
    assert ran() == ["two", "table"]
    assert all(path.read_bytes() == content for path, content in before.items() if path != "lock")
    assert (repository / "dvc.lock").read_bytes() == before["lock"]
    assert (repository / ".studies/wide/own/foto/pairs.jsonl").read_text() == "x"
    kept = repository / "studies/wide"
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()} == {
        "params.yaml",
        "dvc.lock",
        "runs/two.txt",
        "table.txt",
    }
    assert (kept / "table.txt").read_text() == "one.txt two.txt"
    assert set(YAML(typ="safe").load(kept / "dvc.lock")["stages"]) == {"base", "train@one", "train@two", "table"}


def test_a_study_goes_on_from_where_it_was_and_follows_the_repository(repository):
    studies.main("wide")
    shell("git add --all", "git commit -qm study")
    assert ran() == ["two", "table"]
    shell("rm -rf .studies")
    studies.main("wide")  # in a new clone; the table's inputs are as they were
    assert ran() == []
    (repository / "work.py").write_text(WORK + "# changed\n")
    with pytest.raises(InputError, match=r"work\.py: changed since the last commit"):
        studies.main("wide")
    shell("git add --all", "git commit -qm change")
    studies.main("wide")
    assert sorted(ran()) == ["one", "two"]  # which come out as before, so that the table stands


def test_what_was_kept_laid_over_a_clone_is_the_study_with_nothing_to_do(repository, here):
    studies.main("wide")
    shell(f"git clone -q . {here / 'copy'}", f"cp -r studies/wide/. {here / 'copy'}")
    done = subprocess.run(["dvc", "repro", "--allow-missing", "--dry"], cwd=here / "copy", capture_output=True, text=True)
    assert done.returncode == 0 and "Running stage" not in done.stdout, done.stdout


def test_a_study_of_another_profile_goes_on_from_its_own_lock_and_not_from_the_main_one(repository):
    graph = GRAPH.replace("base data/base.txt", "base-${profile} data/base.txt")
    (repository / "dvc.yaml").write_text(graph)
    (repository / "studies/other").mkdir()
    (repository / "studies/other/params.yaml").write_text("profile: other\narms: [one]\n")
    shell("dvc repro -q", "git add --all", "git commit -qm x")
    ran()
    studies.main("other")
    assert ran() == ["base-other", "one", "table"]
    shell("git add --all", "git commit -qm other")
    lock = (repository / "studies/other/dvc.lock").read_text()
    assert "base-other" in lock and "base-small" not in lock
    studies.main("wide", "other")
    assert ran() == ["two", "table"]


def test_a_study_has_the_finished_cells_of_the_main_one_and_keeps_its_own(repository):
    for number, place in enumerate((".state", ".state", ".studies/wide/.state")):
        out = repository / place / f"cells/train-full-{number}/0123456789abcdef/out"
        if number == 2:
            studies.main("wide")  # makes the clone
        out.mkdir(parents=True)
        (out / "model").write_text(place)
    (repository / ".state/cells/train-full-3/0123456789abcdef/state").mkdir(parents=True)  # not finished
    studies.main("wide")
    models = sorted((repository / ".studies/wide").glob(".state/cells/*/*/*/model"))
    assert [path.read_text() for path in models] == [".state", ".state", ".studies/wide/.state"]
    assert models[0].samefile(repository / models[0].relative_to(repository / ".studies/wide"))
    assert not (repository / ".studies/wide/.state/cells/train-full-3").exists()


def test_a_study_that_reads_no_test_set_ends_with_its_last_stage(repository, monkeypatch):
    monkeypatch.setitem(studies.UP_TO, "wide", "train")
    studies.main("wide")
    assert ran() == ["two"]
    assert (repository / "studies/wide/runs/two.txt").exists() and not (repository / "studies/wide/table.txt").exists()


def test_a_stage_that_fails_ends_the_study_and_nothing_is_kept(repository):
    params = repository / "studies/wide/params.yaml"
    params.write_text("profile: small\narms: [one, two/three/four]\n")  # a folder that work.py does not make
    with pytest.raises(SystemExit):
        studies.main("wide")
    assert [path.name for path in params.parent.iterdir()] == ["params.yaml"]


def test_an_unknown_study_is_named_with_those_that_are_known(repository):
    with pytest.raises(InputError, match=r"studies/wider/params\.yaml: missing; known studies: wide"):
        studies.main("wider")


def lists(folder):
    """The profile of a params.yaml and its lists."""
    return YAML(typ="safe").load(folder / "params.yaml")


def test_the_german_study_has_no_model_or_seed_that_the_main_one_lacks():
    ours, german = lists(ROOT), lists(ROOT / "studies/german")
    assert german.pop("profile") == "german"
    assert {name: set(values) - set(ours[name]) for name, values in german.items()} == dict.fromkeys(german, set())


def test_make_study_runs_every_study():
    (names,) = re.findall(r"pipeline\.studies ([\w ]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(names.split()) == sorted(path.parent.name for path in ROOT.glob("studies/*/params.yaml"))
    assert studies.UP_TO.keys() <= set(names.split()) and set(studies.UP_TO.values()) <= graph.GRAPH.keys()


def test_the_extended_study_is_of_the_main_one_s_profile_and_in_its_order():
    ours, wider = lists(ROOT), lists(ROOT / "studies/extended")
    assert ours.pop("profile") == wider.pop("profile")
    for name in ours:  # the first that is probed is what others are compared with
        assert [one for one in wider[name] if one in ours[name]] == [one for one in ours[name] if one in wider[name]], name
    assert wider["probed"][0] == ours["probed"][0]


@pytest.mark.parametrize("study", ["", *(f"studies/{path.parent.name}" for path in sorted(ROOT.glob("studies/*/params.yaml")))])
def test_a_study_s_arms_are_known_to_its_profile_and_it_has_those_that_figures_and_cards_show(study, monkeypatch):
    monkeypatch.chdir(ROOT)
    chosen = config.params(ROOT / study / "params.yaml")
    for arm in [*chosen.arms, *chosen.curves]:
        config.arm(TrainingSettings, arm, chosen.profile)
    if pathlib.Path(study).name in studies.UP_TO:
        return
    content = config.profile(chosen.profile).content
    shown = {content["export"]["arm"], content["analysis"]["proposed"], *content["analysis"]["ladder"]}
    assert shown - set(chosen.arms) == set() == set(chosen.probed) - {*chosen.arms, *chosen.baselines}
