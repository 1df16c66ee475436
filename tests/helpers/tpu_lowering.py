"""The training step of profile `paper` for 8 emulated devices, not compiled: `python -m tests.helpers.tpu_lowering` prints JSON."""

import json
import re

import jax
import jax.numpy as jnp
from jax.sharding import AxisType

from benchmarks import tpu_cases
from benchmarks.tpu_cases import Case
from clip_italian.devices import AXIS
from clip_italian.training import loss

DEVICES, PAIRS = 8, 8192


def matrices(program: str) -> list[str]:
    """The arrays of a program that have the whole batch along two axes."""
    shapes = set(re.findall(r"tensor<([\dx]+)x[a-z]\w*>", program))
    return sorted(shape for shape in shapes if shape.split("x").count(str(PAIRS)) > 1)


def main() -> None:
    """Prints those of the step, and those of the loss as it is defined."""
    jax.config.update("jax_num_cpu_devices", DEVICES)
    mesh = jax.make_mesh((DEVICES,), (AXIS,), axis_types=(AxisType.Auto,))
    step = tpu_cases.lower(Case("v3-8", PAIRS, 16), mesh, tpu_cases.architecture())
    rows = jax.ShapeDtypeStruct((PAIRS, 512), jnp.float32)
    defined = jax.jit(jax.grad(loss.contrastive)).lower(rows, rows, 20.0)
    print(json.dumps({"in blocks": matrices(step.as_text()), "by the definition": matrices(defined.as_text())}))


if __name__ == "__main__":
    main()
