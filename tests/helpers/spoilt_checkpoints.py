"""Checkpoint files that are damaged on purpose: for each, its bytes and what its message has to say."""

import json
import pickle
import struct
import zipfile

from tests.helpers.checkpoint_files import (
    DICT,
    FLAX,
    FLOATS,
    HDF5,
    LEGACY,
    NPY,
    SAFETENSORS,
    TORCH,
    archive,
    entry,
    flax,
    flax_array,
    flax_leaf,
    items,
    lying,
    nested,
    number,
    program,
    safetensors,
    several,
    storage,
    tensor,
    text,
    torch,
)
from tests.helpers.hostile_pickles import HOSTILE_PICKLES

DATA = FLOATS.tobytes()
ONE = entry(0, 24, [2, 3])


def one(**changed):
    """A safetensors file of one tensor."""
    return safetensors({"a": ONE | changed}, DATA)


WRITTEN = json.dumps(ONE).encode()
SPOILT_SAFETENSORS = {
    "header-length-huge": (safetensors({"a": ONE}, DATA, 2**63), "a header of 9223372036854775808 bytes"),
    "header-length-gigabyte": (safetensors({"a": ONE}, DATA, 1 << 30), "a header of 1073741824 bytes"),
    "header-length-zero": (safetensors({"a": ONE}, DATA, 0), "a header of 0 bytes"),
    "header-length-past-end": (safetensors({"a": ONE}, b"", 9999), "damaged"),
    "header-length-short": (safetensors({"a": ONE}, DATA, 20), "its JSON is damaged"),
    "header-not-json": (safetensors(b"cos\nsystem\n(S'touch canary'\ntR."), "its JSON is damaged"),
    "header-not-utf8": (safetensors(b'{"\xff": 1}'), "its JSON is damaged"),
    "header-list": (safetensors([1]), "its JSON is not an object"),
    "header-depth-bomb": (safetensors(b"[" * 100000), "its JSON is damaged"),
    "header-digits-bomb": (safetensors(b'{"a":' + b"9" * 100000 + b"}"), "its JSON is damaged"),
    "names-twice": (safetensors(b'{"a":' + WRITTEN + b',"a":' + WRITTEN + b"}", DATA), "`a` occurs twice"),
    "fields-twice": (safetensors(b'{"a":{"shape":[6],' + WRITTEN[1:] + b"}", DATA), "`shape` occurs twice"),
    "offsets-overlap": (safetensors({"a": ONE, "b": entry(12, 36, [6])}, DATA + DATA), "damaged"),
    "offsets-same": (safetensors({"a": ONE, "b": ONE}, DATA), "damaged"),
    "offsets-hole": (safetensors({"a": ONE, "b": entry(28, 52, [6])}, DATA * 3), "damaged"),
    "offsets-hole-first": (one(data_offsets=[4, 28]), "damaged"),
    "offsets-reversed": (one(data_offsets=[24, 0]), "damaged"),
    "offsets-negative": (one(data_offsets=[-24, 0]), "damaged"),
    "offsets-beyond": (safetensors({"a": entry(0, 4000, [1000])}, DATA), "damaged"),
    "offsets-three": (one(data_offsets=[0, 24, 24]), "damaged"),
    "offsets-words": (one(data_offsets=["0", "24"]), "damaged"),
    "data-left-over": (SAFETENSORS + b"\0", "damaged"),
    "data-missing": (SAFETENSORS[:-1], "damaged"),
    "dtype-unknown": (one(dtype="F31"), "damaged"),
    "dtype-object": (one(dtype="O"), "damaged"),
    "dtype-map": (one(dtype={"F32": None}), "damaged|not described"),
    "dtype-of-8-bits": (safetensors({"a": entry(0, 24, [24], "F8_E4M3")}, DATA), "`a` holds `F8_E4M3`, which is not read; use"),
    "entry-list": (safetensors({"a": ["F32", [2, 3], [0, 24]]}, DATA), "damaged|not described"),
    "entry-number": (safetensors({"a": 1}, DATA), "damaged"),
    "entry-without-shape": (safetensors({"a": {"dtype": "F32", "data_offsets": [0, 24]}}, DATA), "damaged"),
    "shape-too-small": (one(shape=[5]), "damaged"),
    "shape-negative": (one(shape=[-2, -3]), "damaged"),
    "shape-fraction": (one(shape=[6.0]), "damaged"),
    "shape-overflow": (one(shape=[1 << 62, 1 << 62]), "damaged"),
    "shape-100-axes": (safetensors({"a": entry(0, 4, [1] * 100)}, DATA[:4]), "`a` has an impossible shape"),
    "shape-huge-and-empty": (safetensors({"a": entry(0, 0, [1 << 62, 0])}), "`a` has an impossible shape|damaged"),
    "name-with-escapes": (safetensors({"\n\x1b[31m": entry(0, 24, [24], "F8_E4M3")}, DATA), r"`\\n\\x1b\[31m` holds"),
}

SIX = flax_array((6,), "float32", DATA)
CHUNKS = {"0": flax_array((4,), "float32", DATA[:16]), "1": flax_array((2,), "float32", DATA[16:])}


def chunked(**changed):
    whole = {"__msgpack_chunked_array__": True, "shape": {"0": 2, "1": 3}, "chunks": CHUNKS}
    return flax({"a": {"kernel": whole | changed}})


SPOILT_FLAX = {
    "root-list": (flax([1, 2]), "which begins with a map"),
    "root-array": (flax(flax_array((2, 3), "float32", DATA)), "which begins with a map"),
    "bytes-follow": (FLAX + b"\0", "1 bytes follow its end"),
    "two-objects": (FLAX + FLAX, "bytes follow its end"),
    "extension-complex": (flax_leaf((2, 3), "float32", DATA, code=2), r"leaf `layer\.bias` is no array \(extension 2\)"),
    "extension-unknown": (flax_leaf((2, 3), "float32", DATA, code=42), r"no array \(extension 42\)"),
    "extension-timestamp": (b"\x81\xa1a\xd6\xff\0\0\0\0", r"`a` is no array \(extension 255\)"),
    "extension-empty": (b"\x81\xa1a\xc7\x00\x01", "ends too early"),
    "extension-of-rubbish": (b"\x81\xa1a\xd4\x01\xff", "`a` is not of shape, type and bytes"),
    "extension-longer-than-file": (b"\x81\xa1a\xc9\xff\xff\xff\xff\x01", "ends too early"),
    "leaf-number": (flax({"step": 3}), r"leaf `step` is no array \(int\)"),
    "leaf-text": (flax({"step": "os.system"}), r"leaf `step` is no array \(str\)"),
    "leaf-list": (flax({"a": [1]}), r"leaf `a` is no array \(array\)"),
    "leaf-nil": (flax({"a": None}), r"leaf `a` is no array \(other\)"),
    "key-number": (flax({1: {}}), "a name was expected"),
    "key-array": (b"\x81\x91\x01\x80", "a name was expected"),
    "key-not-utf8": (b"\x81\xa2\xff\xff\x80", "is not UTF-8"),
    "key-huge": (b"\x81\xdb\xff\xff\xff\xff", "a name was expected"),
    "key-twice": (b"\x82\xa1a\x80\xa1a\x80", "key `a` occurs twice"),
    "map-of-billions": (b"\xdf\xff\xff\xff\xff", "ends too early"),
    "depth-bomb": (nested(100000), "nested more than 64 deep"),
    "list-depth-bomb": (b"\x81\xa1a" + b"\x91" * 100000, r"no array \(array\)"),
    "bytes-too-few": (flax_leaf((2, 3), "float32", DATA[:-4]), r"of shape \(2, 3\) and float32 should have 24 bytes, has 20"),
    "bytes-too-many": (flax_leaf((2, 3), "float32", DATA + b"\0"), "should have 24 bytes, has 25"),
    "bytes-cut": (lying(FLAX, struct.pack(">Q", 24)[-1:] + DATA, b"\xff" + DATA), "should have 24 bytes, has 255"),
    "bytes-as-text": (flax_leaf((1,), "uint8", "x"), "should have 1 bytes, has 1 .str."),
    "dtype-object": (flax_leaf((3,), "object", DATA), r"`layer\.bias` holds `object`, which is not read"),
    "dtype-structure": (flax_leaf((1,), "f4,f4,O", bytes(16)), "holds `f4,f4,O`, which is not read"),
    "dtype-complex": (flax_leaf((3,), "complex64", DATA), "holds `complex64`, which is not read"),
    "dtype-number": (flax_leaf((3,), 7, DATA), "a name was expected"),
    "shape-negative": (flax_leaf((-2, -3), "float32", DATA), "has no list of sizes"),
    "shape-text": (flax_leaf("23", "float32", DATA), "has no list of sizes"),
    "shape-true": (flax_leaf((6, True), "float32", DATA), "has no list of sizes"),
    "shape-overflow": (flax_leaf((1 << 62, 1 << 62), "float32", DATA), "has an impossible shape"),
    "shape-100-axes": (flax_leaf((1,) * 100, "float32", DATA[:4]), "has an impossible shape"),
    "array-of-four-parts": (b"\x81\xa1a\xd7\x01\x94\x90\x90\x90\x90\xc0\xc0\xc0", "is not of shape, type and bytes"),
    "kernel-three-axes": (flax({"a": {"kernel": flax_array((1, 2, 3), "float32", DATA)}}), "neither linear nor a 2-D convolution"),
    "names-collide": (flax({"scale": SIX, "embedding": SIX}), "`weight` in Py"),
    "names-collide-by-dots": (flax({"a": {"b": SIX}, "a.b": SIX}), "`a.b` in Py"),
    "chunks-missing": (chunked(chunks={}), "`a.kernel` has no list of chunks"),
    "chunks-gap": (chunked(chunks={"0": CHUNKS["0"], "2": CHUNKS["1"]}), "has no list of chunks"),
    "chunks-short": (chunked(chunks={"0": CHUNKS["0"]}), r"of shape \(2, 3\) has chunks of 4 numbers"),
    "chunks-of-two-types": (chunked(chunks={**CHUNKS, "1": flax_array((2,), "int32", DATA[16:])}), r"2 type\(s\)"),
    "chunks-not-flat": (chunked(chunks={"0": flax_array((2, 3), "float32", DATA)}), "has no list of chunks"),
    "chunks-of-numbers": (chunked(chunks={"0": 6}), "has no list of chunks"),
    "chunks-shape-of-arrays": (chunked(shape=CHUNKS), "has an impossible shape"),
    "chunks-shape-overflow": (chunked(shape={"0": 1 << 63, "1": 2}), "has an impossible shape"),
}


def pickled(value):
    return archive(program(value))


def stored(*storage_arguments, **window):
    return torch(storage(*storage_arguments), **window)


SPOILT_TORCH = {
    "shell-script-before": (b"#!/bin/sh\ntouch canary\n" + TORCH, "not a zip, as torch.save has written"),
    "member-traversal": (archive(program(DICT), **{"!archive/../../canary": b"x"}), r"unsafe member `archive/\.\./\.\./canary`"),
    "member-absolute": (archive(program(DICT), **{"!/canary": b"x"}), "unsafe member `/canary`"),
    "member-backslash": (archive(program(DICT), **{"!archive\\canary": b"x"}), "unsafe member"),
    "member-elsewhere": (archive(program(DICT), **{"!other/data": b"x"}), "without the `data.pkl` of torch.save"),
    "member-twice": (lying(archive(program(DICT), versiom=b""), b"archive/versiom", b"archive/version"), "a name occurs twice"),
    "members-compressed": (archive(program(DICT), compression=zipfile.ZIP_DEFLATED), "is compressed or encrypted"),
    "zip-bomb": (archive(program(DICT), {"0": bytes(10_000_000)}, compression=zipfile.ZIP_DEFLATED), "is compressed or encrypted"),
    "no-pickle": (archive(None), "without the `data.pkl` of torch.save"),
    "no-members": (b"PK\5\6" + bytes(18), "not a zip"),
    "big-endian": (archive(program(DICT), byteorder=b"big"), "was not written in little-endian order"),
    "pickle-checksum": (lying(TORCH, text("w"), text("v")), "Bad CRC"),
    "storage-missing": (stored("7"), "tensor `w`: its storage `7` is missing"),
    "storage-traversal": (stored("../../../etc/passwd"), "its storage `../../../etc/passwd` is missing"),
    "storage-is-pickle": (stored("../data.pkl"), "is missing"),
    "storage-shorter": (torch(storage(length=7)), "its storage has 24 bytes instead of 28"),
    "storage-longer": (archive(program(items(w=tensor(storage()))), {"0": DATA + b"\0"}), "its storage has 25 bytes instead of 24"),
    "storage-negative": (stored("0", "FloatStorage", -6), "a storage is not described as torch does"),
    "storage-of-objects": (stored("0", "ObjectStorage"), r"asks for `torch\.ObjectStorage`"),
    "storage-quantised": (stored("0", "QInt8Storage"), r"asks for `torch\.QInt8Storage`"),
    "storage-of-dict": (pickled(several(text("storage"), DICT[:-2], text("0"), text("cpu"), number(6)) + b"Q"), "not described"),
    "storage-of-words": (pickled(several(text("module"), text("os")) + b"Q"), "a storage is not described as torch does"),
    "storage-name": (pickled(text("os.system") + b"Q"), "a storage is not described as torch does"),
    "stride-beyond": (torch(strides=(4, 1)), "reaches to number 6 of a storage of 6"),
    "stride-far-beyond": (torch(strides=(1 << 30, 1 << 30)), "reaches to number 3221225472 of"),
    "stride-negative": (torch(offset=5, strides=(-1, -1)), "has impossible strides"),
    "stride-zero": (torch(shape=(1 << 20, 1 << 19), strides=(0, 0)), "repeats the numbers of its storage"),
    "strides-too-few": (torch(strides=(1,)), "has impossible strides"),
    "offset-beyond": (torch(offset=1), "reaches to number 6 of"),
    "offset-negative": (torch(offset=-1), "has impossible strides"),
    "shape-beyond": (torch(shape=(3, 3)), "reaches to number 8 of"),
    "shape-negative": (torch(shape=(-2, 3)), "has an impossible shape"),
    "shape-100-axes": (torch(shape=(1,) * 100, strides=(1,) * 100), "has an impossible shape"),
    "shape-overflow": (torch(shape=(2**31 - 1,) * 3, strides=(0, 0, 0)), "has an impossible shape"),
    "value-number": (pickled(items(step=number(3))), r"key `step` holds no tensor \(int\)"),
    "value-dict": (pickled(items(model=DICT)), r"key `model` holds no tensor \(dict\)"),
    "value-storage": (pickled(items(w=storage())), r"key `w` holds no tensor \(Storage\)"),
    "value-in-state-dict": (pickled(items(state_dict=items(w=text("x")))), r"key `w` holds no tensor \(str\)"),
    "root-tensor": (pickled(tensor(storage())), "holds no dict of tensors"),
    "root-number": (pickled(number(1)), "holds no dict of tensors"),
    "key-number": (pickled(DICT + number(1) + tensor(storage()) + b"s"), "key `1` holds no tensor"),
}
HARMLESS = {  # programs that are sound, of values that are none
    "depth-bomb": (archive(b"\x80\x02" + b"]" * 20000 + b"a" * 19999 + b"."), "holds no dict of tensors"),
    "itself": (pickled(b"}q\x00" + text("a") + b"h\x00s"), r"key `a` holds no tensor \(dict\)"),
}
PICKLE = "its pickle (is damaged|asks for|has the instruction|has protocol [45])"
SPOILT_TORCH |= HARMLESS | {f"pickle-{key}": (archive(value), PICKLE) for key, value in HOSTILE_PICKLES.items()}
SPOILT_TORCH |= {f"bare-{key}": (HOSTILE_PICKLES[key], "not a zip") for key in ("os-system", "protocol-0", "nothing")}
SPOILT = {"x.safetensors": SPOILT_SAFETENSORS, "x.msgpack": SPOILT_FLAX, "x.bin": SPOILT_TORCH}

SCRIPT = {"constants.pkl": b"", "code/m.py": b""}
FOREIGN = {
    "tf_model.h5": (HDF5, "is HDF5"),
    "hdf5.bin": (HDF5, "is HDF5"),
    "hdf5.safetensors": (HDF5, "is HDF5"),
    "legacy.bin": (LEGACY, "is a pickle of torch before 1.6"),
    "pickled.bin": (pickle.dumps({"a": 1}), "not a zip"),
    "model.ckpt": (TORCH, "is a checkpoint of a training framework"),
    "arrays.npz": (TORCH, "is a zip of numpy arrays"),
    "arrays.bin": (archive(b"", **{"!a.npy": NPY}), "is a zip of numpy arrays"),
    "array.bin": (NPY, "is a numpy array"),
    "model.pkl": (pickle.dumps(1), "is a pickle"),
    "pytorch_model.bin.index.json": (b"{}", "is the index of several PyTorch files"),
    "scripted.pt": (archive(program(DICT), **SCRIPT), "is a TorchScript archive"),
    "compressed.pt": (archive(program(DICT), compression=zipfile.ZIP_DEFLATED, **SCRIPT), "is a TorchScript archive"),
    "model.onnx": (b"", "is not a supported kind of checkpoint"),
}
