"""One mesh of all devices of all processes, and where arrays lie on it.

A batch is cut along the mesh's only axis, `data`. Parameters are whole on every device, or cut along it too (fully sharded:
Rajbhandari et al. 2020, "ZeRO"; Zhao et al. 2023, "PyTorch FSDP"); the compiler puts in what then has to be exchanged. The same
program runs on one device, on several, in several processes.
"""

import contextlib
import functools
import hashlib
import math
import pathlib
from typing import Any, NamedTuple

import filelock
import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from clip_italian.errors import InputError

AXIS = "data"
SMALLEST_CUT = 1 << 16  # numbers: to exchange the parts of a smaller array takes longer than to have all of it everywhere


class Layout(NamedTuple):
    """Where the arrays of a training run lie."""

    mesh: Mesh
    sharded: bool  # whether parameters are cut; the optimiser's state always is

    def parameters(self, tree: Any) -> Any:
        """The sharding of each parameter."""
        return jax.tree.map(self._cut if self.sharded else self._whole, tree)

    def state(self, tree: Any) -> Any:
        """The sharding of each array of the optimiser's state."""
        return jax.tree.map(self._cut, tree)

    def gathered(self, tree: Any) -> Any:
        """Cut parameters, whole for as long as a step computes with them.

        Left to itself the compiler exchanges activations too, ten times as many bytes.
        """
        return jax.lax.with_sharding_constraint(tree, jax.tree.map(self._whole, tree)) if self.sharded else tree

    def batch(self, tree: Any) -> Any:
        """The sharding of each array of a batch: along its first axis; single numbers are everywhere."""
        return jax.tree.map(lambda leaf: self._on(PartitionSpec(AXIS) if np.ndim(leaf) else PartitionSpec()), tree)

    def _whole(self, leaf: Any) -> NamedSharding:
        del leaf
        return self._on(PartitionSpec())

    def _cut(self, leaf: Any) -> NamedSharding:
        """Along the longest axis that the devices divide; whole where there is none, or little to cut."""
        axes = [axis for axis, size in enumerate(leaf.shape) if size % self.mesh.size == 0]
        if self.mesh.size == 1 or math.prod(leaf.shape) < SMALLEST_CUT or not axes:
            return self._whole(leaf)
        longest = max(axes, key=lambda axis: leaf.shape[axis])
        return self._on(PartitionSpec(*[None] * longest, AXIS))

    def _on(self, spec: PartitionSpec) -> NamedSharding:
        return NamedSharding(self.mesh, spec)


def layout(sharded: bool = False) -> Layout:
    """All devices of all processes, in the order of the processes."""
    return Layout(jax.make_mesh((jax.device_count(),), (AXIS,), axis_types=(AxisType.Auto,)), sharded)


def check_batch(batch: int, parts: int = 1) -> None:
    """Raises InputError if the batch cannot be split equally over the devices, and each share into equal micro-batches."""
    devices = jax.device_count()
    if batch % (devices * parts):
        each = f", in {parts} micro-batches each" if parts > 1 else ""
        raise InputError(
            f"key `batch`: {batch} pairs are no equal shares for {devices} devices{each}; set a multiple of {devices * parts}"
        )


def own_rows(batch: int) -> slice:
    """The slice of a batch's rows that this process makes; raises InputError like `check_batch`."""
    check_batch(batch)
    share = batch // jax.process_count()
    return slice(share * jax.process_index(), share * (jax.process_index() + 1))


def own(batch: Any) -> Any:
    """The rows of a whole batch that this process makes."""
    return jax.tree.map(lambda leaf: leaf[own_rows(len(leaf))] if np.ndim(leaf) else leaf, batch)


def put_batch(batch: Any, layout: Layout) -> Any:
    """The global batch on the devices, from the rows that each process made."""
    if layout.mesh.size == 1:
        return batch  # where it goes in any case
    return jax.tree.map(jax.make_array_from_process_local_data, layout.batch(batch), batch)


def spread(arrays: Any) -> Any:
    """Arrays that all processes hold alike, with a part of their first axis on each device if the devices divide it."""
    mesh = layout().mesh
    if mesh.size == 1 or any(len(array) % mesh.size for array in arrays):
        return arrays
    return put(arrays, [NamedSharding(mesh, PartitionSpec(AXIS)) for _ in arrays])


def put(tree: Any, shardings: Any) -> Any:
    """Host arrays, which all processes hold alike, on the devices; copies, which a step may overwrite."""
    return jax.tree.map(lambda leaf, place: jax.make_array_from_callback(np.shape(leaf), place, _parts(leaf)), tree, shardings)


def _parts(leaf: Any) -> Any:
    host = np.asarray(leaf)
    return lambda index: host[index].copy()


@functools.cache
def _everywhere(mesh: Mesh) -> Any:
    return jax.jit(lambda leaf: leaf, out_shardings=NamedSharding(mesh, PartitionSpec()))


def fetch(tree: Any) -> Any:
    """Host copies of whole arrays, sharded or not; all processes must call it together."""

    def host(leaf: Any) -> np.ndarray:
        if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable and not leaf.is_fully_replicated:
            sharding: Any = leaf.sharding
            leaf = _everywhere(sharding.mesh)(leaf)
        return np.array(leaf)

    return jax.tree.map(host, tree)


def is_first() -> bool:
    """Whether this is the first process, the only one that writes files and prints."""
    return jax.process_index() == 0


def wait_for_all(name: str) -> None:
    """Waits until every process has called this."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def agreed(number: int) -> int:
    """The `number` of the first process, returned in every process."""
    return int(multihost_utils.broadcast_one_to_all(np.int64(number))) if jax.process_count() > 1 else number


# One process of a host compiles a program, so that the seeds of an arm, trained side by side, share one compilation.
def once(program: jax.stages.Lowered) -> None:
    """Compiles a program that is then called: a call finds it in memory.

    Where others compile the same at the time they wait, and read what this process left in JAX's persistent cache; with two cores
    three seeds would else take half as long again, each compiling for itself. Without such a cache, or where several processes
    compute together and wait for one another, each compiles for itself.
    """
    cache: str | None = jax.config.values["jax_compilation_cache_dir"]
    shared = cache and "://" not in cache and jax.process_count() == 1
    with filelock.FileLock(lock(pathlib.Path(cache), program)) if cache and shared else contextlib.nullcontext():
        program.compile()


def lock(cache: pathlib.Path, program: jax.stages.Lowered) -> pathlib.Path:
    """The file in JAX's cache, which has none of that form, that whoever compiles a program holds."""
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{hashlib.sha256(program.as_text().encode()).hexdigest()}.compiling"
