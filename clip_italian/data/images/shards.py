"""Images of one size in ArrayRecord files (shards), each with a JSON-lines file of ids, sources and captions; read in any order.

A shard is `00000.array_record`, in which a record is one image's raw 8-bit RGB pixels, and `00000.jsonl` with its id, source and
captions. A folder of shards is complete when it has `index.json`: the shape, and the size and SHA-256 of each file. Any process
may write any shard; the index is written last. ArrayRecord checks a hash of every record, so damaged bytes never become pixels.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import operator
import pathlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, SupportsIndex, TypeVar, overload

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter
from jaxtyping import Int, UInt8

from clip_italian import files
from clip_italian.errors import InputError

INDEX = "index.json"
# group_size:1 makes every record addressable on its own; snappy reads faster than the disk and halves drawn images.
WRITER_OPTIONS = "group_size:1,snappy"
READER_OPTIONS = "readahead_buffer_size:0,max_parallelism:1"  # no threads: batches are small and in random order

T = TypeVar("T")
Batch = UInt8[np.ndarray, "_ height width 3"]


@dataclasses.dataclass(frozen=True)
class Example:
    """The id, source and captions of one image."""

    id: str
    source: str
    captions: list[str]


class Column(Sequence[T]):
    """One field of all examples. An item is read from disk on access; a slice is a list."""

    def __init__(self, entries: "_Entries", field: str) -> None:
        self._entries, self._field = entries, field

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        return self._entries.read(operator.index(index))[self._field]


class _Entries:
    """The JSON lines of all shards, mapped into memory; 8 bytes of memory a line."""

    def __init__(self, parts: Sequence[tuple[pathlib.Path, str]]) -> None:
        """`parts` are (file, SHA-256). Raises InputError naming a file that is missing or has other bytes."""
        self._contents = [self._checked(path, digest) for path, digest in parts]
        self._ends = [np.flatnonzero(content == ord("\n")) for content in self._contents]
        self._firsts = np.cumsum([0, *map(len, self._ends)])

    @staticmethod
    def _checked(path: pathlib.Path, digest: str) -> UInt8[np.ndarray, " bytes"]:
        if not path.is_file() or files.sha256(path) != digest:
            raise damaged(path)
        return np.memmap(path, np.uint8, "r")

    def __len__(self) -> int:
        return int(self._firsts[-1])

    def read(self, index: int) -> dict[str, Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} images")
        index %= len(self)
        part = int(np.searchsorted(self._firsts, index, "right")) - 1
        line, ends = index - int(self._firsts[part]), self._ends[part]
        start = int(ends[line - 1]) + 1 if line else 0
        return json.loads(self._contents[part][start : int(ends[line])].tobytes())


class Shards:
    """A folder of shards: `ids`, `sources` and `captions` in the order of the images, and their pixels.

    Opening raises InputError naming a file that is missing, short or damaged.
    """

    def __init__(self, folder: pathlib.Path | str) -> None:
        self.folder = folder = pathlib.Path(folder)
        index = files.read_json(folder / INDEX)
        self.shape: tuple[int, int, int] = tuple(index["shape"])
        entries = _Entries([(folder / shard["examples"], shard["examples_sha256"]) for shard in index["shards"]])
        self.ids = Column[str](entries, "id")
        self.sources = Column[str](entries, "source")
        self.captions = Column[list[str]](entries, "captions")
        self.digest = files.sha256(folder / INDEX)  # of every byte in the folder, since the index holds the hash of each file
        self._per_shard: int = index["per_shard"]
        self._shards = [folder / shard["file"] for shard in index["shards"]]
        for path, shard in zip(self._shards, index["shards"], strict=True):
            if not path.is_file() or path.stat().st_size != shard["bytes"]:
                raise damaged(path)
        self._reader = functools.cache(lambda shard: ArrayRecordReader(str(self._shards[shard]), READER_OPTIONS))

    def __len__(self) -> int:
        return len(self.ids)

    def shard_ranges(self) -> list[range]:
        """The indices of each shard's images."""
        return [range(start, min(start + self._per_shard, len(self))) for start in range(0, len(self), self._per_shard)]

    def pixels(self, indices: Sequence[int] | Int[np.ndarray, " n"]) -> Batch:
        """Returns the images at `indices`, in that order; raises InputError naming a damaged shard, IndexError."""
        indices = np.asarray(indices, np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"{self.folder}: indices {indices.min()} to {indices.max()} are out of range for {len(self)} images")
        result = np.empty((len(indices), *self.shape), np.uint8)
        shard_of = indices // self._per_shard
        for shard in np.unique(shard_of):
            rows = np.flatnonzero(shard_of == shard)
            records = self._read(int(shard), (indices[rows] - shard * self._per_shard).tolist())
            result[rows] = np.frombuffer(b"".join(records), np.uint8).reshape(len(rows), *self.shape)
        return result

    def _read(self, shard: int, records: list[int]) -> list[bytes]:
        try:
            return self._reader(shard).read(records)
        except (RuntimeError, IndexError, ValueError) as error:
            raise damaged(self._shards[shard]) from error


def damaged(path: pathlib.Path) -> InputError:
    """The error for a file of a shard that is missing or has changed."""
    return InputError(f"{path}: missing or damaged; delete its folder and run `dvc repro` (or `dvc checkout`)")


class ShardWriter:
    """Writes shard `number` of `folder`, under temporary names until it is complete."""

    def __init__(self, folder: pathlib.Path, number: int, examples: Sequence[Example]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._pixels, self._described = (folder / f"{number:05d}.{kind}" for kind in ("array_record", "jsonl"))
        self._examples, self._written = examples, 0
        self._shape: tuple[int, ...] = ()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "ShardWriter":
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(files.replacing(self._pixels))
            self._writer = stack.enter_context(contextlib.closing(ArrayRecordWriter(str(temporary), WRITER_OPTIONS)))
            self._stack = stack.pop_all()
        return self

    def write(self, batch: Batch) -> None:
        """Adds images."""
        for image in batch:
            self._writer.write(image.tobytes())
        self._written, self._shape = self._written + len(batch), batch.shape[1:]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None and self._written != len(self._examples):
            problem = ValueError(f"{self._pixels}: {self._written} images for {len(self._examples)} examples")
            self._stack.__exit__(ValueError, problem, None)
            raise problem
        self._stack.__exit__(kind, error, trace)
        if error is None:
            lines = (json.dumps(vars(one), sort_keys=True, ensure_ascii=False) + "\n" for one in self._examples)
            files.write_text(self._described, "".join(lines))

    def entry(self) -> dict[str, Any]:
        """The finished shard's entry of the index."""
        pixels, described = self._pixels, self._described
        return {
            "file": pixels.name,
            "bytes": pixels.stat().st_size,
            "sha256": files.sha256(pixels),
            "pictures": self._written,
            "examples": described.name,
            "examples_sha256": files.sha256(described),
            "shape": list(self._shape),
        }


def write_index(folder: pathlib.Path, entries: Sequence[Mapping[str, Any]], per_shard: int) -> None:
    """Writes the index of a folder from its shards' entries, in order; all shards but the last hold `per_shard` images."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*.tmp"):  # of processes that were killed
        leftover.unlink()
    shape = entries[0]["shape"] if entries else []
    shards = [{name: value for name, value in entry.items() if name != "shape"} for entry in entries]
    files.write_json(folder / INDEX, {"shape": shape, "per_shard": per_shard, "shards": shards})


def number(example_id: str) -> int:
    """The 62-bit number of an example's id, which seeds its augmentations; the same on every machine."""
    return int.from_bytes(hashlib.sha256(example_id.encode()).digest()[:8]) >> 2
