"""Compiling waits for its turn where the cache is shared, and what was compiled is what a call then uses."""

import fcntl
import threading
from unittest import mock

import jax
import jax.numpy as jnp
import pytest

from clip_italian import devices


@pytest.fixture
def cache(tmp_path):
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture
def program():
    lowered = mock.create_autospec(jax.stages.Lowered, instance=True)
    lowered.as_text.return_value = "program"
    return lowered


def test_a_process_waits_until_no_other_compiles_the_same(cache, program):
    waiting = threading.Thread(target=devices.once, args=[program])
    with open(devices.lock(cache, program), "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive() and not program.compile.called
        stranger = mock.create_autospec(jax.stages.Lowered, instance=True)
        stranger.as_text.return_value = "another program"
        devices.once(stranger)
        assert stranger.compile.called
    waiting.join(10)
    assert program.compile.called


def test_nothing_is_waited_for_without_a_cache_on_this_machine(cache, program):
    for place in (None, "gs://bucket/cache"):
        jax.config.update("jax_compilation_cache_dir", place)
        devices.once(program)
    assert program.compile.call_count == 2


def test_a_call_compiles_nothing_again(cache, caplog):
    step = jax.jit(lambda x: jnp.tanh(x) @ x.T + 17)
    x = jnp.ones((3, 5))
    with jax.log_compiles():
        devices.once(step.lower(x))
        assert "Finished XLA compilation" in caplog.text
        caplog.clear()
        step(x)
    assert "Finished XLA compilation" not in caplog.text
