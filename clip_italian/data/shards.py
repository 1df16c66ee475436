"""Pictures of one size in a few ArrayRecord files, with an index of what they are; read at random, in batches.

A folder holds `index.json` (ids, captions, sources, shape, and the SHA-256 of each shard) and the shards; a record is
one picture's raw 8-bit RGB pixels. ArrayRecord checks a hash of what it reads, so damaged bytes never become pixels.
"""

import contextlib
import dataclasses
import functools
import hashlib
import itertools
import pathlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter
from jaxtyping import Int, UInt8

from clip_italian import files
from clip_italian.errors import InputError

INDEX = "index.json"
# group_size:1 makes every record addressable on its own; snappy reads faster than the disk and halves drawn pictures.
WRITER_OPTIONS = "group_size:1,snappy"
READER_OPTIONS = "readahead_buffer_size:0,max_parallelism:1"  # no threads: batches are small and in random order

Batch = UInt8[np.ndarray, "_ height width 3"]


@dataclasses.dataclass(frozen=True)
class Example:
    """One picture's entry in the index."""

    id: str
    source: str
    captions: list[str]


class Pictures:
    """What `open_shards` returns: `ids`, `sources` and `captions` in the order of the pictures, and their pixels."""

    def __init__(self, folder: pathlib.Path) -> None:
        index = files.read_json(folder / INDEX)
        self.folder = folder
        self.shape: tuple[int, int, int] = tuple(index["shape"])
        self.ids: list[str] = [example["id"] for example in index["examples"]]
        self.sources: list[str] = [example["source"] for example in index["examples"]]
        self.captions: list[list[str]] = [example["captions"] for example in index["examples"]]
        # Of the index, which holds the shards' hashes: it names every byte of the folder.
        self.digest = files.sha256(folder / INDEX)
        self._per_shard: int = index["per_shard"]
        self._shards = [folder / shard["file"] for shard in index["shards"]]
        for path, shard in zip(self._shards, index["shards"], strict=True):
            if not path.is_file() or path.stat().st_size != shard["bytes"]:
                raise damaged(path)

    def __len__(self) -> int:
        return len(self.ids)

    @functools.cached_property
    def _readers(self) -> list[ArrayRecordReader]:
        return [_open_reader(path) for path in self._shards]

    def pixels(self, indices: Sequence[int] | Int[np.ndarray, " n"]) -> Batch:
        """Returns the pictures at `indices`, in that order; raises InputError naming a damaged shard, IndexError."""
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
        """Returns every picture; `len(self) * prod(shape)` bytes."""
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


def write_shards(folder: pathlib.Path, examples: Sequence[Example], batches: Iterable[Batch], per_shard: int) -> None:
    """Writes the pictures of all `batches`, in order, as a new folder; the bytes depend on nothing else.

    `examples[i]` describes picture i. Raises ValueError when there are more or fewer pictures than examples.
    """
    folder.mkdir(parents=True)
    pictures = _each(batches)
    shape: tuple[int, ...] = ()
    written = 0
    for first in pictures:
        writer = ArrayRecordWriter(str(folder / f"{written // per_shard:05d}.array_record"), WRITER_OPTIONS)
        with contextlib.closing(writer):
            for picture in itertools.chain([first], itertools.islice(pictures, per_shard - 1)):
                writer.write(picture.tobytes())
                shape, written = picture.shape, written + 1
    if written != len(examples):
        raise ValueError(f"{folder}: {written} pictures for {len(examples)} examples")
    paths = sorted(folder.glob("*.array_record"))
    shards = [{"file": path.name, "bytes": path.stat().st_size, "sha256": files.sha256(path)} for path in paths]
    entries = [vars(example) for example in examples]
    files.write_json(
        folder / INDEX, {"shape": list(shape), "per_shard": per_shard, "shards": shards, "examples": entries}
    )


def _each(batches: Iterable[Batch]) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    for batch in batches:
        yield from batch


def number(example_id: str) -> int:
    """A 62-bit number for an example's id, the same everywhere: what the random numbers of its views are made from."""
    return int.from_bytes(hashlib.sha256(example_id.encode()).digest()[:8]) >> 2
