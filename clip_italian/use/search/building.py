"""Building and updating an index: only new and changed files are encoded.

After every PART images, their embeddings are written to a file beside the index, so that a killed run loses at most PART images.
The parts, and so the bits of the index, do not depend on kills. They are removed when the index is complete.
"""

import collections
import hashlib
import json
import pathlib
import shutil
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import numpy as np
import tqdm
from jaxtyping import Float

from clip_italian import files
from clip_italian.checkpoints.model import BATCH, Model
from clip_italian.data.images import images, opening
from clip_italian.data.images.images import ImageRejected, Pixels
from clip_italian.errors import InputError
from clip_italian.use.search import approximate, store
from clip_italian.use.search.store import Contents, Entry, Found, Origin, Refusal

PART = 16 * BATCH  # images: half a minute with a base model on two cores
KNOWN = {store.MANIFEST, store.VECTORS, store.PICTURES, store.REFUSED, approximate.MANIFEST, approximate.GRAPH}
SHOWN = 10  # rejected files that a report names
FileOf = Callable[[str], store.Image]  # from an image's path to its file


class Report(NamedTuple):
    """Counts of files by outcome; `gone` counts files of the earlier index that are no longer in the folder."""

    encoded: int
    unchanged: int
    copies: int  # files with the same bytes as another
    gone: int
    refused: list[Refusal]

    def lines(self) -> str:
        """The report as text."""
        counts = {"encoded": self.encoded, "unchanged": self.unchanged, "copies of others": self.copies, "gone": self.gone}
        lines = [", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing to do"]
        reasons = collections.Counter(one.reason for one in self.refused)
        lines += [f"{count:,} left out: {reason}" for reason, count in reasons.most_common()]
        lines += [f"  {one.found.path}: {one.reason}" for one in self.refused[:SHOWN]]
        return "\n".join(lines + ([f"  and {len(self.refused) - SHOWN:,} more"] if len(self.refused) > SHOWN else []))


class Part(NamedTuple):
    """The result for some files: their entries, and the embeddings of contents that were not indexed before."""

    entries: list[Entry]
    refusals: list[Refusal]
    contents: list[str]  # digests, one for each row of `vectors`
    vectors: Float[np.ndarray, "n p"]


def origin(model: Model, folder: pathlib.Path, name: str, images: str | None) -> Origin:
    """The origin of an index of a folder by `model`, which `load(name, images=images)` returned."""
    return Origin(str(folder.resolve()), name, images, model.digests())


def build(model: Model, origin: Origin, path: pathlib.Path, progress: bool = False) -> Report:
    """Builds the index of a folder at `path`, or updates the existing one; returns the report on its files.

    Raises InputError if `path` holds something else, a damaged index, or one by another model.
    """
    folder = store.images_folder(path, origin)
    found, file_of = store.images(folder), store.files_of(folder)
    before = _before(path, origin)
    draft, parts = Draft(before, found), path.with_name(f".{path.name}.parts")
    _keep_parts_of(origin, parts)
    with tqdm.tqdm(total=len(draft.todo), unit="image", disable=not progress) as bar:
        for start in range(0, len(draft.todo), PART):
            draft.add(_part(parts / f"{start:012d}.npz", draft.todo[start : start + PART], file_of, model, draft.row_of, bar))
    if draft.todo or draft.gone or before is None:
        store.write(path, origin, draft.contents(model.settings.projection))
    shutil.rmtree(parts, ignore_errors=True)
    return draft.report()


def _before(path: pathlib.Path, origin: Origin) -> Contents | None:
    """The contents of the existing index at `path`, or None."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return None
    store.check_model(path, store.origin(path), origin.digests)
    store.check(path)
    if others := sorted({one.name for one in path.iterdir()} - KNOWN):
        raise InputError(f"{path / others[0]}: is not part of an index and would be deleted; move it away")
    return store.read(path)


class Draft:
    """The new contents of an index: those kept from the earlier index, and those added.

    `todo` lists the new and changed files. `row_of` maps the digest of a content to its row in the concatenated `blocks`.
    """

    def __init__(self, before: Contents | None, found: list[Found]) -> None:
        entries = before.entries if before else []
        refusals = before.refusals if before else []
        here, paths = set(found), {one.path for one in found}
        self.entries = [entry for entry in entries if entry.found in here]
        self.refusals = [one for one in refusals if one.found in here]
        self.unchanged = len(self.entries) + len(self.refusals)
        gone = {entry.found.path for entry in entries} | {one.found.path for one in refusals}
        self.gone = len(gone - paths)
        done = {entry.found for entry in self.entries} | {one.found for one in self.refusals}
        self.todo = [one for one in found if one not in done]
        self.blocks = [before.vectors] if before else []
        self.row_of = {entry.sha256: row for row, entry in enumerate(entries)}
        self.encoded = 0

    def add(self, part: Part) -> None:
        """Adds the result for some files of `todo`."""
        rows = sum(map(len, self.blocks))
        self.row_of |= {content: rows + row for row, content in enumerate(part.contents)}
        self.blocks.append(part.vectors)
        self.entries += part.entries
        self.refusals += part.refusals
        self.encoded += len(part.contents)

    def contents(self, width: int) -> Contents:
        """The contents, sorted by path."""
        entries = sorted(self.entries)
        rows = np.array([self.row_of[entry.sha256] for entry in entries], np.int64)
        vectors, start = np.empty((len(rows), width), np.float32), 0
        for block in self.blocks:
            here = (rows >= start) & (rows < start + len(block))
            vectors[here] = block[rows[here] - start]
            start += len(block)
        return Contents(vectors, entries, sorted(self.refusals))

    def report(self) -> Report:
        """The counts of files by outcome."""
        copies = len(self.entries) - len({entry.sha256 for entry in self.entries})
        return Report(self.encoded, self.unchanged, copies, self.gone, sorted(self.refusals))


def _keep_parts_of(origin: Origin, parts: pathlib.Path) -> None:
    """Removes parts left by a run with another model or folder."""
    of = parts / "of.json"
    if of.is_file() and json.loads(of.read_text()) == json.loads(files.dumps(origin._asdict())):
        return
    shutil.rmtree(parts, ignore_errors=True)
    files.write_json(of, origin._asdict())


def _part(path: pathlib.Path, found: list[Found], file_of: FileOf, model: Model, known: Mapping[str, int], bar: tqdm.tqdm) -> Part:
    """The result for some files, from an earlier run or computed and written now."""
    part = _left(path, found)
    if part is None:
        part = _made(file_of, found, model, known, bar)
        table = {"entries": part.entries, "refusals": part.refusals, "contents": part.contents}
        with files.replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, allow_pickle=False, vectors=part.vectors, table=np.array(json.dumps(table)))
    else:
        bar.update(len(found))
    return part


def _left(path: pathlib.Path, found: list[Found]) -> Part | None:
    """The part written by an earlier run, or None if there is none or its files have changed."""
    if not path.is_file():
        return None
    with np.load(path) as arrays:
        table, vectors = json.loads(str(arrays["table"])), arrays["vectors"]
    entries = [Entry(Found(*one), sha256) for one, sha256 in table["entries"]]
    refusals = [Refusal(Found(*one), reason) for one, reason in table["refusals"]]
    if {entry.found for entry in entries} | {one.found for one in refusals} != set(found):
        return None
    return Part(entries, refusals, table["contents"], vectors)


def _made(file_of: FileOf, found: list[Found], model: Model, known: Mapping[str, int], bar: tqdm.tqdm) -> Part:
    """Reads, decodes and encodes some files."""
    seen, vectors = set(known), [np.zeros((0, model.settings.projection), np.float32)]
    part = Part([], [], [], vectors[0])

    def read(one: Found) -> tuple[str, Pixels | None] | ImageRejected:
        try:
            return _fitted(file_of(one.path), model, seen)
        except ImageRejected as reason:
            return reason

    for start, block in enumerate(opening.map_blocks(read, found, BATCH)):
        fresh: dict[str, Pixels] = {}
        for one, got in zip(found[start * BATCH :], block, strict=False):
            if isinstance(got, ImageRejected):
                part.refusals.append(Refusal(one, str(got)))
                continue
            sha256, pixels = got
            part.entries.append(Entry(one, sha256))
            if sha256 not in seen and pixels is not None:
                fresh[sha256] = pixels
        if fresh:
            vectors.append(model.encode_fitted(np.stack(list(fresh.values()))))
            part.contents.extend(fresh)
            seen |= set(fresh)
        bar.update(len(block))
    return part._replace(vectors=np.concatenate(vectors))


def _fitted(path: store.Image, model: Model, seen: Collection[str]) -> tuple[str, Pixels | None]:
    """A file's digest and its pixels at the model's size; the pixels are None if the same content has been encoded."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageRejected(f"cannot be read ({error.strerror})") from None
    sha256 = hashlib.sha256(content).hexdigest()
    return sha256, None if sha256 in seen else model.fitted(images.decode(content, opening.LIMITS))
