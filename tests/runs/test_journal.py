import dataclasses
import json
import pathlib

import pytest

from clip_italian import journal
from clip_italian.errors import InputError
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


def test_a_journal_is_read_as_it_was_written(here):
    journal.write(here, ONE)
    assert journal.read(here) == ONE


def test_equal_content_has_equal_bytes_and_key_wherever_it_lies(here):
    for name in ("a", "b"):
        journal.write(here / name, ONE)
    assert (here / "a/journal.json").read_bytes() == (here / "b/journal.json").read_bytes()
    assert journal.key(here / "a") == journal.key(here / "b")


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
def test_every_part_of_the_content_changes_the_key(here, change):
    journal.write(here / "a", ONE)
    journal.write(here / "b", dataclasses.replace(ONE, **change))
    assert journal.key(here / "a") != journal.key(here / "b")


def test_a_journal_holds_no_clock_host_or_commit(here):
    journal.write(here, ONE)
    assert set(json.loads((here / "journal.json").read_text())) == {
        "stage",
        "arm",
        "seed",
        "parameters",
        "inputs",
        "outputs",
        "metrics",
    }


def test_nan_never_enters_a_journal(here):
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.write(here, dataclasses.replace(ONE, metrics={"valid_loss": float("nan")}))


def test_a_missing_journal_is_named(here):
    with pytest.raises(InputError, match=r"nowhere/journal.json: missing"):
        journal.read(pathlib.Path("nowhere"))


def test_nested_settings_become_dotted_names():
    assert journal.flat({"a": {"b": 1, "c": {"d": 2}}, "e": [3]}) == {"a.b": 1, "a.c.d": 2, "e": [3]}


def test_provenance_says_when_and_with_what(here):
    journal.write_provenance(here / "p.json", 100.0, note="x")
    facts = json.loads((here / "p.json").read_text())
    assert facts["started"] == 100.0 < facts["ended"] and facts["note"] == "x" and "python" in facts
