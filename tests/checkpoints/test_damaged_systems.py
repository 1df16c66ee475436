"""Damaged and hostile model folders, through `load`: each is refused in one line with a remedy, and none runs anything."""

import hashlib
import tracemalloc

import numpy as np
import pytest

import clip_italian
from clip_italian.errors import InputError
from tests.helpers.damaged_systems import DAMAGED, missing_files, spoil
from tests.helpers.golden_systems import copied

MISSING = missing_files()


def refused(golden, message, **options):
    with pytest.raises(InputError, match=message) as caught:
        clip_italian.load(golden.folder, **golden.options() | options)
    text = str(caught.value)
    assert "; " in text and text.isprintable() and text.startswith(str(golden.folder.parent)), text
    assert not (golden.folder.parents[1] / "canary").exists()


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_system_is_refused_with_file_and_remedy_and_runs_nothing(here, name):
    golden = copied(DAMAGED[name].system, here)
    spoil(DAMAGED[name], golden.folder)
    refused(golden, DAMAGED[name].message)


def test_there_are_enough_damaged_systems_in_enough_layouts():
    assert len(DAMAGED) >= 100 and len({damage.system for damage in DAMAGED.values()}) == 10


@pytest.mark.parametrize("name", MISSING)
def test_a_system_without_one_of_its_files_is_told_which(here, name):
    system, file = MISSING[name]
    golden = copied(system, here)
    (golden.folder / file).unlink()
    refused(golden, r"missing|no checkpoint|is not known|no tokeniser")


@pytest.mark.parametrize("system", ["clip-italian", "clip-italian-flax", "openai-torch", "clip-italian-shards"])
def test_a_flipped_bit_is_refused_where_the_digest_is_known(here, system):
    golden, draw = copied(system, here), np.random.default_rng(0)
    pins = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in golden.folder.iterdir()}
    for path in sorted(golden.folder.iterdir()):
        content = bytearray(path.read_bytes())
        content[draw.integers(len(content))] ^= 1 << draw.integers(8)
        before = path.read_bytes()
        path.write_bytes(content)
        refused(golden, rf"{path.name}: has SHA-256 \w+ instead of {pins[path.name]}; download the file again", sha256=pins)
        path.write_bytes(before)
    assert clip_italian.load(golden.folder, sha256=pins).provenance


def test_nothing_is_made_of_the_size_that_settings_state(here):
    golden = copied("openai", here)
    spoil(DAMAGED["lie-words-huge"], golden.folder)
    tracemalloc.start()
    refused(golden, "has shape")
    assert tracemalloc.get_traced_memory()[1] < 100e6  # the table would have 268 MB
    tracemalloc.stop()
