import dataclasses
import json
import pathlib
import subprocess

import pytest

from clip_italian import journal
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import BACKBONES, run_journals
from clip_italian.journal import Journal

ONE = Journal(
    "finetune",
    "full",
    0,
    {"rate": 0.1},
    {"shards": "aa"},
    {"model": "bb"},
    {"valid_loss": 1.5},
    [{"step": 1.0, "valid_loss": 2.0}],
)


KEY = "2f36629a96865c17cec8f60f81ab0baf953d1f9a0f413b6ba44b9cf78748e38e"  # of ONE, as the first studies printed it


def test_journals_are_read_as_they_were_written(here):
    other = dataclasses.replace(ONE, seed=1)
    journal.write(here / "runs.jsonl", [ONE, other])
    assert journal.read(here / "runs.jsonl") == [ONE, other]
    assert (here / "runs.jsonl").read_text() == ONE.line() + other.line()


def test_a_run_keeps_its_key_whatever_file_it_stands_in():
    assert journal.key(ONE) == journal.key(dataclasses.replace(ONE)) == KEY
    other = dataclasses.replace(ONE, stage="pretrain")
    assert journal.key(ONE, other) != journal.key(other, ONE)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"arm": "original"},
        {"parameters": {"rate": 0.2}},
        {"inputs": {"shards": "ab"}},
        {"outputs": {}},
        {"metrics": {"valid_loss": 1.6}},
        {"curves": []},
    ],
)
def test_every_part_of_the_content_changes_the_key(change):
    assert journal.key(ONE) != journal.key(dataclasses.replace(ONE, **change))


def test_a_journal_holds_no_clock_host_or_commit():
    assert set(json.loads(ONE.line())) == {
        "stage",
        "arm",
        "seed",
        "parameters",
        "inputs",
        "outputs",
        "metrics",
        "curves",
    }


def test_nan_never_enters_a_journal_and_what_was_there_stays(here):
    journal.write(here / "runs.jsonl", [ONE])
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.write(here / "runs.jsonl", [ONE, dataclasses.replace(ONE, metrics={"valid_loss": float("nan")})])
    assert journal.read(here / "runs.jsonl") == [ONE]


def test_a_missing_or_damaged_journal_is_named(here):
    with pytest.raises(InputError, match=r"nowhere.jsonl: missing; run `dvc repro`"):
        journal.read(pathlib.Path("nowhere.jsonl"))
    for damage in ('{"stage": "fine', "[]", '{"stage": "finetune"}'):
        (here / "runs.jsonl").write_text(ONE.line() + damage)
        with pytest.raises(InputError, match=r"runs.jsonl, line 2: not a journal"):
            journal.read(here / "runs.jsonl")


def backbone(seed):
    return dataclasses.replace(ONE, stage=BACKBONES, arm="english_clip", seed=seed)


def test_backbones_that_are_trained_have_a_journal_for_each_seed(here):
    journal.write(journal.path("tiny", "english_clip", BACKBONES), [backbone(0), backbone(1)])
    assert [run_journals("tiny", "english_clip", seed) for seed in (0, 1)] == [[backbone(0)], [backbone(1)]]


def test_the_one_journal_of_imported_backbones_serves_every_seed(here):
    journal.write(journal.path("tiny", "english_clip", BACKBONES), [backbone(0)])
    assert run_journals("tiny", "english_clip", 2) == [backbone(0)]


def test_a_missing_seed_of_trained_backbones_is_no_other_seeds_run(here):
    journal.write(journal.path("tiny", "english_clip", BACKBONES), [backbone(0), backbone(1)])
    with pytest.raises(InputError, match="no journal of english_clip, seed 2; run `dvc repro`"):
        run_journals("tiny", "english_clip", 2)


def test_nested_settings_become_dotted_names():
    assert journal.flat({"a": {"b": 1, "c": {"d": 2}}, "e": [3]}) == {"a.b": 1, "a.c.d": 2, "e": [3]}


def test_provenance_says_when_and_with_what():
    facts = journal.provenance(100.0, note="x")
    assert facts["started"] == 100.0 < facts["ended"] and facts["note"] == "x" and "python" in facts


def test_a_checkout_inside_another_repository_does_not_record_the_others_commit(here, monkeypatch):
    def commit(folder):
        for command in (["init", "-q"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", "--allow-empty"]):
            subprocess.run(["git", *command], cwd=folder, check=True)

    commit(here)
    (here / "study").mkdir()
    monkeypatch.chdir(here / "study")
    assert journal.provenance(100.0)["commit"] is None
    commit(here / "study")
    assert len(journal.provenance(100.0)["commit"]) == 40
