"""Independent pieces of a stage, a process each, side by side: the seeds of an arm, the two backbones.

A finished piece stays in `.state/cells/` under the key of what it is made from (pipeline/resuming.py), so that a stage that runs
again, for one more seed or after a kill, computes only what is new. An unfinished piece keeps its checkpoints there.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from clip_italian import config, devices, environment, files, journal, paths
from clip_italian.errors import InputError
from clip_italian.training import throughput
from pipeline import launching, resuming
from pipeline.launching import LaunchSettings, Member

TERMINATED = 128 + signal.SIGTERM  # what a process that saved on SIGTERM exits with
ENDED_BY_SIGTERM = {TERMINATED, -signal.SIGTERM}  # the second: it came before there was anything to save
ROOT = pathlib.Path(".state/cells")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One piece: the stage's `cell(name, *arguments, folder=...)` fills `folder / "out"`, with `folder / "state"` to resume."""

    stage: str
    name: str  # of the piece within the stage's outputs, like the seed
    arguments: tuple[str, ...]
    settings: dict[str, Any]
    inputs: tuple[pathlib.Path, ...]

    @property
    def label(self) -> str:
        return "-".join([self.stage, *self.arguments, self.name])


def run(cells: list[Cell], processes: int, threads: int) -> dict[str, pathlib.Path]:
    """Computes the missing cells in `processes` processes of `threads` threads each; returns the output folders by cell name.

    With one process, the cells are computed in this process if it has that many threads: starting another process takes longer
    than a frozen phase. With a launcher, all its processes compute one cell after the other together.
    Raises InputError when a cell fails. The other processes have then printed the reason and ended.
    """
    launch = config.section(LaunchSettings, "launch")
    processes = processes if launch.launcher == "none" else 1
    folders = {cell.name: ROOT / cell.label / _key(cell, threads) for cell in cells}
    missing = [cell for cell in cells if not files.manifest_holds(folders[cell.name] / "out")]
    started = time.time()
    shares = [missing[start::processes] for start in range(min(processes, len(missing)))]
    orders = [[[str(folders[cell.name]), cell.stage, cell.name, *cell.arguments] for cell in share] for share in shares]
    if processes == 1 and launch.in_place and environment.is_entered(threads):
        for order in orders:
            _compute(order)
    else:
        _wait([_start(launch, threads, order) for order in orders])
    for cell in missing:
        facts = {"launch": launch.model_dump(), "pace": throughput.summary(folders[cell.name] / "state")}
        _record(cell, journal.provenance(started, threads=threads, libraries=resuming.versions(), **facts))
        resuming.forget_others(folders[cell.name])
        resuming.forget_others(folders[cell.name] / "out")  # its checkpoints, and what a kill left
    return {name: folder / "out" for name, folder in folders.items()}


def _start(launch: LaunchSettings, threads: int, share: list[list[str]]) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "pipeline.cells", str(threads), json.dumps(share)]
    variables = {**os.environ, **environment.variables(threads)}
    return [subprocess.Popen(one, env=variables) for one in launching.commands(launch, command)]


def _wait(groups: list[list[subprocess.Popen[bytes]]]) -> None:
    """Waits for all; hands SIGTERM on to them, so that they save, and then ends as they do."""

    def hand_on(*_: object) -> None:
        for group in groups:
            for process in group:
                process.terminate()

    before = signal.signal(signal.SIGTERM, hand_on)
    codes = launching.wait(groups, lambda code: code == 0 or code in ENDED_BY_SIGTERM)
    signal.signal(signal.SIGTERM, before)
    if ENDED_BY_SIGTERM & set(codes):
        sys.exit(TERMINATED)
    if any(codes):
        raise InputError("a process of the stage failed, see above; run again to go on from there")


def _record(cell: Cell, provenance: dict[str, Any]) -> None:
    """Adds a piece's provenance to its stage's file, provenance/<profile>/<stage and arguments>.json, under the piece's name."""
    path = paths.provenance(config.params().profile, "-".join([cell.stage, *cell.arguments]))
    recorded = files.read_json(path) if path.exists() else {}
    files.write_json(path, recorded | {cell.name: provenance})


def publish(outputs: dict[str, pathlib.Path], part: str, target: pathlib.Path) -> None:
    """Copies `part` of every cell's outputs to `target/<name>`, replacing `target` as a whole."""
    with files.replacing_folder(target) as folder:
        for name, output in outputs.items():
            shutil.copytree(output / part, folder / name)


def publish_journals(outputs: dict[str, pathlib.Path], target: pathlib.Path) -> None:
    """Writes the journals of all cells to the file `target`, a line each, in their order."""
    journal.write(target, [one for output in outputs.values() for one in journal.read(output / journal.FILE)])


def _key(cell: Cell, threads: int) -> str:
    return resuming.key(cell.stage, cell.settings, resuming.contents(cell.inputs), threads)


def _compute(share: list[list[str]]) -> None:
    """Computes some cells one after the other, each given as folder, stage, name and arguments."""
    for folder, stage, name, *arguments in share:
        try:
            with _output(pathlib.Path(folder, "out")) as out:
                state = pathlib.Path(folder, "state")
                importlib.import_module(f"stages.{stage}").cell(name, *arguments, state=state, out=out)
        except InputError as error:
            raise InputError(f"{' '.join([*arguments, name])}: {error}") from None


@contextlib.contextmanager
def _output(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """Where a cell writes: what the first process writes becomes `target`, of the others it is thrown away."""
    if devices.is_first():
        with files.replacing_folder(target) as out:
            yield out
            files.write_manifest(out)
    else:
        with tempfile.TemporaryDirectory() as out:
            yield pathlib.Path(out)
    devices.wait_for_all(str(target))


def _main(threads: str, share: str, member: str) -> None:
    """Computes the cells of `share` (JSON) together with the other members. All cells are of one stage."""
    environment.enter(int(threads))
    cells = json.loads(share)
    try:
        Member(*json.loads(member)).join()
        _compute(cells)
    except InputError as error:
        sys.exit(f"{cells[0][1]} {error}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
