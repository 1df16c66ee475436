"""What the study costs: processor-hours and an estimate of energy, from provenance/<profile>/: python -m analysis.compute.

Provenance differs from run to run, and no result may depend on it. So this is run by hand, after a run whose cost is to be told.
It writes paper/compute.json, which is committed and which the paper's sentences read.

Energy is estimated as by Green Algorithms (Lannelongue et al. 2021): hours x (cores x watts of a core + GiB x watts of a GiB) x
overhead of the data centre. No meter was read.
"""

import json
import pathlib
import platform
from collections.abc import Iterable
from typing import Any

from clip_italian import config, files, paths

FILE = paths.PAPER.with_name("compute.json")
CPU_INFO = pathlib.Path("/proc/cpuinfo")
HOUR = 3600.0
# Lannelongue et al. 2021, defaults of the tool for a processor and a data centre that are not known (data/v2.2).
WATTS_CORE, WATTS_GIB, OVERHEAD = 12.0, 0.3725, 1.67
MEMORY = 4  # GiB that the study needs (README)
DECIMALS = {"processor_hours": 1, "training_hours": 1, "wall_hours": 2, "watt_hours": 0}
Piece = dict[str, Any]


def pieces(folder: pathlib.Path) -> list[Piece]:
    """The provenance of every piece of work, such as one seed of one arm's phase."""
    content = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [piece for one in content for piece in (one.values() if "started" not in one else [one])]


def busy(clocks: Iterable[tuple[float, float]]) -> float:
    """The seconds in which at least one of the spans lay."""
    total, until = 0.0, float("-inf")
    for started, ended in sorted(clocks):
        total += max(0.0, ended - max(started, until))
        until = max(until, ended)
    return total


def measured(work: list[Piece]) -> dict[str, Any]:
    """Hours and energy of pieces of work. Only stages that work in pieces are timed: training, embedding, heat maps.

    Pieces run side by side and one's span holds turns of another, so spans are not added: all cores count as busy while any piece
    runs. Training is the time inside the loops alone.
    """
    work = [piece for piece in work if "ended" in piece]
    training = sum(one["seconds"] * piece.get("threads", 1) for piece in work for one in piece.get("pace", {}).values()) / HOUR
    cores = max(piece["cores"] for piece in work)
    wall = busy((piece["started"], piece["ended"]) for piece in work) / HOUR
    return {
        "processor_hours": wall * cores,
        "training_hours": training,
        "wall_hours": wall,
        "cores": cores,
        "memory": MEMORY,
        "watts": WATTS_CORE,
        "watt_hours": wall * (cores * WATTS_CORE + MEMORY * WATTS_GIB) * OVERHEAD,
        "processor": work[0].get("processor") or this_processor(),
    }


def this_processor() -> str:
    """The model of this machine's processor."""
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def entries(profile: str) -> dict[str, Any]:
    """The numbers of the default study, for analysis/numbers.py; none where nothing was measured, or of another profile."""
    content = files.read_json(FILE) if FILE.exists() else {}
    return {
        f"compute/{name}": {
            "value": value,
            "text": _printed(name, value),
            "file": str(FILE),
            "field": f"{profile}.{name}",
            "run_key": "",
        }
        for name, value in content.get(profile, {}).items()
    }


def _printed(name: str, value: Any) -> str:
    return f"{value:.{DECIMALS[name]}f}" if name in DECIMALS else f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    profile = config.params().profile
    found = measured(pieces(paths.provenance(profile, "x").parent))
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}
    files.write_json(FILE, {profile: rounded})
    print(json.dumps(rounded, indent=1))


if __name__ == "__main__":
    main()
