"""The most float32 operations a second of this machine, measured: what shares of the peak are shares of."""

import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp

SOURCE = pathlib.Path(__file__).with_suffix(".c")
SIDE, TIMES = 2048, 4  # of the matrices that stand in where there is no compiler


def program(folder: pathlib.Path, threads: int) -> tuple[str, Callable[[], float]]:
    """How it is measured, in words, and a function that measures it once, in operations a second."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return "by products of large matrices, as there is no C compiler", _products
    binary = folder / "fma_peak"
    subprocess.run([compiler, "-O3", "-march=native", "-pthread", SOURCE, "-o", binary], check=True)

    def measure() -> float:
        return float(subprocess.run([binary, str(threads)], check=True, capture_output=True, text=True).stdout)

    return "by chains of fused multiply-adds in C", measure


def _products() -> float:
    """By XLA, which comes within a twentieth of the peak where it has been measured."""
    matrix = jnp.ones((SIDE, SIDE)) / SIDE
    multiply = jax.jit(lambda x: x @ matrix)
    x = jax.block_until_ready(multiply(matrix))
    started = time.perf_counter()
    for _ in range(TIMES):
        x = multiply(x)
    jax.block_until_ready(x)
    return TIMES * 2 * SIDE**3 / (time.perf_counter() - started)
