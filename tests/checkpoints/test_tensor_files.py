"""Checkpoints of strangers: sound ones are read bit by bit, spoilt and hostile ones are refused and run nothing."""

import json
import pickle

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from flax import serialization

from clip_italian.checkpoints import msgpack_file
from clip_italian.checkpoints.tensor_files import PREFERENCE, open_tensors
from clip_italian.errors import InputError
from tests.helpers import checkpoint_files as made
from tests.helpers.checkpoint_files import DICT, FLAX, FLOATS, SAFETENSORS, TORCH, lying, program, several, storage, tensor
from tests.helpers.hostile_pickles import HOSTILE_PICKLES
from tests.helpers.spoilt_checkpoints import FOREIGN, SPOILT

SOUND = {"model.safetensors": SAFETENSORS, "flax_model.msgpack": FLAX, "pytorch_model.bin": TORCH}
KINDS = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_]


def opened(folder, content, name):
    (folder / name).write_bytes(content)
    return open_tensors(folder / name)


def read_all(tensors):
    return {name: tensors.read(name) for name in tensors.names()}


def same(found, wanted):
    assert (found.dtype, found.shape, found.tobytes()) == (wanted.dtype, wanted.shape, wanted.tobytes())
    assert found.flags.writeable and found.flags.c_contiguous


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_every_type_are_read_as_they_are(here, kind):
    values = {"a": FLOATS.astype(kind), "scalar": np.asarray(1, kind), "empty": np.zeros((0, 3), kind)}
    files = {"x.safetensors": safetensors.numpy.save(values), "x.msgpack": serialization.to_bytes(dict(values))}
    for name, content in files.items():
        tensors = opened(here, content, name)
        assert tensors.shapes == {"a": (2, 3), "scalar": (), "empty": (0, 3)}
        for key in values:
            same(tensors.read(key), values[key])


def test_flax_leaves_get_the_names_and_axes_of_pytorch(here):
    kernel = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    tree = {"fc": {"kernel": FLOATS}, "conv": {"kernel": kernel}, "ln": {"scale": FLOATS[0]}, "words": {"embedding": FLOATS}}
    tensors = opened(here, serialization.to_bytes(tree), "flax_model.msgpack")
    wanted = {"fc.weight": FLOATS.T, "conv.weight": kernel.transpose(3, 2, 0, 1), "ln.weight": FLOATS[0], "words.weight": FLOATS}
    assert tensors.shapes == {name: value.shape for name, value in wanted.items()}
    for name, value in wanted.items():
        same(tensors.read(name), np.ascontiguousarray(value))


@pytest.mark.parametrize("limit", [4, 8, 20])
def test_flax_arrays_in_chunks_are_put_together(here, monkeypatch, limit):
    monkeypatch.setattr(serialization, "MAX_CHUNK_SIZE", limit)
    content = serialization.msgpack_serialize({"fc": {"kernel": FLOATS.copy(), "bias": FLOATS[0].copy()}})
    assert msgpack_file.CHUNKED.encode() in content
    tensors = opened(here, content, "flax_model.msgpack")
    same(tensors.read("fc.weight"), np.ascontiguousarray(FLOATS.T))
    same(tensors.read("fc.bias"), FLOATS[0])


def test_windows_on_one_pytorch_storage_are_read_each_by_its_strides(here):
    windows = {"whole": tensor(storage()), "turned": tensor(storage(), 0, (3, 2), (1, 3)), "row": tensor(storage(), 3, (3,), (1,))}
    windows |= {"one": tensor(storage(), 5, (), ()), "none": tensor(storage(), 9, (0, 2), (1, 1))}
    found = read_all(opened(here, made.archive(program(made.items(**windows))), "pytorch_model.bin"))
    wanted = [FLOATS, FLOATS.T.copy(), FLOATS[1], FLOATS[1, 2].reshape(()), np.empty((0, 2), np.float32)]
    for value, other in zip(found.values(), wanted, strict=True):
        same(value, other)


def test_a_training_script_s_dict_with_parameters_and_versions_is_read(here):
    parameter = made.name("torch._utils", "_rebuild_parameter") + several(tensor(storage()), b"\x88", DICT) + b"R"
    state = made.items(w=parameter) + b"}" + made.text("_metadata") + DICT + b"s" + b"b"
    tensors = opened(here, made.archive(program(made.items(epoch=made.number(3), losses=b"]", state_dict=state))), "x.pt")
    assert tensors.names() == ["w"]
    same(tensors.read("w"), FLOATS)


def sharded(folder, weight_map=None, **changed):
    """A folder of two shards and their index."""
    shards = {"one": {"a": FLOATS}, "two": {"b": FLOATS[0], "c": FLOATS[1]}} | changed
    for name, values in shards.items():
        safetensors.numpy.save_file(values, folder / f"{name}.safetensors")
    weight_map = weight_map or {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_shards_are_read_as_one(here):
    sharded(here)
    tensors = open_tensors(here)
    assert tensors.shapes == {"a": (2, 3), "b": (3,), "c": (3,)}
    same(tensors.read("c"), FLOATS[1])


SHARDS = {
    "outside": ({"a": "../one.safetensors"}, r"`a` is in `\.\./one\.safetensors`, which is not"),
    "absolute": ({"a": "/etc/one.safetensors"}, "`a` is in `/etc/one.safetensors`, which is not"),
    "backslash": ({"a": "..\\one.safetensors"}, "not a safetensors file of this folder"),
    "pickle": ({"a": "one.bin"}, "not a safetensors file of this folder"),
    "number": ({"a": 1}, "not a safetensors file of this folder"),
    "missing-shard": ({"a": "three.safetensors"}, "the shard `three.safetensors` of tensor `a` is missing"),
    "itself": ({"a": "model.safetensors.index.json"}, "not a safetensors file of this folder"),
    "too-few": ({"a": "one.safetensors", "b": "two.safetensors"}, "two.safetensors: holds, against the index, tensor `c`"),
    "too-many": ({"a": "one.safetensors", "z": "one.safetensors"}, r"one.safetensors: lacks tensor `z` \(.*names 2\)"),
    "swapped": ({"a": "two.safetensors", "b": "one.safetensors"}, "tensor `a`"),
    "list": ([1], "has no `weight_map`"),
}


@pytest.mark.parametrize("fault", SHARDS)
def test_an_index_that_does_not_agree_with_its_shards_is_refused(here, fault):
    weight_map, message = SHARDS[fault]
    sharded(here, weight_map)
    with pytest.raises(InputError, match=message):
        open_tensors(here)


def test_a_folder_s_files_have_an_order_of_preference(here):
    contents = {name: SOUND.get(name, SAFETENSORS) for name in reversed(PREFERENCE) if "index" not in name}
    contents["open_clip_pytorch_model.bin"] = TORCH
    for name, content in contents.items():
        (here / name).write_bytes(content)
        assert open_tensors(here).where == str(here / name)


@pytest.mark.parametrize("name", SOUND)
def test_a_tensor_that_is_not_there_is_named(here, name):
    with pytest.raises(InputError, match=rf"{name}: tensor `nothing\\n` is missing; the file is of another model"):
        opened(here, SOUND[name], name).read("nothing\n")


def test_a_file_that_shrinks_after_it_was_opened_is_named(here):
    for name in ("model.safetensors", "flax_model.msgpack"):
        tensors = opened(here, SOUND[name], name)
        (here / name).write_bytes(SOUND[name][:20])
        with pytest.raises(InputError, match="has become shorter"):
            tensors.read(tensors.names()[0])
        (here / name).unlink()
        with pytest.raises(InputError, match="cannot be read"):
            tensors.read(tensors.names()[0])


TRUNCATED = [(name, part) for name in SOUND for part in range(16)]


@pytest.mark.parametrize(("name", "part"), TRUNCATED, ids=[f"{name}-{part}-of-16" for name, part in TRUNCATED])
def test_a_truncated_file_is_refused(here, name, part):
    with pytest.raises(InputError, match=f"{name}: .*; download the file again"):
        opened(here, SOUND[name][: len(SOUND[name]) * part // 16], name)


NOISE = np.random.default_rng(0).bytes(999)
GARBAGE = {"zeros": bytes(999), "ones": b"\xff" * 999, "words": b"not a checkpoint " * 99, "noise": NOISE}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", SOUND)
def test_garbage_is_refused(here, name, garbage):
    with pytest.raises(InputError, match=f"{name}: .*; download the file again"):
        opened(here, GARBAGE[garbage], name)


@pytest.mark.parametrize("name", SOUND)
def test_a_flipped_bit_does_no_harm(here, name):
    draw, path = np.random.default_rng(1), here / name
    for _ in range(40):
        content = bytearray(SOUND[name])
        content[draw.integers(len(content))] ^= 1 << draw.integers(8)
        path.write_bytes(content)
        try:  # without a digest, which `load` checks, some are not found
            read_all(open_tensors(here))
        except InputError as error:
            assert "\n" not in str(error) and str(error).isprintable()


def test_a_flipped_bit_in_pytorch_s_numbers_is_found_by_the_zip_s_checksum(here):
    tensors = opened(here, lying(TORCH, FLOATS.tobytes(), (-FLOATS).tobytes()), "pytorch_model.bin")
    with pytest.raises(InputError, match=r"its member `archive/data/0` is damaged \(Bad CRC-32"):
        tensors.read("w")


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_told_what_it_is_and_how_to_convert_it(here, name):
    content, message = FOREIGN[name]
    with pytest.raises(InputError, match=f"{name}: {message}.*; (use the repository's model.safetensors; or, where|download)"):
        opened(here, content, name)


def test_placeholders_empty_folders_and_missing_files_are_named(here):
    placeholders = {b"version https://git-lfs.github.com/spec/v1\n": "pointer of Git LFS", b"<!DOCTYPE html>": "web page"}
    for content, message in placeholders.items():
        with pytest.raises(InputError, match=message):
            opened(here, content, "model.safetensors")
    (here / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no checkpoint; download one of model.safetensors"):
        open_tensors(here)
    (here / "tf_model.h5").write_bytes(made.HDF5)
    with pytest.raises(InputError, match=r"tf_model\.h5: is HDF5"):
        open_tensors(here)
    with pytest.raises(InputError, match="missing; check the path"):
        open_tensors(here / "nothing.h5")


SPOILT_FILES = [(name, fault) for name, faults in SPOILT.items() for fault in faults]


@pytest.mark.parametrize(("name", "fault"), SPOILT_FILES, ids=[f"{name}-{fault}" for name, fault in SPOILT_FILES])
def test_a_spoilt_file_is_refused_in_one_line_and_runs_nothing(here, name, fault):
    content, message = SPOILT[name][fault]
    with pytest.raises(InputError, match=message) as caught:
        opened(here, content, name)
    assert str(caught.value).startswith(f"{here / name}: ") and "; " in str(caught.value)
    assert str(caught.value).isprintable()
    assert [path.name for path in here.iterdir()] == [name]


@pytest.mark.parametrize("fault", ["os-system", "posix-system", "builtins-eval", "builtins-open", "getattr-chain", "instance"])
def test_the_hostile_pickles_would_do_harm_where_they_were_trusted(here, fault):
    pickle.loads(HOSTILE_PICKLES[fault])
    assert (here / "canary").exists()
