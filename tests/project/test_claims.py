"""The claims of the abstract and of the README: each is written down and holds in the results, and a flipped result is noticed."""

import copy
import json
import pathlib
import re
from typing import Any

import pytest

from analysis import claims, readme_table
from clip_italian import config
from clip_italian.errors import InputError

ROOT = pathlib.Path(__file__).parents[2]
ABSTRACT = (ROOT / "paper/sections/abstract.typ").read_text()
README = (ROOT / "README.md").read_text()
PROFILE = config.read_yaml(ROOT / "params.yaml")["profile"]
ALL = config.read_yaml(ROOT / "paper/claims.yaml")
IDS = list(ALL)
OTHER_SIDE = {"above": "below", "below": "above", "within": "above", "unclear": "below"}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("claim", ALL.values(), ids=IDS)
def test_every_claim_holds_in_the_committed_results(claim: dict[str, Any], here: None) -> None:
    results = json.loads((ROOT / f"results/{PROFILE}/comparisons.json").read_text())["primary"]
    if not readme_table.QUESTIONS.keys() <= {(row["first"], row["second"]) for row in results}:
        pytest.skip("the results are of an older plan: run `make repro`")
    assert claims.failures(claim, claims.evidence(PROFILE)) == []


def as_claimed() -> claims.Evidence:
    """Evidence in which all that is claimed holds."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for one in (condition for claim in ALL.values() for condition in claim["holds"]):
        if "row" in one:
            low, high = (0.02, 0.04) if one.get("sign", one.get("effect")) in ("positive", "above") else (-0.04, -0.02)
            rows[*one["row"], one["endpoint"]] = {"effect": one.get("effect"), "interval": [low, high]}
        if "number" in one:
            value = one.get("is", one.get("at_least", one.get("at_most")))
            numbers[one["number"]] = {"value": value} | {key: one[key] for key in one if key not in ("number", "is")}
    return claims.Evidence(rows, numbers, config.read_yaml(ROOT / "paper/facts.yaml")["facts"])


def flipped(one: dict[str, Any], known: claims.Evidence) -> claims.Evidence:
    """The same evidence, but for the result of one condition."""
    other = copy.deepcopy(known)
    if "row" in one:
        row = dict(other.rows)[*one["row"], one["endpoint"]]
        row |= {"effect": OTHER_SIDE.get(row["effect"]), "interval": [-value for value in reversed(row["interval"])]}
    elif "number" in one:
        number = other.numbers[one["number"]]
        moved = {"at_least": -1, "at_most": 1}
        for key in one:
            if key in moved:
                number["value"] += moved[key]
            elif key != "number":
                number["value" if key == "is" else key] = "flipped"
    else:
        other.facts[one["fact"]]["value"] = "flipped"
    return other


@pytest.mark.parametrize("claim", ALL.values(), ids=IDS)
def test_a_claim_fails_when_any_of_its_results_flips(claim: dict[str, Any], here: None) -> None:
    known = as_claimed()
    assert claims.failures(claim, known) == []
    for one in claim["holds"]:
        assert len(claims.failures(claim, flipped(one, known))) >= 1, one


def test_what_is_not_in_the_results_does_not_hold_and_what_claims_nothing_is_an_error() -> None:
    nothing = claims.Evidence({}, {}, {})
    line = {"row": ["full", "other"], "endpoint": "x/acc@1", "effect": "above"}
    assert claims.failures({"holds": [line]}, nothing) == ["full − other, x/acc@1: is not in the results"]
    with pytest.raises(InputError, match="names no row, number or fact"):
        claims.failures({"holds": [{"effect": "above"}]}, nothing)
    with pytest.raises(InputError, match="says nothing that must hold"):
        claims.failures({"holds": [{"number": "a"}]}, claims.Evidence({}, {"a": {"value": 1}}, {}))
    with pytest.raises(InputError, match="sign up: is none of positive, negative"):
        row = {"row": ["a", "b"], "endpoint": "x", "sign": "up"}
        claims.failures({"holds": [row]}, claims.Evidence({("a", "b", "x"): {"interval": [0.1, 0.2]}}, {}, {}))


def test_the_command_tells_each_claim_and_exits_with_1_when_one_does_not_hold(
    here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = as_claimed()
    monkeypatch.setattr(claims, "evidence", lambda profile: known)
    claims.main()
    assert capsys.readouterr().out.splitlines() == [f"{name}: holds" for name in IDS]
    known.rows["full", "no_augmentation", ALL["augmentation"]["holds"][0]["endpoint"]]["effect"] = "below"
    with pytest.raises(SystemExit, match="1"):
        claims.main()
    assert "augmentation: does not hold\n  full − no_augmentation" in capsys.readouterr().out


def test_every_sentence_of_the_abstract_is_a_claim_that_is_written_down() -> None:
    assert re.findall(r'claim\("([\w-]+)"\)', ABSTRACT) != []
    assert set(re.findall(r'claim\("([\w-]+)"\)', ABSTRACT)) <= set(IDS)
    for line in ABSTRACT.splitlines():
        assert line.startswith(("#import", "#claim(")) or re.match(r"#if [^{}\[\]]* \{ claim\(", line), line


def test_every_finding_of_the_readme_is_a_claim_that_is_written_down() -> None:
    assert {claim for claim, _ in readme_table.QUESTIONS.values()} <= set(IDS)
    assert set(re.findall(r"<!-- claim: ([\w-]+) -->", README)) <= set(IDS)


def test_every_claim_is_made_somewhere() -> None:
    made = set(re.findall(r'claim\("([\w-]+)"\)', ABSTRACT)) | {claim for claim, _ in readme_table.QUESTIONS.values()}
    assert made == set(IDS)
    assert all(claim["says"] and claim["holds"] for claim in ALL.values())
