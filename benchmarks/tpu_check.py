"""Whether the training step of profile `paper` compiles for slices of TPUs, fits, and what it takes: `make tpu-check`.

libtpu compiles for chips that are not there. The step is `loop.train_step`, with the profile's model, optimiser and loss, its batch
and its optimiser's state cut among the devices of a slice; `tpu_cases` makes it, and it is compiled and never run. Counted is what
a device needs of HBM, and what it computes, reads, writes and sends in a step. That is held against docs/tpu.json: the command
fails where a case no longer compiles or fits, or where arithmetic, memory or exchanges are not as they were written down there.

By default that is a short list, compiled with the compiler's least effort: a third of the time, and programs that need more memory
than they will. `--thorough` compiles as a run on TPUs would, `--all` takes all cases, `--write` writes down what is found, in
docs/tpu.json and in the table of docs/tpu.md.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import re
import sys
import time
from typing import Any

# Before libtpu is loaded: it asks whoever runs the machine's TPUs, of which there are none.
os.environ |= {
    "JAX_PLATFORMS": "cpu",
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v4-8",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}

import jax  # noqa: E402
import numpy as np  # noqa: E402
from jax.experimental import topologies  # noqa: E402
from jax.sharding import AxisType, Mesh  # noqa: E402

from benchmarks import tpu_cases, tpu_program, tpu_table  # noqa: E402
from benchmarks.tpu_cases import Case  # noqa: E402
from benchmarks.tpu_chips import CHIPS, SLICES, Slice  # noqa: E402
from clip_italian.devices import AXIS  # noqa: E402

LEAST = {"exec_time_optimization_effort": -1.0}
NEEDED = re.compile(r"(?:Used |temporaries \()([\d.]+)([GM])")  # the compiler's two ways to say that it is too much
TOLERANCES = {"flops": 0.02, "memory": 0.05, "sent": 0.1}  # shares by which facts may be apart


def devices(slice_: Slice) -> Mesh:
    """A mesh of a slice's devices, which need not exist."""
    options = {"chip_config_name": "megacore"} if slice_.chip == "v4" else {}
    found = topologies.get_topology_desc(slice_.topology, platform="tpu", **options).devices
    kind = CHIPS[slice_.chip].kind
    assert len(found) == slice_.devices and found[0].device_kind == kind, f"{len(found)} of {found[0].device_kind}, not {kind}"
    return Mesh(np.array(found), (AXIS,), axis_types=(AxisType.Auto,))


def facts(case: Case, thorough: bool) -> dict[str, Any]:
    """What the compiler makes of a case."""
    mesh = devices(SLICES[case.slice])
    lowered, started = tpu_cases.lower(case, mesh, tpu_cases.architecture()), time.perf_counter()
    try:
        compiled = lowered.compile(compiler_options=None if thorough else LEAST)
    except jax.errors.JaxRuntimeError as error:
        return {"fits": False, "memory": _needed(error), "seconds": round(time.perf_counter() - started)}
    memory, program = compiled.memory_analysis(), tpu_program.read(compiled.as_text())
    sent = tpu_program.exchanged(program, mesh.size)
    arguments = memory.argument_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes
    return {
        "fits": True,
        "memory": arguments + memory.temp_size_in_bytes + memory.generated_code_size_in_bytes,
        "arguments": arguments,
        "temporary": memory.temp_size_in_bytes,
        "code": memory.generated_code_size_in_bytes,
        "flops": round(compiled.cost_analysis()["flops"]),
        "moved": round(tpu_program.moved(program)),
        "sent": round(sent.bytes),
        "collectives": sent.times,
        "cycles": tpu_program.cycles(program),
        "seconds": round(time.perf_counter() - started),
    }


def _needed(error: Exception) -> int:
    """Bytes that a program that does not fit would need; raises the error again where it is another."""
    found = NEEDED.search(str(error))
    if not found:
        raise error
    return round(float(found[1]) * {"G": 1 << 30, "M": 1 << 20}[found[2]])


def apart_from_here(case: Case, thorough: bool) -> dict[str, Any]:
    """The same in a process of its own, which gives its memory back: gigabytes a case."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(facts, case, thorough).result()


def differences(found: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """In what two compilations of a case are apart."""
    if found["fits"] != known["fits"]:
        return [f"{'fits' if found['fits'] else 'does not fit'} ({found['memory'] / 1e9:.2f} GB)"]
    if not found["fits"]:
        return []
    apart = [
        f"{name} is {found[name]:.4g}, was {known[name]:.4g}"
        for name, share in TOLERANCES.items()
        if abs(found[name] - known[name]) > share * known[name]
    ]
    kinds = [sorted(one["collectives"]) for one in (found, known)]
    return apart + ([f"exchanges by {kinds[0]}, was {kinds[1]}"] if kinds[0] != kinds[1] else [])


def main(thorough: bool, everything: bool, write: bool, only: str) -> int:
    """Compiles, compares, prints; returns how many cases are not as they were."""
    known = tpu_table.read()
    effort, changed = "thorough" if thorough else "least", int(known["step"] != tpu_cases.step() and not write)
    if changed:
        print("profile `paper` trains another model or with another optimiser than was written down; run with --all --write")
    for case in (case for case in tpu_cases.CASES if (everything or case in tpu_cases.SHORT) and only in case.name):
        print(f"{case.name} ...", end=" ", flush=True)
        found = apart_from_here(case, thorough)
        before = known["cases"].get(case.name, {}).get(effort)
        apart = differences(found, before) if before else ["was not written down"]
        changed += bool(apart)
        print(f"{found['memory'] / 1e9:.2f} GB, {found['seconds']} s; {'; '.join(apart) or 'as it was'}", flush=True)
        if write:
            tpu_table.add(case, effort, found)
    return 0 if write else changed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thorough", action="store_true", help="compile as a run would: minutes a case")
    parser.add_argument("--all", action="store_true", help="all cases, not the short list")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--write", action="store_true", help="write down what is found")
    given = parser.parse_args()
    sys.exit(1 if main(given.thorough, given.all, given.write, given.only) else 0)
