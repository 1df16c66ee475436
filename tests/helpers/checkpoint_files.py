"""Small checkpoint files, sound and spoilt, written byte by byte as their formats say."""

import io
import json
import pickle
import struct
import zipfile

import msgpack
import numpy as np
from flax import serialization

FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)
NPY = b"\x93NUMPY\x01\x00"
HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(64)
LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)  # how torch.save began before torch 1.6


def safetensors(header, data=b"", length=None):
    """`header` is a value for JSON or the bytes themselves."""
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(content) if length is None else length) + content + data


def entry(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


SAFETENSORS = safetensors({"a": entry(0, 24, [2, 3]), "b": entry(24, 32, [4], "F16")}, FLOATS.tobytes() + bytes(8))


def flax_array(shape, dtype, data, code=1):
    return msgpack.ExtType(code, msgpack.packb((shape, dtype, data)))


def flax(tree):
    return msgpack.packb(tree, strict_types=True)


def flax_leaf(*array, **extra):
    return flax({"layer": {"bias": flax_array(*array, **extra)}})


def nested(depth):
    """Maps in maps in maps."""
    return b"\x81\xa1a" * depth + b"\x80"


FLAX = serialization.to_bytes({"fc": {"kernel": FLOATS, "bias": np.ones(3, np.float16)}, "scale": np.float32(2)})


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"J" + struct.pack("<i", value)


def several(*items):
    return b"(" + b"".join(items) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


DICT = name("collections", "OrderedDict") + b")R"


def storage(key="0", kind="FloatStorage", length=6):
    return several(text("storage"), name("torch", kind), text(key), text("cpu"), number(length)) + b"Q"


def tensor(source, offset=0, shape=(2, 3), strides=(3, 1)):
    sizes = (several(*map(number, values)) for values in (shape, strides))
    return name("torch._utils", "_rebuild_tensor_v2") + several(source, number(offset), *sizes, b"\x89", DICT) + b"R"


def program(value):
    return b"\x80\x02" + value + b"."


def items(**values):
    return DICT + b"(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


def archive(pickled, storages=None, root="archive", compression=zipfile.ZIP_STORED, **extra):
    """A zip as torch.save writes it; `extra` replaces or adds members, `None` leaves one out."""
    members = {"data.pkl": pickled, "byteorder": b"little", "version": b"3\n"} | extra
    members |= {f"data/{key}": data for key, data in (storages or {"0": FLOATS.tobytes()}).items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as opened:
        for member, data in members.items():
            if data is not None:
                opened.writestr(f"{root}/{member}" if not member.startswith("!") else member[1:], data)
    return content.getvalue()


def torch(source=None, **window):
    """A checkpoint of one tensor `w`."""
    return archive(program(items(w=tensor(source or storage(), **window))))


TORCH = torch()


def hostile(module, attribute, *arguments):
    """A pickle that would call module.attribute(*arguments)."""
    return b"\x80\x02" + name(module, attribute) + several(*map(text, arguments)) + b"R."


def lying(content, before, after):
    """The same bytes with every `before` exchanged for `after`, of the same length."""
    assert before in content and len(before) == len(after)
    return content.replace(before, after)
