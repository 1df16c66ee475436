"""Makes candidates from rows: those with clean captions and an image that decodes. Workers take a chunk of rows at a time.

A chunk's candidates are written to a file of their own, whole or not at all: processes exchange file names alone, and a run
after a kill goes on with the chunks that exist.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import pathlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import IO, Any

import numpy as np

from clip_italian import files
from clip_italian.data import workers
from clip_italian.data.curation import duplicates, text
from clip_italian.data.curation.text import TextSettings
from clip_italian.data.images.images import ImageLimits, ImageRejected, decode
from clip_italian.data.images.shards import number
from clip_italian.data.sources import own
from clip_italian.data.sources.pictures import Missing, Pictures
from clip_italian.data.sources.rows import Row, Unusable
from clip_italian.errors import InputError

CHUNK = 256  # rows: seconds of decoding at most, so that the last chunk keeps nobody waiting, and some 200 kB of results
KEY = "S16"  # the first 16 bytes of a SHA-256 digest: among a billion, two agree by chance with a probability of 1e-21

ProperNouns = Callable[[Sequence[str]], list[float]]  # of each caption, the share of its words


@dataclasses.dataclass(frozen=True)
class Tagger:
    """`load(*arguments)` gives the tagger of proper nouns; once a process, since models are large."""

    load: Callable[..., ProperNouns]
    arguments: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class Rules:
    """The settings and folders that all chunks share."""

    raw: pathlib.Path
    state: pathlib.Path  # `pictures/<source>` in it is the index of the source's images, `chunks` what chunks give
    limits: ImageLimits
    text: TextSettings
    max_proper_nouns: float
    proper_noun_sources: tuple[str, ...]
    tagger: Tagger


@dataclasses.dataclass(frozen=True)
class Pair:
    """One image and its captions, as data/<profile>/pairs/*.jsonl holds them."""

    id: str
    source: str
    archive: str  # below data/<profile>/raw/sources, or below the repository for the user's own
    image: str  # member of the archive
    captions: list[str]


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Rows that follow each other in one source."""

    source: str
    first: int  # index of the first row among all that the reader yields
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return f"{self.source}, usable rows {self.first + 1} to {self.first + len(self.rows)}"


@dataclasses.dataclass
class Counts:
    """Numbers of rows and captions of a chunk or a source, and of those rejected, by reason."""

    rows: int = 0
    rows_rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    captions: int = 0
    captions_rejected: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Adds the other's numbers to these."""
        self.rows += other.rows
        self.rows_rejected += other.rows_rejected
        self.captions += other.captions
        self.captions_rejected += other.captions_rejected


def chunks(source: str, rows: Iterable[Row]) -> Iterator[Chunk]:
    """Yields the rows of a source, CHUNK at a time."""
    for place, part in enumerate(workers.parts(rows, CHUNK)):
        yield Chunk(source, place * CHUNK, part)


def examine(rules: Rules, chunk: Chunk) -> tuple[str, pathlib.Path]:
    """Writes the chunk's candidates unless they exist; returns the source and the file, which `read` reads.

    Raises InputError when an archive of the source is damaged.
    """
    path = rules.state / "chunks" / f"{chunk.source}-{chunk.first:010d}.npz"
    if not path.exists():
        columns, counts = _examined(rules, chunk)
        content: dict[str, Any] = {**columns, "counts": np.frombuffer(json.dumps(vars(counts)).encode(), np.uint8)}
        with files.replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **content)
    return chunk.source, path


def read(path: pathlib.Path) -> tuple[dict[str, np.ndarray], Counts]:
    """Returns the columns of a chunk's candidates, and its counts; raises InputError when the file is damaged.

    Columns with an entry for each candidate: `hashes` and `cells` (`duplicates.look`); `contents` (of the image's file) and
    `caption_sets` (of all captions' normal forms), both as KEY; `numbers` (`shards.number` of its id); `captions`, how many it
    has. Columns with an entry for each caption: `normal_captions` (its normal form as KEY) and `words`, how many it has. `lines`
    are the pairs as bytes of JSON lines.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            columns = dict(content.items())
        counts = json.loads(columns.pop("counts").tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged ({error}); delete it and run `dvc repro`") from None
    rejected = Counter(counts["rows_rejected"]), Counter(counts["captions_rejected"])
    return columns, Counts(counts["rows"], rejected[0], counts["captions"], rejected[1])


def _examined(rules: Rules, chunk: Chunk) -> tuple[dict[str, np.ndarray], Counts]:
    counts = Counts(rows=len(chunk.rows), captions=sum(len(row.captions) for row in chunk.rows))
    pictures = _pictures(own.path_of(rules.raw, chunk.source), rules.state / "pictures" / chunk.source)
    pairs, contents, looks = list[Pair](), list[bytes](), list[duplicates.Look]()
    for row, captions in zip(chunk.rows, _usable_captions(rules, chunk, counts), strict=True):
        try:
            if isinstance(captions, str):
                raise Unusable(captions)
            archive, member, content = _picture(pictures, row.image, rules.limits)
            looks.append(duplicates.look(decode(content, rules.limits)))
        except (Unusable, ImageRejected) as reason:
            counts.rows_rejected[str(reason)] += 1
            continue
        pairs.append(Pair(row.id, chunk.source, f"{chunk.source}/{archive}", member, captions))
        contents.append(content_key(content))
    return _columns(pairs, contents, duplicates.looks(looks)), counts


@functools.lru_cache(maxsize=1)
def _pictures(folder: pathlib.Path, index: pathlib.Path) -> Pictures:
    return Pictures(folder, index)


@functools.lru_cache(maxsize=1)
def _proper_nouns(tagger: Tagger) -> ProperNouns:
    return tagger.load(*tagger.arguments)


def _usable_captions(rules: Rules, chunk: Chunk, counts: Counts) -> list[list[str] | str]:
    """Returns each row's clean captions, or the reason of its last caption when none is left."""
    cleaned = [[_cleaned(caption, rules) for caption in row.captions] for row in chunk.rows]
    if chunk.source in rules.proper_noun_sources:
        _refuse_proper_nouns(cleaned, rules)
    counts.captions_rejected.update(str(one) for row in cleaned for one in row if not isinstance(one, str))
    usable = [[one for one in row if isinstance(one, str)] for row in cleaned]
    return [good or str(row[-1]) for good, row in zip(usable, cleaned, strict=True)]


def _cleaned(caption: str, rules: Rules) -> str | text.CaptionRejected:
    try:
        return text.clean(caption, rules.text)
    except text.CaptionRejected as reason:
        return reason


def _refuse_proper_nouns(cleaned: list[list[str | text.CaptionRejected]], rules: Rules) -> None:
    """Rejects captions of proper nouns, in one call of the tagger a chunk, which is several times faster."""
    usable = [(row, i) for row in cleaned for i, one in enumerate(row) if isinstance(one, str)]
    shares = _proper_nouns(rules.tagger)([str(row[i]) for row, i in usable])
    for (row, i), share in zip(usable, shares, strict=True):
        if share >= rules.max_proper_nouns:
            row[i] = text.CaptionRejected("caption of proper nouns")


def _picture(pictures: Pictures, name: str, limits: ImageLimits) -> tuple[str, str, bytes]:
    """Returns the names of an image's archive and member, and its bytes."""
    try:
        archive, member = pictures.find(name)
    except Missing:
        raise Unusable("image missing from the archive") from None
    if archive.size(member) > limits.max_bytes:
        raise ImageRejected("file too large")
    return archive.path.name, member, archive.read(member)


def content_key(content: bytes) -> bytes:
    """Returns the key by which bytes are compared: the start of their SHA-256."""
    return hashlib.sha256(content).digest()[:16]


def no_columns() -> dict[str, np.ndarray]:
    """Returns columns without rows."""
    return _columns([], [], duplicates.looks([]))


def _columns(pairs: list[Pair], contents: list[bytes], looks: duplicates.Looks) -> dict[str, np.ndarray]:
    normal = [[text.normal_form(caption) for caption in pair.captions] for pair in pairs]
    lines = "".join(json.dumps(vars(pair), sort_keys=True, ensure_ascii=False) + "\n" for pair in pairs)
    return {
        "hashes": looks.hashes,
        "cells": looks.cells,
        "contents": np.array(contents, KEY),
        "caption_sets": np.array([content_key("\n".join(sorted(some)).encode()) for some in normal], KEY),
        "numbers": np.array([number(pair.id) for pair in pairs], np.int64),
        "captions": np.array([len(some) for some in normal], np.uint32),
        "normal_captions": np.array([content_key(one.encode()) for some in normal for one in some], KEY),
        "words": np.array([len(caption.split()) for pair in pairs for caption in pair.captions], np.uint32),
        "lines": np.frombuffer(lines.encode(), np.uint8),
    }


class Spool:
    """Columns on disk, a file each: rows are appended, then mapped into memory as arrays."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files = dict[str, IO[bytes]]()
        self._kinds = dict[str, tuple[np.dtype, tuple[int, ...]]]()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def append(self, columns: Mapping[str, np.ndarray]) -> None:
        """Adds rows to some columns; a column's rows are all of one kind and shape."""
        for name, rows in columns.items():
            if name not in self._files:
                self._files[name] = self._stack.enter_context((self._folder / name).open("wb"))
                self._kinds[name] = (rows.dtype, rows.shape[1:])
            self._files[name].write(np.ascontiguousarray(rows).data)

    def column(self, name: str) -> np.ndarray:
        """Returns all rows so far, mapped into memory, read-only."""
        kind, shape = self._kinds[name]
        self._files[name].flush()
        if not (self._folder / name).stat().st_size:  # an empty file cannot be mapped
            return np.zeros((0, *shape), kind)
        return np.memmap(self._folder / name, kind, "r").reshape(-1, *shape)

    def lines(self, name: str) -> Iterator[bytes]:
        """Yields the lines of a column of bytes, with their line ends."""
        self._files[name].flush()
        with open(self._folder / name, "rb") as file:
            yield from file
