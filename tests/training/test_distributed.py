"""One program on one device, on eight, and in several processes on this host: same results, same data, resumed and killed."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from clip_italian.training import checkpoints
from pipeline import launching
from pipeline.launching import LaunchSettings
from tests.helpers import distributed_training

ROOT = pathlib.Path(launching.__file__).parents[1]
PROGRAM = [sys.executable, "-m", "tests.helpers.distributed_training"]
# What is added to all keys alike leaves the softmax over them as it is: the gradient is zero but for rounding, and an optimiser
# that divides by its size makes steps of full length out of that. Nothing else may differ.
WITHOUT_GRADIENT = ("attention.self.key|bias", "self_attn.k_proj|bias")


def environment(folder):
    kept = {name: os.environ[name] for name in ("PATH", "NPROC", "XLA_FLAGS")}
    compiled = {"JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"}
    return kept | compiled | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def alone(folder, devices, **settings):
    """Trains in one process on so many devices; returns what it says."""
    command = [*PROGRAM, str(folder), json.dumps(settings), str(devices)]
    folder.mkdir(exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(folder, processes, devices, log, **settings):
    """Starts a training by several processes with so many devices each."""
    launch = LaunchSettings(launcher="local", processes=processes, hosts=[], devices=devices, port=0, heartbeat=5)
    folder.mkdir(exist_ok=True)
    commands = launching.commands(launch, [*PROGRAM, str(folder), json.dumps(settings)])
    return [
        subprocess.Popen(command, env=environment(folder), cwd=ROOT, stdout=open(f"{log}.{number}", "wb"), stderr=subprocess.STDOUT)
        for number, command in enumerate(commands)
    ]


def together(folder, processes, devices, **settings):
    """The same to the end; returns what each process says."""
    log = folder.with_suffix(".log")
    codes = launching.wait([start(folder, processes, devices, log, **settings)], lambda code: code == 0)
    said = [pathlib.Path(f"{log}.{number}").read_text() for number in range(processes)]
    assert codes == [0] * processes, said
    return said


def batches(said):
    return sorted({line for line in said.splitlines() if line.startswith("batch")}, key=lambda line: int(line.split()[1]))


def assert_near(folder, other, tolerance=1e-5):
    """Losses, embeddings and all parameters that have a gradient are within a tolerance."""
    with np.load(folder / distributed_training.OUT) as ours, np.load(other / distributed_training.OUT) as theirs:
        assert sorted(ours.files) == sorted(theirs.files)
        for name in ours.files:
            if name != "curve gradient_norm" and not name.endswith(WITHOUT_GRADIENT):
                np.testing.assert_allclose(ours[name], theirs[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def single(folder):
    """Eight updates on one device, and what the process said."""
    return folder / "single", alone(folder / "single", 1)


@pytest.fixture(scope="module")
def fifty(folder):
    alone(folder / "fifty", 1, updates=50, every=25)
    return folder / "fifty"


@pytest.mark.parametrize("sharded", [False, True])
def test_eight_devices_equal_one_over_fifty_updates(folder, fifty, sharded):
    alone(folder / f"eight{sharded}", 8, updates=50, every=25, sharded=sharded)
    assert_near(folder / f"eight{sharded}", fifty)


def test_only_the_biases_of_keys_differ_between_eight_devices_and_one(folder, fifty):
    with np.load(folder / "eightFalse" / distributed_training.OUT) as ours, np.load(fifty / distributed_training.OUT) as theirs:
        apart = {name for name in ours.files if not name.startswith("curve") and np.abs(ours[name] - theirs[name]).max() > 1e-5}
    assert apart and all(name.endswith(WITHOUT_GRADIENT) for name in apart)


def test_negatives_of_one_device_are_the_same_on_four(folder):
    alone(folder / "local1", 1, negatives=8)
    alone(folder / "local4", 4, negatives=8)
    assert_near(folder / "local4", folder / "local1")


def test_two_processes_see_the_same_data_and_equal_one_process_with_the_same_devices(folder, single):
    said = together(folder / "two", 2, 1)
    alone(folder / "two-alone", 2)
    assert_near(folder / "two", folder / "two-alone")
    assert_near(folder / "two", single[0])
    assert [batches(one) for one in said] == [batches(single[1])] * 2


def test_a_run_goes_on_in_one_two_and_four_processes_with_the_same_data(folder, single):
    state = folder / "moved"
    seen = []
    for processes, stop in ((1, 2), (2, 4), (4, None)):
        run = start(state, processes, 1, folder / f"moved{processes}", pause=0.2)
        if stop:
            wait_for(state / f"{stop:08d}", run)
            for process in run:
                process.kill()
        codes = [process.wait() for process in run]
        assert codes == [-signal.SIGKILL] * processes if stop else codes == [0] * processes
        seen += batches(pathlib.Path(f"{folder}/moved{processes}.0").read_text())
    assert sorted(set(seen), key=lambda line: int(line.split()[1])) == batches(single[1])
    assert_near(state, single[0])


def wait_for(path, processes):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline and all(process.poll() is None for process in processes)
        time.sleep(0.02)


def test_when_one_of_two_processes_is_killed_the_other_ends_and_a_run_anew_goes_on(folder, single):
    state = folder / "killed"
    run = start(state, 2, 1, folder / "killed", pause=0.5)
    wait_for(state / "00000002", run)
    run[1].kill()
    codes = launching.wait([run], lambda code: code == 0)
    assert codes[1] == -signal.SIGKILL and codes[0] != 0
    together(state, 2, 1)
    assert_near(state, single[0])


def test_several_processes_asked_to_stop_save_one_checkpoint_and_exit_with_143(folder, single):
    state = folder / "stopped"
    run = start(state, 2, 1, folder / "stopped", pause=2.0)  # a signal is looked for once a second
    wait_for(state / "00000002", run)
    run[1].send_signal(signal.SIGTERM)  # one is told, both stop
    assert [process.wait(timeout=60) for process in run] == [143, 143]
    assert int(checkpoints.newest(state).name) < 8
    together(state, 2, 1)
    assert_near(state, single[0])
