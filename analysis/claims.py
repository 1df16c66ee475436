"""Which claims of the abstract and of the README hold in the results: python -m analysis.claims.

paper/claims.yaml has the claims, and says how one is written.
"""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from clip_italian import config, files, paths
from clip_italian.errors import InputError

FILE, FACTS = paths.PAPER.with_name("claims.yaml"), paths.PAPER.with_name("facts.yaml")
SIGNS = ("positive", "negative")


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What claims are held against."""

    rows: Mapping[tuple[str, str, str], dict[str, Any]]  # comparisons by first, second and endpoint
    numbers: Mapping[str, dict[str, Any]]
    facts: Mapping[str, dict[str, str]]


def evidence(profile: str) -> Evidence:
    """The results of a profile, the paper's numbers, and the facts of 2021."""
    content = files.read_json(paths.results(profile, "comparisons"))
    rows = {(row["first"], row["second"], row["endpoint"]): row for family in ("exploratory", "primary") for row in content[family]}
    return Evidence(rows, files.read_json(paths.TABLES / "numbers.json"), config.read_yaml(FACTS)["facts"])


def read() -> dict[str, dict[str, Any]]:
    """The claims by their names."""
    return config.read_yaml(FILE)


def failures(claim: dict[str, Any], known: Evidence) -> list[str]:
    """What of a claim does not hold, a line each."""
    return [line for one in claim["holds"] for line in _failures(one, known)]


def _failures(one: dict[str, Any], known: Evidence) -> list[str]:
    """What of one condition does not hold. Raises InputError where it is not one."""
    kind = next((name for name in ("row", "number", "fact") if name in one), None)
    if kind is None:
        raise InputError(f"{FILE}: {one}: names no row, number or fact")
    if kind == "row":
        name, place = " − ".join(one["row"]) + ", " + one["endpoint"], (*one["row"], one["endpoint"])
        found = known.rows.get(place)
    else:
        name, found = one[kind], (known.numbers if kind == "number" else known.facts).get(one[kind])
    if found is None:
        return [f"{name}: is not in the results"]
    wanted = {key: value for key, value in one.items() if key not in (kind, "endpoint")}
    if not wanted:
        raise InputError(f"{FILE}: {name}: says nothing that must hold")
    unmet = [key for key, value in wanted.items() if not _holds(key, value, found)]
    return [f"{name}: {_told(key, found)}, claimed: {key} {wanted[key]}" for key in unmet]


def _holds(key: str, wanted: Any, found: dict[str, Any]) -> bool:
    if key == "sign":
        if wanted not in SIGNS:
            raise InputError(f"{FILE}: sign {wanted}: is none of {', '.join(SIGNS)}")
        low, high = found["interval"]
        return bool(low > 0 if wanted == "positive" else high < 0)
    if key in ("at_least", "at_most"):
        return bool(found["value"] >= wanted if key == "at_least" else found["value"] <= wanted)
    return bool(found["value" if key == "is" else key] == wanted)


def _told(key: str, found: dict[str, Any]) -> str:
    what = {"sign": "interval", "at_least": "value", "at_most": "value", "is": "value"}.get(key, key)
    return f"{what} is {found[what]}"


def main() -> None:
    known = evidence(config.params().profile)
    lines = {name: failures(claim, known) for name, claim in read().items()}
    for name, failed in lines.items():
        print(f"{name}: " + ("holds" if not failed else "does not hold\n  " + "\n  ".join(failed)))
    if any(lines.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
