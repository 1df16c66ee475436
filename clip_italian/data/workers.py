"""Maps a function over many items by processes of this host or by Ray, with the same results, in order, in bounded memory.

Items are read from the iterable only as results are consumed, so there may be more than fit into memory. If a process is
killed, for lack of memory or with its host, another one repeats its unfinished items. An item whose process is killed every
time raises an error that names it.
"""

import collections
import concurrent.futures
import itertools
import multiprocessing
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal, TypeVar

import pydantic

from clip_italian import environment
from clip_italian.config import Settings
from clip_italian.errors import InputError

AHEAD = 2  # submitted items per worker, so that none is idle while the caller uses a result
ATTEMPTS = 2  # the first kill may be due to the host; the second with the same item is due to the item
OBJECT_STORE = 256 << 20  # bytes of Ray's shared memory on this host; results are small, large data is written to files

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkersSettings(Settings):
    """Section `workers` of a profile, which changes no result."""

    kind: Literal["processes", "ray"]
    count: int = pydantic.Field(gt=0)  # of processes, or of CPUs used on a running Ray cluster
    address: str | None  # of a running Ray cluster, `host:port` or `auto`; null starts one on this host


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    settings: WorkersSettings,
    name: Callable[[Item], str] = str,
) -> Iterator[Result]:
    """Yields `function(item)` of every item, in order; an exception of the function is raised instead of its result.

    Function, items and results are pickled. `name` gives an item's name for errors. Raises InputError if an item's process was
    killed ATTEMPTS times, or if Ray is not installed.
    """
    by = _by_ray if settings.kind == "ray" else _by_processes
    return by(function, items, settings, name)


def parts(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yields the items in tuples of `size`."""
    source = iter(items)
    while part := tuple(itertools.islice(source, size)):
        yield part


def _by_processes(
    function: Callable[[Item], Result], items: Iterable[Item], settings: WorkersSettings, name: Callable[[Item], str]
) -> Iterator[Result]:
    source, waiting = iter(items), collections.deque[tuple[Item, Future[Result]]]()
    pool = _pool(settings.count)
    try:
        while True:
            for item in itertools.islice(source, AHEAD * settings.count - len(waiting)):
                waiting.append((item, _submitted(pool, function, item)))
            if not waiting:
                return
            if isinstance(waiting[0][1].exception(), BrokenProcessPool):
                # All submitted items are lost, and it is unknown which one's process was killed, so each runs again alone.
                waiting = collections.deque((item, _again(function, item, future, name)) for item, future in waiting)
                pool.shutdown()
                pool = _pool(settings.count)
            yield waiting.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(count: int) -> ProcessPoolExecutor:
    # Spawned, not forked, so that the workers end with the stage.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), environment.enter_worker)


def _submitted(pool: ProcessPoolExecutor, function: Callable[[Item], Result], item: Item) -> Future[Result]:
    try:
        return pool.submit(function, item)
    except BrokenProcessPool as error:  # it broke after the last result
        lost = Future[Result]()
        lost.set_exception(error)
        return lost


def _again(function: Callable[[Item], Result], item: Item, before: Future[Result], name: Callable[[Item], str]) -> Future[Result]:
    """Returns the item's future from before the pool broke, or runs the item again in a process of its own."""
    if not isinstance(before.exception(), BrokenProcessPool):
        return before
    with _pool(1) as pool:
        future = pool.submit(function, item)
        concurrent.futures.wait([future])
    if isinstance(future.exception(), BrokenProcessPool):
        raise _killed(name(item))
    return future


def _killed(what: str) -> InputError:
    return InputError(
        f"{what}: the process that worked on it was killed {ATTEMPTS} times, perhaps for lack of memory; close other programs, "
        "or lower `workers.count` in the profile"
    )


def _by_ray(
    function: Callable[[Item], Result], items: Iterable[Item], settings: WorkersSettings, name: Callable[[Item], str]
) -> Iterator[Result]:
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _join(ray, settings)
    # The function is pickled by reference, so the workers import its module.
    remote = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(_here)
    source, waiting = iter(items), collections.deque[tuple[Item, Any]]()
    try:
        while True:
            for item in itertools.islice(source, AHEAD * settings.count - len(waiting)):
                waiting.append((item, remote.remote(os.getcwd(), function, item)))
            if not waiting:
                return
            item, reference = waiting.popleft()
            try:
                yield ray.get(reference)
            except ray.exceptions.WorkerCrashedError:
                raise _killed(name(item)) from None
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError as error:
                raise InputError(f"{name(item)}: Ray failed ({str(error).splitlines()[0]}); look after the cluster") from None
    finally:
        if ours:
            ray.shutdown()
        else:
            for _, reference in waiting:
                ray.cancel(reference, force=True)


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # no telemetry
    try:
        import ray
    except ImportError:
        raise InputError(
            "workers.kind `ray` needs the package ray; `pip install -r requirements-distributed.in`, or set it to `processes`"
        ) from None
    return ray


def _join(ray: Any, settings: WorkersSettings) -> None:
    """Starts a cluster that only this host can reach, or connects to a running one."""
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if settings.address:
            ray.init(settings.address, **quiet)
        else:
            local = {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "object_store_memory": OBJECT_STORE}
            ray.init("local", num_cpus=settings.count, **quiet, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        where, problem = settings.address or "this host", str(error).splitlines()[0]
        raise InputError(f"workers.address: no Ray cluster at {where} ({problem}); run `ray start` there, or correct it") from None


def _here(folder: str, function: Callable[[Item], Result], item: Item) -> Result:
    """Calls the function in the caller's working directory, on a worker that may be on another host with the same file system."""
    if pathlib.Path.cwd() != pathlib.Path(folder):
        os.chdir(folder)
    return function(item)
