"""Exact ranks beside the way of 2021 and beside faiss, and how much memory they take: `python -m benchmarks.ranks`.

faiss-cpu is in requirements-parity.lock; without it the last comparison is left out, and the command says so. All use the same two
cores and take turns within one process on random unit vectors of 512 numbers. Compilation is left out, as is warming up; the
processor's time tells more than the clock's where other programs run at the same time.

* notebook: 8,486 captions and 1,696 pictures, five captions a picture, the size of `mscoco-it/published`. Ours gives MRR@1, @5 and
  @10 and hits@100 from one pass. CLIP-Italian's evaluation/CLIP_Image_Retrieval_and_MRR.ipynb multiplies all captions with all
  pictures once for each of the four and sorts every row of the product; so does `as_in_2021`, in words of our own.
* faiss: 40,000 captions and 5,000 pictures. faiss's exact index of inner products gives the ten best pictures of each caption,
  from which MRR@10 and recall@10 follow but no rank beyond; ours gives every rank.
* large: 200,000 captions and 50,000 pictures, ours alone; memory is the peak of the process beyond what it had with the vectors.
"""

import argparse
import os
import pathlib
import re
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from clip_italian.evaluation import metrics, scoring
from clip_italian.evaluation.ranks import Relevant, ranks

CORES, WIDTH = 2, 512
# Threads that wait for each other busily would count as work on a machine that others use.
SETTINGS = {"NPROC": str(CORES), "OMP_NUM_THREADS": str(CORES), "OPENBLAS_NUM_THREADS": str(CORES), "OMP_WAIT_POLICY": "passive"}
CUTOFFS, HITS = (1, 5, 10), 100
Vectors = Float[np.ndarray, "n 512"]
Owners = Int[np.ndarray, " n"]


def vectors(count: int, seed: int) -> Vectors:
    """Random unit vectors."""
    rows = np.random.default_rng(seed).standard_normal((count, WIDTH), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ours(captions: Vectors, pictures: Vectors, owner: Owners) -> list[float]:
    """MRR@1, @5 and @10 and hits@100."""
    rank = ranks(captions, pictures, Relevant.single(owner), scoring.BLOCK).pessimistic
    return [*(metrics.mrr_at(rank, k) for k in CUTOFFS), metrics.recall_at(rank, HITS)]


def as_in_2021(captions: Vectors, pictures: Vectors, owner: Owners) -> list[float]:
    """The same numbers by a product and a sort of all of its rows for each of them."""
    names = [f"photos/val2014/{number}.jpg" for number in range(len(pictures))]

    def mean(k: int, gain: Callable[[int], float]) -> float:
        collected = []
        for row, scores in enumerate(captions @ pictures.T):
            best = [names[place] for place in scores.argsort()[-k:][::-1]]
            own = names[owner[row]]
            collected.append(gain(best.index(own)) if own in best else 0.0)
        return float(np.mean(collected))

    return [*(mean(k, lambda place: 1 / (place + 1)) for k in CUTOFFS), mean(HITS, lambda place: 1.0)]


def by_faiss(captions: Vectors, pictures: Vectors, owner: Owners) -> list[float]:
    """MRR@1, @5 and @10 from the ten best of faiss's exact index."""
    import faiss

    index = faiss.IndexFlatIP(WIDTH)
    index.add(pictures)
    _, best = index.search(captions, CUTOFFS[-1])
    hit = best == owner[:, None]
    rank = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, len(pictures))
    return [metrics.mrr_at(rank, k) for k in CUTOFFS]


def compare(name: str, captions: int, pictures: int, peer: Callable[..., list[float]], rounds: int) -> None:
    """Runs the peer and ours in turn and prints the medians and their ratios."""
    text, image, owner = vectors(captions, 0), vectors(pictures, 1), np.arange(captions, dtype=np.int32) % pictures
    # Captions near their own pictures, so that the ranks are those of a trained model rather than of chance.
    text = (text + 0.1 * image[owner]).astype(np.float32)
    ways = {name: peer, "ours": ours}
    values = {way: run(text, image, owner) for way, run in ways.items()}
    apart = max(abs(a - b) for a, b in zip(values[name], values["ours"], strict=False))
    wall: dict[str, list[float]] = {way: [] for way in ways}
    busy: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            started, used = time.perf_counter(), time.process_time()
            run(text, image, owner)
            wall[way].append(time.perf_counter() - started)
            busy[way].append(time.process_time() - used)
    print(f"{name}, {captions} x {pictures}; load of the machine {os.getloadavg()[0]:.1f}; metrics apart by {apart:.0e}")
    for what, seconds in (("clock", wall), ("processor", busy)):
        middle, least = ({way: choose(taken) for way, taken in seconds.items()} for choose in (statistics.median, min))
        paired = statistics.median(a / b for a, b in zip(seconds[name], seconds["ours"], strict=True))
        line = f"  {what:9} {name} {middle[name]:.2f} s, ours {middle['ours']:.2f} s: {middle[name] / middle['ours']:.2f} times"
        print(f"{line} as fast (median of the rounds' ratios {paired:.2f}, bests {least[name] / least['ours']:.2f})", flush=True)


def large(captions: int, pictures: int) -> None:
    """Ranks many captions once and prints the seconds and the memory."""
    text, image, owner = vectors(captions, 0), vectors(pictures, 1), np.arange(captions, dtype=np.int32) % pictures
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here; proc(5)
    before, started, used = _memory("VmRSS"), time.perf_counter(), time.process_time()
    ours(text, image, owner)
    wall, busy = time.perf_counter() - started, time.process_time() - used
    rate = 2 * captions * pictures * WIDTH / wall / 1e9
    print(f"large, {captions} x {pictures}; load of the machine {os.getloadavg()[0]:.1f}")
    memory = _memory("VmHWM") - before
    print(f"  {wall:.1f} s by the clock, {busy:.1f} s of processor, {rate:.0f} GF/s; {memory:.2f} GiB more", flush=True)


def _memory(field: str) -> float:
    """A line of /proc/self/status, in GiB."""
    (found,) = re.findall(rf"{field}:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())
    return int(found) / 2**20


def main(rounds: int, skip_large: bool) -> None:
    """Prints all three."""
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):  # libraries read them when they are loaded
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.ranks", *sys.argv[1:]], os.environ | SETTINGS)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    compare("notebook", 8486, 1696, as_in_2021, rounds)
    try:
        compare("faiss", 40_000, 5_000, by_faiss, rounds)
    except ModuleNotFoundError:
        print("faiss: not installed; `pip install --no-deps --require-hashes -r requirements-parity.lock`")
    if not skip_large:
        large(200_000, 50_000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s")
    parser.add_argument("--skip-large", action="store_true", help="leave out the largest, which takes a minute")
    arguments = parser.parse_args()
    main(arguments.rounds, arguments.skip_large)
