"""Batches that devices share."""

import jax
import pytest

from clip_italian import devices
from clip_italian.errors import InputError


@pytest.fixture
def eight(monkeypatch):
    monkeypatch.setattr(jax, "device_count", lambda: 8)


def test_a_batch_that_devices_cannot_share_is_an_error_that_says_what_they_can(eight):
    with pytest.raises(InputError, match="`batch`: 100 pairs are no equal shares for 8 devices; set a multiple of 8"):
        devices.own_rows(100)
    with pytest.raises(InputError, match="8 devices, in 3 micro-batches each; set a multiple of 24"):
        devices.check_batch(96 + 8, 3)


def test_a_batch_that_they_can_share_is_cut_in_parts_of_every_size(eight):
    devices.check_batch(96, 3)
    assert devices.own_rows(96) == slice(0, 96)
