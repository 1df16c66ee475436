"""The contrastive losses on 8 emulated devices: `python -m tests.helpers.many_devices` prints JSON for test_blockwise.py."""

import json
import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"

import re

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from clip_italian.training import loss, tiled_loss
from tests.helpers.contrastive_pairs import BIAS, SCALES, apart, pairs, with_gradients

DEVICES = 8
COUNTS = {8: None, 104: None, 536: 25}  # and the rows in a block, which do not divide the 67 that each device has
COLLECTIVES = re.compile(r" (all-gather|reduce-scatter|all-to-all|collective-permute|all-reduce)(?:-start)?\(")


def differences() -> dict[str, float]:
    """Of value and gradients from one device's full matrix, the largest for each loss, count and scale."""
    found = {}
    for count, rows in COUNTS.items():
        for scale in SCALES:
            for name, factors in {"contrastive": (scale,), "sigmoid": (scale, BIAS)}.items():
                inputs = *pairs(count), *factors
                ours = with_gradients(getattr(tiled_loss, name), inputs, rows=rows)
                found[f"{name}, {count} pairs, scale {scale}"] = apart(ours, with_gradients(getattr(loss, name), inputs))
    return found


def global_batch(mesh: jax.sharding.Mesh) -> dict[str, object]:
    """What the program of a batch of 90,112 pairs of 512 numbers is like, compiled and not run."""
    rows = jax.ShapeDtypeStruct((90_112, 512), jnp.float32, sharding=NamedSharding(mesh, PartitionSpec("data")))
    scale = jax.ShapeDtypeStruct((), jnp.float32, sharding=NamedSharding(mesh, PartitionSpec()))
    compiled = jax.jit(jax.value_and_grad(tiled_loss.contrastive, (0, 1, 2))).lower(rows, rows, scale).compile()
    specs = [sharding.spec for sharding in jax.tree.leaves(compiled.output_shardings)]
    return {
        "temporary": compiled.memory_analysis().temp_size_in_bytes,
        "collectives": sorted(set(COLLECTIVES.findall(compiled.as_text()))),
        "on rows": [spec == PartitionSpec("data") for spec in specs],
    }


def refusal() -> str:
    """What is said to a batch that the devices cannot share."""
    try:
        with_gradients(tiled_loss.contrastive, (*pairs(12), 20.0))
    except ValueError as error:
        return str(error)
    return ""


def main() -> None:
    """Prints all of it."""
    mesh = jax.make_mesh((DEVICES,), ("data",), axis_types=(AxisType.Auto,))
    with jax.set_mesh(mesh):
        print(json.dumps({"differences": differences(), "global": global_batch(mesh), "refusal": refusal()}))


if __name__ == "__main__":
    main()
