"""Our training step beside what one would run instead: CLIP-Italian's own code of 2021 in Flax, and transformers in torch.

`python -m benchmarks.train_step --size b32`. `make parity`'s two environments have the peers; a side whose environment is missing
is left out, and the command says so. Ours and a peer are processes of their own, started with the variables that ours has
(`environment.variables`: two threads, the same allocator); they take turns, and the one that waits does nothing. All have the same
random weights and the same batch, and the command ends unless their first losses are the same, dropout off.

* bench-64: towers of the form of ViT-B/32 and BERT-base and a fortieth of their size (`frozen_phase.PLAIN`), 64 pixels, 32 tokens,
  256 pairs.
* b32: CLIP-Italian's own size, 224 pixels, 16 pairs; needs 16 GB of memory. In 2021 all texts were padded to 96 tokens; ours pads
  them to the longest of a batch, of which three cases are timed: 96, 32 and 16.
* gpu: the same model in bfloat16 with 1,024 pairs, for one GPU, beside torch with and without its compiler. It needs jax and torch
  as built for CUDA. The peak is that of the GPU's data sheet. It has not been run on a GPU yet.
* mini: the model and the batch of profile mini, which transformers has no form of: ours alone.

Like is not quite compared with like. Ours has AdaBelief and adaptive clipping and no dropout; `flax as in 2021` the same with
dropout of 0.1 in the text tower; torch fused AdamW, and no dropout. Ours turns bytes into the tower's units within the step, the
peers have got them so. Operations are those of the matrix products, a step having three times those of its forward pass.

A ratio is to ours in the same dtype, and the median over rounds, in each of which a side has one turn after the other's. Other
programs on the machine change the seconds; the processor's seconds are changed less, though those of torch contain its threads'
waiting for each other.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from benchmarks import fma_peak, train_step_ours, train_step_sizes
from benchmarks.train_step_sizes import Size
from benchmarks.turns import Side, Taken
from clip_italian import environment
from clip_italian.training import throughput

CORES = 2
APART = 1e-4  # the most by which a loss may differ from ours
APART_BFLOAT16 = 3e-2
ROOT = pathlib.Path(__file__).parents[1]
PEERS = {"flax": ROOT / ".venv-transformers-4", "torch": ROOT / ".venv-parity"}


class Entry(NamedTuple):
    """A line of the table."""

    name: str
    side: Side
    length: int  # tokens that its texts are padded to

    @property
    def loss(self) -> float:
        """Before the first step."""
        return self.side.losses[self.name]

    @property
    def rounded(self) -> bool:
        """Whether it is in bfloat16."""
        return "bfloat16" in self.name


def entries(name: str, of: Size, folder: pathlib.Path, pythons: dict[str, pathlib.Path]) -> list[Entry]:
    """Starts the sides, one after the other; ours first."""
    variables = environment.variables(CORES) | {"OMP_NUM_THREADS": str(CORES), "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    ours = Side([sys.executable, "-m", "benchmarks.train_step_ours", name], variables)
    found = [Entry(way, ours, length) for way, (_, length) in train_step_ours.names(of).items()]
    for peer, python in pythons.items():
        side = Side([str(python), "-m", f"benchmarks.train_step_{peer}_peer", str(folder)], variables)
        found += [Entry(way, side, of.lengths[0]) for way in side.losses]
    return found


def check(found: list[Entry]) -> None:
    """Ends the program unless all compute the same loss."""
    for entry in found[1:]:
        apart, most = abs(entry.loss - found[0].loss), APART_BFLOAT16 if entry.rounded else APART
        print(f"{entry.name}: first loss {entry.loss:.5f}, ours {found[0].loss:.5f}, apart by {apart:.0e}")
        if not apart <= most:
            sys.exit(f"{entry.name} trains another function: its first loss is apart by more than {most:.0e}")


def timed(found: list[Entry], rounds: int, steps: int, peak: Callable[[], float]) -> tuple[list[list[Taken]], float]:
    """What each took in each round, and the best of the peaks measured before each."""
    taken: list[list[Taken]] = [[] for _ in found]
    peaks = []
    for _ in range(rounds):
        peaks.append(peak())
        for entry, all_taken in zip(found, taken, strict=True):
            all_taken.append(entry.side.turn(entry.name, steps))
    return taken, max(peaks)


def report(of: Size, found: list[Entry], taken: list[list[Taken]], peak: float) -> None:
    """Prints the table, and each line's ratio to ours of the same dtype at full length."""
    print(f"{'':26} pairs/s median   best    GF/s   share of peak   processor s/step   ours at full length: times as fast")
    for entry, rounds in zip(found, taken, strict=True):
        middle, best = _seconds(rounds, statistics.median), _seconds(rounds, min)
        rate = of.batch * train_step_sizes.operations(of, entry.length) / middle
        processor = min(min(turn.processor) for turn in rounds)
        ours = next(first for other, first in zip(found, taken, strict=True) if other.rounded == entry.rounded)
        line = f"{entry.name:26} {of.batch / middle:14.2f} {of.batch / best:6.2f} {rate / 1e9:7.1f}   {rate / peak:12.0%}"
        print(f"{line} {processor:18.3f}   {_ratios(rounds, ours)}")


def _seconds(rounds: list[Taken], of: Callable[[list[float]], float]) -> float:
    return of([seconds for turn in rounds for seconds in turn.clock])


def _ratios(theirs: list[Taken], ours: list[Taken]) -> str:
    """How many times as long it takes as ours: round by round, the bests, and the processor's."""
    pairs = zip(theirs, ours, strict=True)
    rounds = statistics.median(statistics.median(a.clock) / statistics.median(b.clock) for a, b in pairs)
    best = _seconds(theirs, min) / _seconds(ours, min)
    processor = min(min(turn.processor) for turn in theirs) / min(min(turn.processor) for turn in ours)
    return f"{rounds:.2f} (bests {best:.2f}, processor {processor:.2f})"


def present(of: Size, pythons: dict[str, pathlib.Path]) -> dict[str, pathlib.Path]:
    """The peers of a size that there are."""
    found = {peer: pythons[peer] for peer in of.peers if pythons[peer].exists()}
    for peer in (peer for peer in of.peers if peer not in found):
        print(f"No {pythons[peer]}: {peer} is left out; `make parity` makes it, or give an interpreter with --{peer}.")
    return found


def peak_of_gpu() -> tuple[str, Callable[[], float]]:
    """What jax's first device does by its data sheet; asked in another process, which gives the GPU back."""
    program = "import jax; print(jax.devices()[0].device_kind)"
    kind = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    if kind not in throughput.PEAKS:
        sys.exit(f"size gpu: jax runs on `{kind}`, no GPU whose peak is known; see benchmarks/train_step.py for what is needed")
    return f"by the data sheet of {kind}", lambda: throughput.PEAKS[kind]


def compare(name: str, of: Size, folder: pathlib.Path, pythons: dict[str, pathlib.Path], rounds: int, steps: int) -> None:
    """Ours beside some peers, all of which are in memory at once."""
    how, peak = peak_of_gpu() if name == "gpu" else fma_peak.program(folder, CORES)
    found = entries(name, of, folder, pythons)
    check(found)
    taken, most = timed(found, rounds, steps, peak)
    for side in {id(entry.side): entry.side for entry in found}.values():
        side.end()
    print(f"peak {most / 1e9:.0f} GF/s, {how}; load of the machine {os.getloadavg()[0]:.1f}")
    report(of, found, taken, most)


def main(name: str, rounds: int, steps: int, pythons: dict[str, pathlib.Path]) -> None:
    """Compares ours with one peer after the other."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    of = train_step_sizes.size(name)
    work = " ".join(f"{train_step_sizes.operations(of, length) / 1e9:.4g}" for length in of.lengths)
    tokens = " ".join(map(str, of.lengths))
    print(f"{name}: {of.batch} pairs a step, {work} GF a pair at {tokens} tokens, {rounds} rounds of {steps} steps")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        if of.peers:
            # In a process that gives its memory back.
            with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                pool.submit(train_step_sizes.write, of, folder).result()
        for some in [{peer: python} for peer, python in present(of, pythons).items()] or [{}]:
            compare(name, of, folder, some, rounds, steps)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["bench-64", "b32", "gpu", "mini"], default="bench-64", help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s")
    parser.add_argument("--steps", type=int, default=3, help="in a turn; default %(default)s")
    for peer, folder in PEERS.items():
        python = folder / "bin/python"
        parser.add_argument(f"--{peer}", type=pathlib.Path, default=python, metavar="PYTHON", help="default %(default)s")
    arguments = parser.parse_args()
    main(arguments.size, arguments.rounds, arguments.steps, {peer: getattr(arguments, peer) for peer in PEERS})
