"""The map over processes and over Ray: order, bounded memory, and no loss when a process is killed."""

import functools
import itertools
import os
import pathlib
import signal
import sys
import time

import pytest

from clip_italian.data import workers
from clip_italian.data.workers import WorkersSettings
from clip_italian.errors import InputError


def settings(kind: str, count: int = 2) -> WorkersSettings:
    return WorkersSettings(kind=kind, count=count, address=None)


pytestmark = pytest.mark.usefixtures("ray_cluster")
KINDS = pytest.mark.parametrize("kind", ["processes", "ray"])


def square(number: int) -> int:
    time.sleep(0.02 if number % 3 == 0 else 0)  # later ones overtake
    return number * number


def failing(number: int) -> int:
    if number == 3:
        raise InputError("three: bad; correct it")
    return number


def place(number: int) -> tuple[str, int]:
    return os.getcwd(), os.getpid()


def killed_once(folder: pathlib.Path, number: int) -> int:
    """Kills its own process as the system does when memory runs out, the first time that it has item 5."""
    mark = folder / "killed"
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    with open(folder / f"{number}-{time.time_ns()}", "x"):
        return number


def always_killed(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@KINDS
def test_results_come_in_the_order_of_the_items(kind):
    assert list(workers.map(square, range(20), settings(kind))) == [number * number for number in range(20)]
    assert list(workers.map(square, [], settings(kind))) == []


@KINDS
def test_items_are_taken_as_results_are_asked_for(kind):
    taken = []
    endless = (taken.append(number) or number for number in itertools.count())
    results = workers.map(square, endless, settings(kind))
    assert taken == []
    assert [next(results) for _ in range(10)] == [number * number for number in range(10)]
    assert len(taken) <= 10 + workers.AHEAD * 2
    results.close()


@KINDS
def test_an_error_of_the_function_is_raised_as_it_is_where_its_result_would_come(kind):
    results = workers.map(failing, range(6), settings(kind))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match="^three: bad; correct it$"):
        next(results)


@KINDS
def test_workers_are_other_processes_in_the_same_folder(kind):
    found = list(workers.map(place, range(4), settings(kind)))
    assert {folder for folder, _ in found} == {os.getcwd()}
    assert os.getpid() not in {process for _, process in found}


@KINDS
def test_a_killed_worker_loses_nothing(kind, tmp_path):
    found = list(workers.map(functools.partial(killed_once, tmp_path), range(12), settings(kind, 3)))
    assert found == list(range(12))
    assert (tmp_path / "killed").exists()


@KINDS
def test_an_item_that_kills_its_worker_every_time_is_named(kind):
    results = workers.map(always_killed, range(6), settings(kind), lambda number: f"rows {number}")
    with pytest.raises(InputError, match=r"^rows 2: the process .* killed 2 times.*lower `workers.count`"):
        list(results)


def test_ray_that_is_missing_is_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="needs the package ray; .*requirements-distributed.in"):
        list(workers.map(square, range(2), settings("ray")))


@pytest.mark.parametrize("change", [{"kind": "threads"}, {"count": 0}])
def test_settings_that_mean_nothing_are_refused(change):
    with pytest.raises(ValueError):
        WorkersSettings.model_validate({"kind": "processes", "count": 1, "address": None} | change)
