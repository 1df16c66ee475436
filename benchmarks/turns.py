"""Ways that take turns in one process, and programs that do, each in a process and an environment of its own.

Programs that wait are blocked on a line of input.

Only the standard library: every peer's interpreter can import it, and needs nothing else of ours.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Way(NamedTuple):
    """One way of training, all of a side's ways sharing their weights."""

    loss: Callable[[], Any]  # of the weights as they are, dropout off
    step: Callable[[], Any]  # takes one step and waits for it


class Taken(NamedTuple):
    """Seconds that steps took."""

    clock: list[float]
    processor: list[float]


def in_turn(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way by the clock, all within this process; a first round warms up and is left out."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(1 + rounds):
        for name, way in ways.items():
            taken[name] += _timed(way, 1).clock
    return {name: seconds[1:] for name, seconds in taken.items()}


def take(ways: Mapping[str, Way]) -> None:
    """A side's part: says its first losses, warms up, and then takes as many steps as it is told to until its input ends."""
    losses = {name: float(way.loss()) for name, way in ways.items()}
    for way in ways.values():
        way.step(), way.step()  # compiled at the first; the second has the first's arrays
    print(json.dumps(losses), flush=True)
    for line in sys.stdin:
        name, steps = json.loads(line)
        print(json.dumps(_timed(ways[name].step, steps)), flush=True)


def _timed(step: Callable[[], Any], steps: int) -> Taken:
    taken = Taken([], [])
    for _ in range(steps):
        started, used = time.perf_counter(), time.process_time()
        step()
        taken.clock.append(time.perf_counter() - started)
        taken.processor.append(time.process_time() - used)
    return taken


class Side:
    """The driver's end of a side: `losses` of its ways, by name; a side that dies ends the driver."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self.command = command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}
        )
        self.losses: dict[str, float] = self._answer()

    def turn(self, way: str, steps: int) -> Taken:
        """So many steps of one way."""
        assert self.process.stdin
        print(json.dumps([way, steps]), file=self.process.stdin, flush=True)
        return Taken(*self._answer())

    def end(self) -> None:
        """Ends the process, whose memory the next needs."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"`{' '.join(self.command)}` ended with {self.process.wait()}; what it said is above")
        return json.loads(line)
