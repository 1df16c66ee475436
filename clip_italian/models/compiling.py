"""One process of a host compiles a program, so that the seeds of an arm, trained side by side, share one compilation."""

import contextlib
import fcntl
import hashlib
import pathlib

import jax


def once(program: jax.stages.Lowered) -> None:
    """Compiles a program that is then called: a call finds it in memory.

    Where others compile the same at the time they wait, and read what this process left in JAX's persistent cache; with two cores
    three seeds would else take half as long again, each compiling for itself. Without such a cache, or where several processes
    compute together and wait for one another, each compiles for itself.
    """
    cache: str | None = jax.config.values["jax_compilation_cache_dir"]
    with contextlib.ExitStack() as held:
        if cache and "://" not in cache and jax.process_count() == 1:
            fcntl.flock(held.enter_context(open(lock(pathlib.Path(cache), program), "w")), fcntl.LOCK_EX)
        program.compile()


def lock(cache: pathlib.Path, program: jax.stages.Lowered) -> pathlib.Path:
    """The file in JAX's cache, which has none of that form, that whoever compiles a program holds."""
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{hashlib.sha256(program.as_text().encode()).hexdigest()}.compiling"
