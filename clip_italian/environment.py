"""The process environment that the bits of a result depend on, fixed in one place.

A stage calls `enter()` before it imports jax. If the process was started with other settings, it replaces itself by the
same command with the right ones, so a bare `dvc repro` computes what `make repro` computes.
"""

import contextlib
import ctypes
import os
import pathlib
import signal
import sys
from collections.abc import Iterator

import filelock

from clip_italian.config import Settings
from clip_italian.errors import InputError

FIXED = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # XLA on the CPU is slowed by page faults on fresh buffers: keep the arena, ask for huge pages. One arena, for those of threads
    # hold no large buffers: they come from the system and go back after each step.
    "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:"
    "glibc.malloc.top_pad=268435456:glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TOKENIZERS_PARALLELISM": "false",
    # Also what compiles in a fraction of a second is kept: a stage compiles a hundred such programs.
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Nothing of the default profile needs a network, and nobody is told about a run.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
# Compilation costs seconds a process; the cache is shared by all stages and holds no results.
COMPILATION_CACHE = pathlib.Path(".state/jax")
LOCKS = pathlib.Path(".state/locks")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class EnvironmentSettings(Settings):
    """Section `environment` of a profile."""

    # XLA:CPU splits work by the size of its thread pool, and another split rounds differently: part of the bits.
    threads: int  # of a stage that is one process
    cell_threads: int  # of each of the processes that a stage runs side by side


def variables(threads: int) -> dict[str, str]:
    """Every environment variable that a process of the study is given, with `threads` threads for XLA:CPU."""
    return FIXED | {"NPROC": str(threads), "JAX_COMPILATION_CACHE_DIR": str(COMPILATION_CACHE.absolute())}


def enter(threads: int) -> None:
    """Makes this process one whose results repeat: re-executes it with `variables` if need be; it dies with its parent."""
    die_with_parent()
    if not is_entered(threads):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **variables(threads)})


def is_entered(threads: int) -> bool:
    """Whether this process was started with `variables(threads)`."""
    return all(os.environ.get(name) == value for name, value in variables(threads).items())


def die_with_parent() -> None:
    """Asks Linux to kill this process when its parent dies, so that a killed `dvc repro` leaves nothing behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_worker() -> None:
    """For a worker process: it dies with its parent, and ^C, which reaches both, is the parent's to answer."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Holds the lock of that name; raises InputError with the holder's process id when another process has it."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    path = LOCKS / f"{name}.lock"
    try:
        held = filelock.FileLock(path, timeout=0).acquire()
    except filelock.Timeout:
        holder = path.read_text().strip() or "unknown"
        raise InputError(f"{path}: `{name}` is already running as process {holder}; wait for it or stop it") from None
    with held:
        path.write_text(str(os.getpid()))
        yield
