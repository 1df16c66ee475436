"""Images of one size in a few ArrayRecord files, with what is known of them beside each; read at random, in batches.

A shard is `00000.array_record`, in which a record is one image's raw 8-bit RGB pixels, and `00000.jsonl` with its id, source and
captions. A folder of them is whole when it has `index.json`: the shape, and size and SHA-256 of each file. Shards are written in
any order by any process; the index comes last. ArrayRecord checks a hash of what it reads, so damaged bytes never become pixels.
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
    """One field of every example, read from the disk when it is looked at; a slice is a list."""

    def __init__(self, entries: "_Entries", field: str) -> None:
        self._entries, self._field = entries, field

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return self._entries.read(operator.index(place))[self._field]


class _Entries:
    """The JSON lines that describe the images of all shards, mapped into memory: 8 bytes are held of each."""

    def __init__(self, parts: Sequence[tuple[pathlib.Path, str]]) -> None:
        """`parts` are the files with their SHA-256; raises InputError naming one that is missing or has other bytes."""
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

    def read(self, place: int) -> dict[str, Any]:
        if not -len(self) <= place < len(self):
            raise IndexError(f"{len(self)} pictures, {place} asked")
        place %= len(self)
        part = int(np.searchsorted(self._firsts, place, "right")) - 1
        line, ends = place - int(self._firsts[part]), self._ends[part]
        start = int(ends[line - 1]) + 1 if line else 0
        return json.loads(self._contents[part][start : int(ends[line])].tobytes())


class Pictures:
    """What `open_shards` returns: `ids`, `sources` and `captions` in the order of the images, and their pixels."""

    def __init__(self, folder: pathlib.Path) -> None:
        index = files.read_json(folder / INDEX)
        self.folder = folder
        self.shape: tuple[int, int, int] = tuple(index["shape"])
        entries = _Entries([(folder / shard["examples"], shard["examples_sha256"]) for shard in index["shards"]])
        self.ids = Column[str](entries, "id")
        self.sources = Column[str](entries, "source")
        self.captions = Column[list[str]](entries, "captions")
        # Of the index, which holds the shards' hashes: it names every byte of the folder.
        self.digest = files.sha256(folder / INDEX)
        self._per_shard: int = index["per_shard"]
        self._shards = [folder / shard["file"] for shard in index["shards"]]
        for path, shard in zip(self._shards, index["shards"], strict=True):
            if not path.is_file() or path.stat().st_size != shard["bytes"]:
                raise damaged(path)

    def __len__(self) -> int:
        return len(self.ids)

    def shard_ranges(self) -> list[range]:
        """The places of each shard's images."""
        return [range(start, min(start + self._per_shard, len(self))) for start in range(0, len(self), self._per_shard)]

    @functools.cached_property
    def _readers(self) -> list[ArrayRecordReader]:
        return [_open_reader(path) for path in self._shards]

    def pixels(self, indices: Sequence[int] | Int[np.ndarray, " n"]) -> Batch:
        """Returns the images at `indices`, in that order; raises InputError naming a damaged shard, IndexError."""
        wanted = np.asarray(indices, np.int64)
        if wanted.size and (wanted.min() < 0 or wanted.max() >= len(self)):
            raise IndexError(f"{self.folder}: {len(self)} pictures, index {wanted.min()} to {wanted.max()} asked")
        result = np.empty((len(wanted), *self.shape), np.uint8)
        shard_of = wanted // self._per_shard
        for shard in np.unique(shard_of):
            places = np.flatnonzero(shard_of == shard)
            records = self._read(int(shard), (wanted[places] - shard * self._per_shard).tolist())
            result[places] = np.frombuffer(b"".join(records), np.uint8).reshape(len(places), *self.shape)
        return result

    def _read(self, shard: int, records: list[int]) -> list[bytes]:
        try:
            return self._readers[shard].read(records)
        except (RuntimeError, IndexError, ValueError) as error:
            raise damaged(self._shards[shard]) from error

    def all_pixels(self) -> Batch:
        """Returns every image; `len(self) * prod(shape)` bytes."""
        return self.pixels(np.arange(len(self)))


def damaged(path: pathlib.Path) -> InputError:
    """The error of a shard that is missing or has other bytes than it was written with."""
    return InputError(f"{path}: missing or damaged; delete its folder and run `dvc repro` (or `dvc checkout`)")


def _open_reader(path: pathlib.Path) -> ArrayRecordReader:
    try:
        return ArrayRecordReader(str(path), READER_OPTIONS)
    except RuntimeError as error:
        raise damaged(path) from error


def open_shards(folder: pathlib.Path | str) -> Pictures:
    """Opens what `write_shards` wrote; raises InputError naming a file that is missing, short or damaged."""
    return Pictures(pathlib.Path(folder))


class ShardWriter:
    """Writes one shard, number `place` of `folder`; under temporary names until it is whole."""

    def __init__(self, folder: pathlib.Path, place: int, examples: Sequence[Example]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._pixels, self._described = (folder / f"{place:05d}.{kind}" for kind in ("array_record", "jsonl"))
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
        for picture in batch:
            self._writer.write(picture.tobytes())
        self._written, self._shape = self._written + len(batch), batch.shape[1:]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None and self._written != len(self._examples):
            problem = ValueError(f"{self._pixels}: {self._written} pictures for {len(self._examples)} examples")
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
    """Makes a whole of the shards in `folder`, given the entry of each in their order; all but the last hold `per_shard`."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.tmp"):  # by processes that were killed
        left.unlink()
    shape = entries[0]["shape"] if entries else []
    shards = [{name: value for name, value in entry.items() if name != "shape"} for entry in entries]
    files.write_json(folder / INDEX, {"shape": shape, "per_shard": per_shard, "shards": shards})


def write_shards(folder: pathlib.Path, examples: Sequence[Example], pictures: Batch, per_shard: int) -> None:
    """Writes images that are in memory as a new folder; `examples[i]` describes image i.

    Raises ValueError when there are more or fewer images than examples.
    """
    if len(pictures) != len(examples):
        raise ValueError(f"{folder}: {len(pictures)} pictures for {len(examples)} examples")
    entries = []
    for start in range(0, len(examples), per_shard):
        part = slice(start, start + per_shard)
        with ShardWriter(folder, start // per_shard, examples[part]) as writer:
            writer.write(pictures[part])
        entries.append(writer.entry())
    write_index(folder, entries, per_shard)


def number(example_id: str) -> int:
    """A 62-bit number for an example's id, the same everywhere: what the random numbers of its views are made from."""
    return int.from_bytes(hashlib.sha256(example_id.encode()).digest()[:8]) >> 2
