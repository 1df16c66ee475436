"""Reads the pickle inside a PyTorch checkpoint as data: nothing that it names is imported or called.

Python's unpickler can run code that a file names. This one knows only the instructions that torch.save writes for a dict of
tensors (protocol 2, torch/serialization.py), and returns dicts, lists, numbers and descriptions of tensors. Format:
https://github.com/python/cpython/blob/main/Lib/pickletools.py.
"""

import dataclasses
import pickletools
from typing import Any

import numpy as np

from clip_italian.checkpoints.tensors import BFLOAT16, damaged, one_line, refused, shown

DTYPES = {
    "torch DoubleStorage": np.dtype("<f8"),
    "torch FloatStorage": np.dtype("<f4"),
    "torch HalfStorage": np.dtype("<f2"),
    "torch BFloat16Storage": BFLOAT16,
    "torch LongStorage": np.dtype("<i8"),
    "torch IntStorage": np.dtype("<i4"),
    "torch ShortStorage": np.dtype("<i2"),
    "torch CharStorage": np.dtype("i1"),
    "torch ByteStorage": np.dtype("u1"),
    "torch BoolStorage": np.dtype("?"),
}
DICT, TENSOR, PARAMETER = "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"
KNOWN = {DICT, TENSOR, PARAMETER, *DTYPES}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PLAIN = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclasses.dataclass(frozen=True)
class Global:
    """A name in the pickle, one of KNOWN."""

    name: str


@dataclasses.dataclass(frozen=True)
class Storage:
    """A flat array of `length` numbers in the archive's member `data/<key>`."""

    key: str
    dtype: np.dtype
    length: int


@dataclasses.dataclass(frozen=True)
class Strided:
    """A tensor as a view of a storage, as the file states it; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[Any, ...]
    strides: tuple[Any, ...]


class Machine:
    """The stack machine that executes a pickle, without instructions that could run code."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []  # the stacks below the open marks
        self._memo: dict[int, Any] = {}

    def run(self, program: bytes) -> Any:
        """The value of the pickle `program`; raises InputError for an instruction that is unknown or invalid."""
        end = -1
        try:
            for instruction, argument, position in pickletools.genops(program):
                self._step(instruction.name, argument)
                end = position or 0
            (result,) = self._stack
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise damaged(self.where, f"its pickle is damaged ({one_line(error)})") from None
        if self._outer or end != len(program) - 1:
            raise damaged(self.where, "its pickle is damaged (more follows its end)")
        return result

    def _step(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO" if argument != 2:
                raise refused(self.where, f"its pickle has protocol {argument}, not 2 as torch.save writes")
            case "PROTO" | "STOP":
                pass
            case "MARK":
                self._outer.append(self._stack)
                self._stack = []
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._stack[-1]
            case _:
                self._step_of_values(name, argument)

    def _step_of_values(self, name: str, argument: Any) -> None:
        match name:
            case _ if name in PLAIN:
                self._push(argument)
            case _ if name in CONSTANTS:
                self._push(CONSTANTS[name])
            case _ if name in TUPLES:
                self._push(tuple(reversed([self._stack.pop() for _ in range(TUPLES[name])])))
            case "TUPLE":
                self._push(tuple(self._from_mark()))
            case "EMPTY_DICT":
                self._push({})
            case "EMPTY_LIST":
                self._push([])
            case "BINGET" | "LONG_BINGET":
                self._push(self._memo[argument])
            case _:
                self._step_of_containers(name, argument)

    def _step_of_containers(self, name: str, argument: Any) -> None:
        match name:
            case "APPEND":
                self._append([self._stack.pop()])
            case "APPENDS":
                self._append(self._from_mark())
            case "SETITEM":
                self._set_items([self._stack.pop(-2), self._stack.pop()])
            case "SETITEMS":
                self._set_items(self._from_mark())
            case "GLOBAL":
                self._push(self._global(argument))
            case "BINPERSID":
                self._push(self._storage(self._stack.pop()))
            case "REDUCE":
                arguments = self._stack.pop()
                self._push(self._built(self._stack.pop(), arguments))
            case "BUILD":  # torch's attributes of its dict of tensors, version numbers: dropped
                self._stack.pop()
                self._expect(dict)
            case _:
                raise refused(self.where, f"its pickle has the instruction {name}, which torch.save does not write for tensors")

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _from_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._outer.pop()
        return items

    def _expect(self, kind: type) -> Any:
        """The top of the stack; raises ValueError unless it is of that kind."""
        if type(self._stack[-1]) is not kind:
            raise ValueError(f"{kind.__name__} expected")
        return self._stack[-1]

    def _append(self, items: list[Any]) -> None:
        self._expect(list).extend(items)

    def _set_items(self, items: list[Any]) -> None:
        target = self._expect(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Other keys are not hashed: hashing nested tuples can take for ever.
            if type(key) not in (str, int) or key in target:
                raise ValueError("a key is no string, or occurs twice")
            target[key] = value

    def _global(self, name: str) -> Global:
        if name not in KNOWN:
            wanted = shown(name.replace(" ", ".", 1))
            raise refused(
                self.where, f"its pickle asks for {wanted}, which no tensor needs and which could run code (nothing was run)"
            )
        return Global(name)

    def _storage(self, description: Any) -> Storage:
        match description:
            case ("storage", Global(name), str(key), str(), int(length)) if name in DTYPES and length >= 0:
                return Storage(key, DTYPES[name], length)
        raise ValueError("a storage is not described as torch does")

    def _built(self, function: Any, arguments: Any) -> Any:
        match (function, arguments):
            case (Global(name=name), ()) if name == DICT:
                return {}
            case (Global(name=name), (Strided() as tensor, bool(), dict())) if name == PARAMETER:
                return tensor
            case (Global(name=name), (Storage() as storage, int(offset), tuple(shape), tuple(strides), *_)) if name == TENSOR:
                return Strided(storage, offset, shape, strides)
        raise ValueError("a tensor is not described as torch does")
