"""What a compiled TPU program does, read from its text: what devices exchange, and what is read and written in HBM.

XLA's own `cost_analysis` counts the body of a loop once and does not tell HBM from the memory on the chip; here a body counts as
often as it runs.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

SIZES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s16": 2, "u16": 2, "f32": 4, "s32": 4, "u32": 4, "s64": 8, "u64": 8}
# The share of its bytes that a device sends, for n devices in a ring; of an all-reduce and a gather those of the result.
SENT = {
    "all-reduce": lambda n: 2 * (n - 1) / n,
    "all-gather": lambda n: (n - 1) / n,
    "reduce-scatter": lambda n: n - 1.0,
    "all-to-all": lambda n: (n - 1) / n,
    "collective-permute": lambda n: 1.0,
}
# They move nothing, or what they move is counted where it is done.
FREE = {"parameter", "tuple", "get-tuple-element", "bitcast", "constant", "while", "call", "conditional", "after-all", "iota"}
ARRAY = re.compile(r"(\w+)\[([\d,]*)\](?:\{[^}]*?(S\(\d+\))?\})?")
HEAD = re.compile(r"^(?:ENTRY )?%(\S+) \(.*\{$")
LINE = re.compile(r"^\s+(?:ROOT )?%(\S+) = (\(.*?\)|\S+) ([a-z][\w-]*)\((.*)$")


class Instruction(NamedTuple):
    """A line of a program."""

    name: str
    shape: str
    kind: str
    rest: str  # operands and attributes


class Exchanged(NamedTuple):
    """What one device sends to others in one step."""

    times: dict[str, int]  # by kind of collective
    bytes: float


Program = dict[str, list[Instruction]]  # by computation; the one that is entered under the empty name


def read(text: str) -> Program:
    """The computations of a program."""
    program: Program = {}
    current: list[Instruction] = []
    for line in text.splitlines():
        if head := HEAD.match(line):
            current = program.setdefault("" if line.startswith("ENTRY") else head[1], [])
        elif found := LINE.match(line):
            current.append(Instruction(*found.groups()))
    return program


def runs(program: Program, name: str = "", times: int = 1) -> Iterator[tuple[str, int]]:
    """The computations that are run outside of fusions, and how often."""
    yield name, times
    for one in program[name]:
        if one.kind == "while":
            yield from runs(program, _named(one, "body"), times * _trips(program[_named(one, "condition")]))
        elif one.kind == "call":
            yield from runs(program, _named(one, "to_apply"), times)


def _named(one: Instruction, attribute: str) -> str:
    return re.search(rf"{attribute}=%([^\s,)]+)", one.rest)[1]


def _trips(condition: list[Instruction]) -> int:
    """How often a loop runs whose counter starts at 0 and is compared with a constant."""
    constants = {one.name: re.match(r"(\d+)\)", one.rest) for one in condition if one.kind == "constant"}
    (compared,) = (one for one in condition if one.kind == "compare")
    (bound,) = (int(constants[name][1]) for name in re.findall(r"%([^\s,)]+)", compared.rest) if constants.get(name))
    return bound


def exchanged(program: Program, devices: int) -> Exchanged:
    """What one device sends, each collective being a ring of all devices."""
    times: Counter[str] = Counter()
    sent = 0.0
    for name, runs_of in runs(program):
        for one in program[name]:
            kind = one.kind.removesuffix("-start")
            if kind in SENT:
                times[kind] += runs_of
                sent += runs_of * SENT[kind](devices) * _result(one)
    return Exchanged(dict(sorted(times.items())), sent)


def _result(one: Instruction) -> float:
    """Bytes of a collective's result; the start of one that is waited for later has its operand beside the result."""
    sizes = [size for size, _ in _arrays(one.shape)]
    if not one.kind.endswith("-start") or one.kind == "all-reduce-start":
        return sum(sizes)
    return sizes[1] if len(sizes) > 1 else sizes[0]


def moved(program: Program) -> float:
    """Bytes read and written in HBM: every instruction's operands and results that lie there, whole.

    What is fused stays on the chip. A fusion that takes a part of an operand counts for all of it.
    """
    total = 0.0
    for name, times in runs(program):
        in_hbm = {one.name: sum(size for size, space in _arrays(one.shape) if not space) for one in program[name]}
        for one in program[name]:
            if one.kind not in FREE and not one.kind.endswith("-done"):
                read_from = sum(in_hbm.get(operand, 0) for operand in re.findall(r"%([^\s,)]+)", one.rest.split(")")[0]))
                total += times * (read_from + (_written(one) if one.kind.endswith("-start") else in_hbm[one.name]))
    return total


def _written(one: Instruction) -> float:
    """Of a start, which has its operand, its result and signals in its shape, the result."""
    arrays = _arrays(one.shape)
    size, space = arrays[0] if one.kind == "copy-start" or len(arrays) == 1 else arrays[1]
    return 0.0 if space else size


def _arrays(shape: str) -> list[tuple[int, str | None]]:
    """Bytes of each array of a shape, and the memory that it lies in; None: HBM."""
    return [
        (SIZES[kind] * math.prod(int(side) for side in sides.split(",") if side), space)
        for kind, sides, space in ARRAY.findall(shape)
        if kind in SIZES
    ]


def cycles(program: Program) -> float:
    """The sum of what the compiler expects each fusion to take, were nothing done side by side."""
    found = re.compile(r'"estimated_cycles":"(\d+)"')
    return sum(
        times * sum(int(match[1]) for one in program[name] if (match := found.search(one.rest))) for name, times in runs(program)
    )
