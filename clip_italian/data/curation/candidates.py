"""Makes candidate pairs from rows: those with clean captions and an image that decodes. A worker's task is a chunk of rows.

Each chunk's candidates are written to a file atomically. Processes exchange file names only, and a run that was killed resumes with
the chunks that exist.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import pathlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np

from clip_italian import files
from clip_italian.data.curation import duplicates, text
from clip_italian.data.curation.text import TextSettings
from clip_italian.data.images.images import ImageLimits, ImageRejected, decode
from clip_italian.data.images.shards import number
from clip_italian.data.sources import own
from clip_italian.data.sources.image_index import ImageIndex, Missing
from clip_italian.data.sources.rows import Row, Unusable
from clip_italian.errors import InputError

CHUNK = 256  # rows: a few seconds of decoding, so that all workers end at about the same time, and some 200 kB of results
KEY = "S16"  # the first 16 bytes of a SHA-256 digest: among a billion, two agree by chance with a probability of 1e-21

ProperNounShares = Callable[[Sequence[str]], list[float]]  # of each caption, the share of its words; pickled for workers


@dataclasses.dataclass(frozen=True)
class Rules:
    """The settings and folders that all chunks share."""

    raw: pathlib.Path
    state: pathlib.Path  # has `images/<source>`, the index of a source's images, and `chunks`, the candidates
    limits: ImageLimits
    text: TextSettings
    max_proper_nouns: float
    proper_noun_sources: tuple[str, ...]
    proper_noun_shares: ProperNounShares


@dataclasses.dataclass(frozen=True)
class Pair:
    """An image and its captions, as in data/<profile>/pairs/*.jsonl."""

    id: str
    source: str
    archive: str  # below data/<profile>/raw/sources, or below the repository for the user's own
    image: str  # member of the archive
    captions: list[str]


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Consecutive rows of one source."""

    source: str
    first: int  # index of the first row among all that the reader yields
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return f"{self.source}, usable rows {self.first + 1} to {self.first + len(self.rows)}"


@dataclasses.dataclass
class Counts:
    """Numbers of rows, captions and candidates of a chunk or a source, and of rows and captions rejected, by reason."""

    candidates: int = 0
    rows: int = 0
    rows_rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    captions: int = 0
    captions_rejected: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Adds the numbers of `other`."""
        self.candidates += other.candidates
        self.rows += other.rows
        self.rows_rejected += other.rows_rejected
        self.captions += other.captions
        self.captions_rejected += other.captions_rejected


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
    values: dict[str, Any] = {name: Counter(value) if isinstance(value, dict) else value for name, value in counts.items()}
    return columns, Counts(**values)


def _examined(rules: Rules, chunk: Chunk) -> tuple[dict[str, np.ndarray], Counts]:
    counts = Counts(rows=len(chunk.rows), captions=sum(len(row.captions) for row in chunk.rows))
    images = _image_index(own.path_of(rules.raw, chunk.source), rules.state / "images" / chunk.source)
    pairs, contents, looks = list[Pair](), list[bytes](), list[duplicates.Look]()
    for row, captions in zip(chunk.rows, _usable_captions(rules, chunk, counts), strict=True):
        try:
            if isinstance(captions, str):
                raise Unusable(captions)
            archive, member, content = _image(images, row.image, rules.limits)
            looks.append(duplicates.look(decode(content, rules.limits)))
        except (Unusable, ImageRejected) as reason:
            counts.rows_rejected[str(reason)] += 1
            continue
        pairs.append(Pair(row.id, chunk.source, f"{chunk.source}/{archive}", member, captions))
        contents.append(content_key(content))
    counts.candidates = len(pairs)
    return columns_of(pairs, contents, duplicates.looks(looks)), counts


_image_index = functools.lru_cache(maxsize=1)(ImageIndex)


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
    """Rejects captions of proper nouns. One call of the tagger for the whole chunk is several times faster."""
    usable = [(row, i) for row in cleaned for i, one in enumerate(row) if isinstance(one, str)]
    shares = rules.proper_noun_shares([str(row[i]) for row, i in usable])
    for (row, i), share in zip(usable, shares, strict=True):
        if share >= rules.max_proper_nouns:
            row[i] = text.CaptionRejected("caption of proper nouns")


def _image(images: ImageIndex, name: str, limits: ImageLimits) -> tuple[str, str, bytes]:
    """Returns the names of an image's archive and member, and its bytes."""
    try:
        archive, member = images.find(name)
    except Missing:
        raise Unusable("image missing from the archive") from None
    if archive.size(member) > limits.max_bytes:
        raise ImageRejected("file too large")
    return archive.path.name, member, archive.read(member)


def content_key(content: bytes) -> bytes:
    """Returns the key for comparing bytes: the first 16 bytes of their SHA-256."""
    return hashlib.sha256(content).digest()[:16]


def columns_of(pairs: list[Pair], contents: list[bytes], looks: duplicates.Looks) -> dict[str, np.ndarray]:
    """Returns the columns of candidates, which `read` describes; `contents` are the keys of the image files."""
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


class Spool(contextlib.AbstractContextManager["Spool"]):
    """Columns on disk, one file each. Rows are appended, then mapped into memory as arrays."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files = dict[str, IO[bytes]]()
        self._kinds = dict[str, tuple[np.dtype, tuple[int, ...]]]()
        self._stack = contextlib.ExitStack()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def append(self, columns: Mapping[str, np.ndarray]) -> None:
        """Appends rows to some columns; all rows of a column have one dtype and shape."""
        for name, rows in columns.items():
            if name not in self._files:
                self._files[name] = self._stack.enter_context((self._folder / name).open("wb"))
                self._kinds[name] = (rows.dtype, rows.shape[1:])
            self._files[name].write(np.ascontiguousarray(rows).data)

    def column(self, name: str) -> np.ndarray:
        """Returns all rows appended so far, mapped into memory, read-only."""
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
