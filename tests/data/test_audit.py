"""Stage audit: a planted test picture stops the build and is named, whichever file of pairs it got into."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from clip_italian import config, files
from tests.helpers.planting import first_of, plant
from tests.helpers.repository_copy import Copy
from tests.helpers.small_world import drawn_study

ROOT = pathlib.Path(__file__).parents[2]
REPORT = "reports/tiny/audit.json"
SET, MEMBER = "retrieval-style", "000003"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A drawn world with its pairs, at profile tiny."""
    folder = tmp_path_factory.mktemp("study")
    drawn_study(folder)
    assert stage(folder, "curate").returncode == 0
    return folder


@pytest.fixture
def study(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "study")


def stage(folder, name):
    command = [sys.executable, "-m", "stages", name]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def victim(study, where):
    """The pair whose picture is replaced."""
    file = "raw/english/pairs.jsonl" if where == "english" else "pairs/train.jsonl"
    return first_of(study / "data/tiny" / file, where)


def change(study, section, **values):
    path = study / "profiles/tiny.yaml"
    content = config.read_yaml(path)
    content[section] = content.get(section, {}) | values
    YAML().dump(content, path)


def test_a_drawn_world_has_no_leaks_and_its_repeated_captions_are_told(study):
    done = stage(study, "audit")
    assert (done.returncode, done.stderr) == (0, "")
    report = files.read_json(study / REPORT)
    lines = {name: len((study / f"data/tiny/pairs/{name}.jsonl").read_text().splitlines()) for name in ("train", "valid")}
    assert report["training"] == lines | {"english": 10, "probe-train": 0, "probe-valid": 324}
    assert set(report["tests"]) == {path.parent.name for path in study.glob("data/tiny/raw/test/*/images.zip")}
    assert {one["not_allowed"] for one in report["tests"].values()} == {0}
    assert report["tests"]["retrieval-seen"]["captions"] == 60


@pytest.mark.parametrize("where", ["wit", "conceptual_captions", "english"])
def test_a_test_picture_planted_after_curation_fails_the_stage_and_both_are_named(study, where):
    pair = victim(study, where)
    plant(study / "data/tiny/raw", pair, SET, MEMBER)
    done = stage(study, "audit")
    assert done.returncode == 1
    told = f"training image {pair['id']} is test image {SET}/{MEMBER} (mirrored picture, "
    assert done.stderr.startswith(f"audit: {REPORT}: leaks that nothing allows: 1; first, {told}")
    assert done.stderr.count("\n") == 1
    (leak,) = files.read_json(study / REPORT)["tests"][SET]["leaks"]
    assert (leak["training"], leak["test"]) == (pair["id"], f"{SET}/{MEMBER}")


@pytest.mark.parametrize("name", [SET, f"{SET}/{MEMBER}"])
def test_an_allowance_of_the_profile_lets_it_pass_with_its_reason(study, name):
    plant(study / "data/tiny/raw", victim(study, "english"), SET, MEMBER)
    change(study, "audit", allowances=[{"test": name, "reason": "planted"}])
    assert stage(study, "audit").returncode == 0
    report = files.read_json(study / REPORT)
    assert report["allowances"] == [{"test": name, "reason": "planted", "leaks": 1}]
    assert report["tests"][SET]["leaks"][0]["allowed"] == "planted"


def test_an_allowance_without_a_reason_is_refused_by_name(study):
    change(study, "audit", allowances=[{"test": SET}])
    done = stage(study, "audit")
    assert done.returncode == 1 and "missing key `allowances.0.reason`" in done.stderr


def test_a_pair_left_out_by_the_id_that_the_audit_names_leaks_no_more(study):
    pair = victim(study, "wit")
    plant(study / "data/tiny/raw", pair, SET, MEMBER)
    change(study, "curate", left_out=[pair["id"]])
    assert stage(study, "curate").returncode == 0
    assert stage(study, "audit").returncode == 0
    report = json.loads((study / "reports/tiny/curate.json").read_text())
    assert report["sources"]["wit"]["rows"]["rejected"]["left out by name"] == 1


def test_a_test_picture_that_cannot_be_read_is_named(study):
    archive = study / "data/tiny/raw/test" / SET / "images.zip"
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"\xff\xd8\xff", b"<ht", 1))
    done = stage(study, "audit")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"{SET}/images.zip: member `" in done.stderr and "run `dvc repro`" in done.stderr
    assert not (study / REPORT).exists()


# --- In the graph ------------------------------------------------------------------------------------------------------
def test_a_planted_test_picture_fails_the_study_before_anything_trains(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("planted"), tmp_path_factory.mktemp("watch"))
    copy.repro("curate")
    data = copy.root / "data/tiny"
    pair = first_of(data / "pairs/train.jsonl", "wit")
    plant(data / "raw", pair, "zeroshot-noun", "000001")
    copy.run("dvc", "commit", "--force", "download")
    done = copy.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert f"training image {pair['id']} is test image zeroshot-noun/000001 (mirrored picture" in done.stderr
    assert re.findall(r"Running stage '([^']+)'", done.stdout)[-1] == "audit"
    made = [name for name in ("models", "runs", "embeddings", "results", "data/tiny/shards") if (copy.root / name).exists()]
    assert made == []
