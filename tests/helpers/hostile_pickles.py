"""Pickles that would run something, or never end, for a reader that trusts them.

Those that run something make a file `canary` in the working directory.
"""

import copyreg
import os
import pickle

from tests.helpers.checkpoint_files import hostile, items, name, number, program, several, storage, tensor, text


class Calls:
    """Pickled by name, it calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


TOUCH = "touch canary"
IMPORT = name("builtins", "__import__") + several(text("os")) + b"R"
GETATTR = b"\x80\x02" + name("builtins", "getattr") + several(IMPORT, text("system")) + b"R" + several(text(TOUCH)) + b"R."
HOSTILE_PICKLES = {
    "os-system": hostile("os", "system", TOUCH),
    "posix-system": pickle.dumps(Calls(os.system, TOUCH), 2),
    "builtins-eval": hostile("builtins", "eval", "open('canary', 'w')"),
    "builtins-exec": hostile("builtins", "exec", "open('canary', 'w')"),
    "python2-eval": hostile("__builtin__", "eval", "open('canary', 'w')"),
    "builtins-open": hostile("builtins", "open", "canary", "w"),
    "subprocess": hostile("subprocess", "getoutput", TOUCH),
    "runpy": hostile("runpy", "run_path", "canary.py"),
    "getattr-chain": GETATTR,
    "import": hostile("builtins", "__import__", "canary"),
    "copyreg": pickle.dumps(Calls(copyreg._reconstructor, dict, dict, {}), 2),
    "copyreg-extension": b"\x80\x02\x82\x01)R.",
    "numpy-scalar": hostile("numpy.core.multiarray", "scalar", "f4"),
    "numpy-reconstruct": hostile("numpy.core.multiarray", "_reconstruct", "a"),
    "numpy-load": hostile("numpy", "load", "canary.npy"),
    "torch-load": hostile("torch", "load", "canary.bin"),
    "torch-hub": hostile("torch.hub", "load", "canary"),
    "torch-dotted": hostile("torch._utils", "_rebuild_tensor_v2.__globals__", "os"),
    "torch-os": hostile("torch.serialization", "os.system", TOUCH),
    "torch-storage": hostile("torch.storage", "_load_from_bytes", "canary"),
    "torch-other-rebuild": hostile("torch._utils", "_rebuild_device_tensor_from_numpy", "a"),
    "collections-other": hostile("collections", "namedtuple", "a"),
    "dotted-ordered-dict": hostile("collections", "OrderedDict.fromkeys", "a"),
    "instance": b"\x80\x02(" + text(TOUCH) + b"ios\nsystem\n.",
    "object": b"\x80\x02(" + name("os", "system") + text(TOUCH) + b"o.",
    "newobj": b"\x80\x02" + name("subprocess", "Popen") + several(text(TOUCH)) + b"\x81.",
    "stack-global": pickle.dumps(Calls(os.system, TOUCH), 4),
    "protocol-0": pickle.dumps(Calls(os.system, TOUCH), 0),
    "nested-pickle": hostile("pickle", "loads", "cos\nsystem\n(S'touch canary'\ntR."),
    "build-setattr": b"\x80\x02" + name("torch._utils", "_rebuild_tensor_v2") + b"}" + text("__code__") + text(TOUCH) + b"sb.",
    "called-storage": b"\x80\x02" + name("torch", "FloatStorage") + several(number(1 << 30)) + b"R.",
    "called-text": b"\x80\x02" + text("os.system") + several(text(TOUCH)) + b"R.",
    "dict-of-items": b"\x80\x02" + name("collections", "OrderedDict") + several(text("ab")) + b"R.",
    "memo-bomb": b"\x80\x02}r\xff\xff\xff\x7fh\x00.",
    "bytes-bomb": b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",
    "number-bomb": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "hash-bomb": b"\x80\x02})" + b"q\x00h\x00\x86" * 60 + b"Ns.",
    "stack-empty": b"\x80\x02.",
    "stack-underflow": b"\x80\x02R.",
    "mark-left-open": b"\x80\x02}(.",
    "second-program": program(items(w=tensor(storage()))) + hostile("os", "system", TOUCH),
    "unhashable-key": program(b"}" + b"]" + b"Ns"),
    "key-twice": program(b"}" + (text("a") + b"Ns") * 2),
    "odd-items": program(b"}(" + text("a") + b"u"),
    "nothing": b"",
}
