"""One function over many items, on processes of this host or on Ray's, in order and in bounded memory; the results are the same.

Items are taken from the iterable as results are asked for, so many more may be described than fit into memory. A process that is
killed from outside, for lack of memory or with its host, loses nothing: what it had not finished is done again by another. An
item that takes its process with it every time is an error that names it.
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

AHEAD = 2  # items a worker, running and waiting: enough that none idles while the caller has a result in hand
ATTEMPTS = 2  # a process killed once is the host's affair; twice over the same item, the item's
OBJECT_STORE = 256 << 20  # bytes of Ray's shared memory on this host: results are summaries, what is large goes through files

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkersSettings(Settings):
    """Section `workers` of a profile. No result depends on it."""

    kind: Literal["processes", "ray"]
    count: int = pydantic.Field(gt=0)  # of processes; with a Ray cluster that runs, how many of its slots are asked for
    address: str | None  # of a Ray cluster that runs, `host:port` or `auto`; null starts one on this host


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    settings: WorkersSettings,
    name: Callable[[Item], str] = str,
) -> Iterator[Result]:
    """`function` of every item, in the order of the items; its exceptions are raised where its result would have come.

    Function, items and results are pickled. `name` says in an error which item it was. Raises InputError when an item's process
    was killed ATTEMPTS times, or when Ray is asked for and missing.
    """
    by = _by_ray if settings.kind == "ray" else _by_processes
    return by(function, items, settings, name)


def parts(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """The items, `size` at a time: where one alone is too little to hand to a worker."""
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
                # All that ran or waited is lost, and nobody says whose process it was: each is done again alone.
                waiting = collections.deque((item, _again(function, item, future, name)) for item, future in waiting)
                pool.shutdown()
                pool = _pool(settings.count)
            yield waiting.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(count: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the children are the stage's own and die with it.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), environment.enter_worker)


def _submitted(pool: ProcessPoolExecutor, function: Callable[[Item], Result], item: Item) -> Future[Result]:
    try:
        return pool.submit(function, item)
    except BrokenProcessPool as error:  # since the last result
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
    # By reference, not by value: the workers import the module that the function is of.
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
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nobody is told about a run
    try:
        import ray
    except ImportError:
        raise InputError(
            "workers.kind `ray` needs the package ray; `pip install -r requirements-distributed.in`, or set it to `processes`"
        ) from None
    return ray


def _join(ray: Any, settings: WorkersSettings) -> None:
    """Starts a cluster of this host, out of reach from other hosts, or connects to one that runs."""
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
    """On a worker, perhaps of another host that shares the file system: paths mean what they mean to the caller."""
    if pathlib.Path.cwd() != pathlib.Path(folder):
        os.chdir(folder)
    return function(item)
