"""docs/tpu.json, what `benchmarks.tpu_check` found, and the table of it in docs/tpu.md: `python -m benchmarks.tpu_table`.

The least time of a step is a bound, not a measurement: the longest of computing at the chip's peak, reading and writing at its
memory's full rate, and sending at its links' full rate, all of it side by side with the others. What a program that was compiled
with least effort reads and writes is no bound of what a better one does, and is left out.
"""

import json
import pathlib
from typing import Any, NamedTuple

from benchmarks import tpu_cases
from benchmarks.tpu_cases import Case
from benchmarks.tpu_chips import CHIPS, SLICES

DOCS = pathlib.Path(__file__).parents[1] / "docs"
FACTS, PAGE = DOCS / "tpu.json", DOCS / "tpu.md"
BEGIN, END = "<!-- table: made by benchmarks/tpu_table.py -->", "<!-- /table -->"
HEAD = (
    "| slice | pairs a device | captions | in parts | HBM needed | TFLOP | HBM traffic | sent | computing | memory | links "
    "| at most | of the peak | the compiler expects |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


class Bound(NamedTuple):
    """The least seconds of a step, by what would take them."""

    computing: float
    memory: float
    links: float

    @property
    def step(self) -> float:
        """All side by side."""
        return max(self)


def read() -> dict[str, Any]:
    """`step`: what was compiled; `cases`: what was found, by the case's name and the compiler's effort."""
    return json.loads(FACTS.read_text()) if FACTS.exists() else {"step": {}, "cases": {}}


def write(facts: dict[str, Any]) -> None:
    """Writes facts, in the order of the cases, and table."""
    cases = {case.name: facts["cases"][case.name] for case in tpu_cases.CASES if case.name in facts["cases"]}
    FACTS.write_text(json.dumps({"step": tpu_cases.step(), "cases": cases}, indent=1) + "\n")
    PAGE.write_text(filled(PAGE.read_text(), cases))


def filled(page: str, cases: dict[str, Any]) -> str:
    """The page with its table made anew."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table(cases)}\n{END}{rest.split(END)[1]}"


def bound(case: Case, efforts: dict[str, Any]) -> Bound:
    """The least time of a step."""
    found = best_facts(efforts)
    slice_ = SLICES[case.slice]
    chip = CHIPS[slice_.chip]
    peak, bandwidth = chip.peak / chip.devices, chip.bandwidth / chip.devices
    computed = tpu_cases.flops(case) * (4 / 3 if case.remat or case.micro_batches > 1 else 1)
    moved = found["moved"] if "thorough" in efforts else 0
    return Bound(computed / peak, moved / bandwidth, found["sent"] / slice_.exchange)


def best_facts(efforts: dict[str, Any]) -> dict[str, Any]:
    """What was found of a case, compiled as a run compiles it if it was."""
    return efforts.get("thorough") or efforts["least"]


def at_most(case: Case, efforts: dict[str, Any]) -> float:
    """Pairs a second of the whole slice."""
    return case.pairs / bound(case, efforts).step


def rounded(rate: float) -> str:
    """Three digits are more than a bound has."""
    return f"{float(f'{rate:.3g}'):,.0f}"


def table(facts: dict[str, dict[str, Any]]) -> str:
    """A row for each case that was compiled as a run compiles it, or with least effort where it was not."""
    known = {case.name: case for case in tpu_cases.CASES}
    return "\n".join([HEAD, *(_row(known[name], found) for name, found in facts.items())])


def _row(case: Case, efforts: dict[str, Any]) -> str:
    slice_, thorough = SLICES[case.slice], "thorough" in efforts
    chip, facts = CHIPS[slice_.chip], best_facts(efforts)
    share = chip.memory / chip.devices
    notes = [case.dtype] * (case.dtype != "bfloat16") + ["own negatives"] * (case.negatives != "all") + ["remat"] * case.remat
    notes += ["weights cut"] * case.sharded + ["least effort"] * (not thorough)
    cells = [case.slice + (f" ({', '.join(notes)})" if notes else ""), f"{case.pairs // slice_.devices:,}", f"{case.tokens}"]
    cells += [f"{case.micro_batches}", f"{facts['memory'] / 1e9:.1f} of {share / 1e9:.1f} GB" + ": too much" * (not facts["fits"])]
    if not facts["fits"]:
        return "| " + " | ".join([*cells, *[""] * 9]) + " |"
    limits, peak = bound(case, efforts), chip.peak / chip.devices
    cells += [f"{tpu_cases.flops(case) / 1e12:.1f}", f"{facts['moved'] / 1e9:.0f} GB" if thorough else ""]
    cells += [f"{facts['sent'] / 1e9:.2f} GB"]
    cells += [f"{1e3 * seconds:.0f} ms" if seconds else "" for seconds in limits]
    cells += [f"{rounded(at_most(case, efforts))} pairs/s", f"{100 * tpu_cases.flops(case) / peak / limits.step:.0f} %"]
    return "| " + " | ".join([*cells, f"{1e3 * facts['cycles'] / chip.clock:.0f} ms" if thorough else ""]) + " |"


if __name__ == "__main__":
    write(read())
