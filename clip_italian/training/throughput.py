"""Training throughput, for the terminal and for provenance; never for the journal, which must repeat byte for byte."""

import json
import pathlib
import resource
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import jax

from clip_italian import files

T = TypeVar("T")
FILE = "pace.jsonl"
# Peak FLOP/s of one device in bfloat16 without sparsity, by `jax.Device.device_kind`. Sources: Google Cloud's pages on TPU
# versions; NVIDIA's data sheets of the A100, the H100 SXM and the H200.
PEAKS = {
    "TPU v3": 61.5e12,
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5p": 459e12,
    "TPU v6 lite": 918e12,
    "NVIDIA A100-SXM4-40GB": 312e12,
    "NVIDIA A100-SXM4-80GB": 312e12,
    "NVIDIA H100 80GB HBM3": 989.4e12,
    "NVIDIA H200": 989.4e12,
}


class Meter:
    """Measures the throughput of a training run between validations, whose time is not counted."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._path = folder / FILE
        self.begin()

    def begin(self) -> None:
        """Starts an interval."""
        self._started, self._stalled, self._examples, self._steps, self._flops = time.perf_counter(), 0.0, 0, 0, 0.0

    def waiting(self, batches: Iterator[T]) -> Iterator[T]:
        """Yields the same batches and adds up the time spent waiting for them."""
        while True:
            before = time.perf_counter()
            batch = next(batches, None)
            self._stalled += time.perf_counter() - before
            if batch is None:
                return
            yield batch

    def step(self, examples: int, flops: float) -> None:
        """Counts an update of `examples` examples and `flops` floating-point operations of the model."""
        self._examples, self._steps, self._flops = self._examples + examples, self._steps + 1, self._flops + flops

    def end(self, step: int) -> dict[str, float]:
        """Ends the interval; returns its throughput and appends it to the run's file. Call it when the devices have finished."""
        seconds = time.perf_counter() - self._started
        row = {
            "step": step,
            "seconds": seconds,
            "pairs_per_second": self._examples / seconds,
            "step_seconds": seconds / max(self._steps, 1),
            "stalled_share": self._stalled / seconds,
            **_memory(),
        }
        if self._flops:
            row["model_flops_per_second"] = self._flops / seconds
            if peak := PEAKS.get(jax.devices()[0].device_kind):
                row["model_flops_utilisation"] = self._flops / seconds / (peak * jax.device_count())
        if jax.process_index() == 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a") as file:
                file.write(json.dumps(row) + "\n")
        return row


def _memory() -> dict[str, float]:
    """The peak memory in bytes: of this process, and of its first device if the device reports it."""
    host = {"host_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    device: Any = jax.local_devices()[0].memory_stats() or {}
    return host | ({"device_bytes": device["peak_bytes_in_use"]} if "peak_bytes_in_use" in device else {})


def summary(state: pathlib.Path) -> dict[str, dict[str, float]]:
    """The throughput of every run below the folder `state`, averaged over its intervals, by the run's relative path."""
    found = [path for path in files.files_below(state) if path.name == FILE] if state.exists() else []
    return {path.parent.relative_to(state).as_posix(): _averaged(path) for path in found}


def _averaged(path: pathlib.Path) -> dict[str, float]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    seconds = sum(row["seconds"] for row in rows)
    most = {name: max(row[name] for row in rows) for name in ("host_bytes", "device_bytes") if name in rows[0]}
    shares = [name for name in rows[0] if name not in most and name not in ("step", "seconds")]
    means = {name: sum(row[name] * row["seconds"] for row in rows if name in row) / seconds for name in shares}
    return {"seconds": seconds, **means, **most}
