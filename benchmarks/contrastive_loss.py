"""Seconds and memory of the contrastive losses, value and gradients, up to 32,768 pairs: `python -m benchmarks.contrastive_loss`.

Ours, block by block, beside the definition on the full matrix in jax and, where this interpreter has torch, beside the form that
open_clip's ClipLoss has in one process. All take turns within one process on random pairs of 512 numbers in float32, with the
same two cores and the allocator of the study. Compilation is left out, as is warming up; the processor's time tells more than the
clock's where other programs run at the same time. Differences are of a number of the value or of a gradient, relative to the
largest there.

Memory is told twice: what XLA's plan asks for beside inputs and results, and how far the memory of a process of its own rises
above what it had with the vectors, results included, in steps of the allocator's 256 MiB. 32,768 pairs are ours alone. With
torch among them, the turns at 16,384 pairs need more than 12 GB.
"""

import argparse
import functools
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import jax
import numpy as np

from clip_italian import config, environment
from clip_italian.training import loss, tiled_loss

WIDTH, SCALE, BIAS = 512, 20.0, -10.0
COUNTS, LARGEST = (1024, 4096, 16_384), 32_768
FACTORS = {"contrastive": (SCALE,), "sigmoid": (SCALE, BIAS)}
Way = Callable[[], list[np.ndarray]]


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random unit vectors and partners near them."""
    rng = np.random.default_rng(0)
    image, noise = (rng.standard_normal((count, WIDTH), dtype=np.float32) for _ in range(2))
    return unit(image), unit(image + 4 * noise)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def compiled(name: str, way: str, count: int) -> jax.stages.Compiled:
    """The program of value and gradients."""
    function = getattr({"ours": tiled_loss, "definition": loss}[way], name)
    inputs = *(2 * [jax.ShapeDtypeStruct((count, WIDTH), np.float32)]), *(len(FACTORS[name]) * [np.float32(0)])
    return jax.jit(jax.value_and_grad(function, tuple(range(len(inputs))))).lower(*inputs).compile()


def way_of(name: str, way: str, count: int) -> Way:
    """What computes value and gradients once and waits for them."""
    image, text = pairs(count)
    if way == "torch":
        from benchmarks import contrastive_loss_peer

        return functools.partial(contrastive_loss_peer.run, image, text, SCALE, int(os.environ["NPROC"]))
    program, inputs = compiled(name, way, count), [jax.device_put(one) for one in (image, text, *map(np.float32, FACTORS[name]))]
    return lambda: [np.asarray(part) for part in jax.tree.leaves(jax.block_until_ready(program(*inputs)))]


def ways(name: str) -> list[str]:
    """Who can compute a loss here."""
    if name == "sigmoid":
        return ["definition", "ours"]
    try:
        from benchmarks import contrastive_loss_peer  # noqa: F401
    except ModuleNotFoundError:
        return ["definition", "ours"]
    return ["definition", "torch", "ours"]


def compare(name: str, count: int, rounds: int, names: list[str]) -> None:
    """Runs the ways in turn, ours last, and prints the medians of their times and how much faster ours is."""
    runs = {way: way_of(name, way, count) for way in names}
    ours = runs["ours"]()
    apart = {way: difference(run(), ours) for way, run in runs.items()}
    wall: dict[str, list[float]] = {way: [] for way in runs}
    busy: dict[str, list[float]] = {way: [] for way in runs}
    for _ in range(rounds):
        for way, run in runs.items():
            started, used = time.perf_counter(), time.process_time()
            run()
            wall[way].append(time.perf_counter() - started)
            busy[way].append(time.process_time() - used)
    print(f"{name}, {count} pairs; load of the machine {os.getloadavg()[0]:.1f}")
    for way in runs:
        clock, processor = (f"{1e3 * statistics.median(taken[way]):.1f} ms of" for taken in (wall, busy))
        print(f"  {way:10} {clock} clock, {processor} processor{plan(name, way, count)}", flush=True)
    for way in names[:-1]:
        line = f"  ours / {way}: {ratios(wall, way)} times as fast by the clock, {ratios(busy, way)} by the processor"
        print(f"{line}; apart by {apart[way]:.0e}", flush=True)


def ratios(taken: dict[str, list[float]], way: str) -> str:
    """The median of the rounds' ratios of a way's time to ours, and the ratio of the bests."""
    paired = statistics.median(a / b for a, b in zip(taken[way], taken["ours"], strict=True))
    return f"{paired:.2f} (bests {min(taken[way]) / min(taken['ours']):.2f})"


def difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """The largest difference of a number of the value or of a gradient, relative to the largest there."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(one, other, strict=True))


def plan(name: str, way: str, count: int) -> str:
    """The memory that XLA plans beside inputs and results; nothing of the kind is known of torch."""
    if way == "torch":
        return ""
    return f"; XLA's plan {compiled(name, way, count).memory_analysis().temp_size_in_bytes / 2**20:.0f} MiB"


def peak(name: str, way: str, count: int) -> str:
    """Memory and seconds of a first run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.contrastive_loss", "--alone", name, way, str(count)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def alone(name: str, way: str, count: int) -> None:
    """Prints how far the memory of this process rises during a run, and the seconds it takes."""
    run = way_of(name, way, count)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here; proc(5)
    before, started, used = memory("VmRSS"), time.perf_counter(), time.process_time()
    run()
    wall, busy = time.perf_counter() - started, time.process_time() - used
    print(f"{memory('VmHWM') - before:.2f} GiB, {wall:.1f} s of clock, {busy:.1f} s of processor{plan(name, way, count)}")


def memory(field: str) -> float:
    """A line of /proc/self/status, in GiB."""
    (found,) = re.findall(rf"{field}:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())
    return int(found) / 2**20


def main(rounds: int, counts: list[int]) -> None:
    """Prints a table for each loss and count, then the memory of each."""
    for name in FACTORS:
        for count in counts:
            compare(name, count, rounds if count > 4096 else 3 * rounds, ways(name))
    for name in FACTORS:
        for way in ways(name):
            print(f"{name}, {max(counts)} pairs, {way} in a process of its own: {peak(name, way, max(counts))}", flush=True)
        print(f"{name}, {LARGEST} pairs, ours in a process of its own: {peak(name, 'ours', LARGEST)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="thrice as many up to 4,096 pairs; default %(default)s")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="default %(default)s")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    environment.enter(config.section(environment.EnvironmentSettings, "environment").threads)
    if arguments.alone:
        alone(arguments.alone[0], arguments.alone[1], int(arguments.alone[2]))
    else:
        main(arguments.rounds, arguments.counts)
