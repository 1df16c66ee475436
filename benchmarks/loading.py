"""How much memory loading a checkpoint takes, beside transformers.

`make parity`'s environment has what it needs: `python -m benchmarks.loading`. A folder as large as CLIP-Italian's with random
weights is loaded by `clip_italian.load` and by transformers' VisionTextDualEncoderModel.from_pretrained, each in a process of
its own, from each kind of file. Counted is the largest resident memory during the loading and one reading of every weight, over
what the process has after its imports (Linux's VmHWM, set back just before). The weights themselves are in it and stay, so 1.0
is the least there can be. Without the reading, a library that maps the file would seem to need nothing.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

import torch
import transformers

from benchmarks import real_size

KINDS = {"safetensors": "model.safetensors", "bin": "pytorch_model.bin", "msgpack": "flax_model.msgpack"}
MIB = 1 << 20


def write(folder: pathlib.Path, kind: str) -> None:
    """A folder whose weights lie in one file of that kind."""
    real_size.write(folder)
    if kind == "safetensors":
        return
    path = folder / KINDS["safetensors"]
    if kind == "bin":
        from safetensors.torch import load_file

        torch.save(load_file(path), folder / KINDS["bin"])
    else:
        from flax import serialization

        from clip_italian.checkpoints import layouts

        params = layouts.find(folder).params()
        (folder / KINDS["msgpack"]).write_bytes(serialization.msgpack_serialize(_nested(params)))
    path.unlink()


def _nested(params: dict) -> dict:
    """Our parameters, whose names have dots, as Flax's modules nest them."""
    nested: dict = {}
    for name, value in params.items():
        *outer, last = name.split(".")
        inner = nested
        for part in outer:
            inner = inner.setdefault(part, {})
        if isinstance(value, dict):
            inner.setdefault(last, {}).update(_nested(value))
        else:
            inner[last] = value.__array__()
    return nested


def peak(load: Callable[[], Any], arrays: Callable[[Any], Iterable[Any]]) -> int:
    """The bytes that loading adds to the process at most; `arrays` gives the weights of what was loaded."""
    before = resident("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # Linux: the largest so far is forgotten
    model = load()
    for array in arrays(model):
        array.sum()
    return resident("VmHWM") - before


def resident(kind: str) -> int:
    """A line of Linux's account of this process, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024
    raise AssertionError(kind)


def ours(folder: pathlib.Path) -> int:
    """The peak of `clip_italian.load`."""
    import jax

    import clip_italian

    jax.numpy.zeros(1).block_until_ready()
    _ = transformers.AutoConfig, transformers.AutoTokenizer  # imports, and so is the first array
    return peak(lambda: clip_italian.load(folder), lambda clip: jax.tree.leaves(clip.params))


def theirs(folder: pathlib.Path) -> int:
    """The peak of transformers' from_pretrained."""
    load = transformers.VisionTextDualEncoderModel.from_pretrained
    return peak(lambda: load(folder), lambda model: (parameter.detach() for parameter in model.parameters()))


def main() -> None:
    """Prints a table."""
    for kind, name in KINDS.items():
        with tempfile.TemporaryDirectory() as temporary:
            write(pathlib.Path(temporary), kind)
            size = (pathlib.Path(temporary) / name).stat().st_size
            print(f"{name}, {size / MIB:.0f} MiB", flush=True)
            for who in ("ours", "theirs"):
                command = [sys.executable, "-m", "benchmarks.loading", "--measure", who, temporary]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(f"  {who:6} cannot read it: {done.stderr.strip().splitlines()[-1]}", flush=True)
                    continue
                taken = int(done.stdout.split()[-1])
                print(f"  {who:6} at most {taken / MIB:6.0f} MiB more, {taken / size:.2f} times the file", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", nargs=2, metavar=("WHO", "FOLDER"), help="in this process: `ours` or `theirs`; prints bytes")
    arguments = parser.parse_args()
    if arguments.measure:
        who, folder = arguments.measure
        print({"ours": ours, "theirs": theirs}[who](pathlib.Path(folder)))
    else:
        main()
