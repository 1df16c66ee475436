"""One process of a host compiles at a time, so that the seeds of an arm, trained side by side, share one compilation."""

import contextlib
import fcntl
import pathlib

import jax

LOCK = "compiling.lock"  # in JAX's cache, which has no file of that form


def once(program: jax.stages.Lowered) -> None:
    """Compiles a program that is then called: a call finds it in memory.

    Where others compile the same at the time they wait, and read what this process left in JAX's persistent cache; with two cores
    three seeds would else take half as long again, each compiling for itself. Without such a cache, or where several processes
    compute together and wait for one another, each compiles for itself.
    """
    cache: str | None = jax.config.values["jax_compilation_cache_dir"]
    with contextlib.ExitStack() as held:
        if cache and "://" not in cache and jax.process_count() == 1:
            pathlib.Path(cache).mkdir(parents=True, exist_ok=True)
            fcntl.flock(held.enter_context(open(pathlib.Path(cache, LOCK), "w")), fcntl.LOCK_EX)
        program.compile()
