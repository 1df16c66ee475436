"""Collects the publishers' files, which are fetched from their addresses or given by path.

The files are stored below a state folder, a folder for each publisher, and linked from there into the study's raw sources. So
nothing is fetched twice, neither after a kill nor when the stage runs again.
"""

import dataclasses
import hashlib
import pathlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pydantic

from clip_italian import files
from clip_italian.config import Settings
from clip_italian.data import archives
from clip_italian.data.fetching.answers import ImageRequest
from clip_italian.data.fetching.images import DATES, fetch_images
from clip_italian.data.fetching.large import fetch_file
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.sources.sources import READERS
from clip_italian.errors import InputError

FETCHED, IMAGES = "fetched", "pictures"  # folders of fetched files, and of images fetched from the addresses in rows
UNPACKED = ".unpacked"  # prefix of the file that marks an archive as completely unpacked


class PublishedFile(Settings):
    """A publisher's file, or a folder of the user."""

    name: str = pydantic.Field(min_length=1)  # below the publisher's folder
    address: str | None  # null: the publisher provides it on request only, or it is the user's own
    given: str | None  # path of a copy on this machine, which is used instead
    sha256: str | None  # null: any content is accepted; the report has its hash
    unpack: str | None  # folder below the publisher's for its members; null: it stays an archive
    pairs: bool  # whether it has training pairs; otherwise it is for test sets only


class Publisher(Settings):
    """The publisher of a data set."""

    about: str  # page with a description, the terms, and how to get it
    licence: str
    files: list[PublishedFile] = pydantic.Field(min_length=1)
    fetch_rows: bool  # whether its rows have addresses of images, which are fetched one by one


class PublishedSettings(Settings):
    """Section `published` of a profile."""

    language: str  # ISO 639-1 code of the rows whose images are fetched
    publishers: dict[str, Publisher]  # the study's sources by their names, and those of test sets


def collect(folder: pathlib.Path, state: pathlib.Path, settings: PublishedSettings, fetch: FetchSettings) -> dict[str, Any]:
    """Collects all publishers' files below `state`, and those of sources, with the images of their rows, below `folder`.

    Returns the report by source: its files, and the counts of requested, fetched and missing images. Raises InputError naming a
    file that is not available and its publisher, and if fewer of a source's images could be fetched than `fetch` demands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: obtain(state, name, publisher, fetch) for name, publisher in settings.publishers.items()}
    return {
        name: {"files": found[name]} | _source(folder / name, state, name, settings, fetch)
        for name, publisher in settings.publishers.items()
        if any(file.pairs for file in publisher.files)
    }


def obtain(state: pathlib.Path, name: str, publisher: Publisher, fetch: FetchSettings) -> list[dict[str, Any]]:
    """Collects one publisher's files in `state / name`; returns the name, bytes and SHA-256 (null for a folder) of each."""
    folder = state / name
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for file in publisher.files:
        target = folder / file.name
        _put(target, _where(state, name, file, publisher, fetch), file)
        if file.unpack is not None:
            _unpack(target, folder / file.unpack)
        described.append(_described(target))
    return described


def _where(state: pathlib.Path, name: str, file: PublishedFile, publisher: Publisher, fetch: FetchSettings) -> pathlib.Path:
    """The path of a file on this machine, fetched if it is not given. Files with the same address are fetched once."""
    if file.given is not None:
        path = pathlib.Path(file.given)
        if not path.exists():
            raise InputError(f"{path}: missing; put `{file.name}` of {name} there; it is available from {publisher.about}")
        return path
    if file.address is None:
        raise InputError(
            f"{file.name} of {name}: cannot be fetched without its publisher's consent; get it from {publisher.about} and write "
            f"its path as `given` in the profile, section `published.publishers.{name}`"
        )
    digest, last = hashlib.sha256(file.address.encode()).hexdigest()[:16], file.address.rpartition("/")[2].partition("?")[0]
    path = state / FETCHED / f"{digest}-{last}"
    fetch_file(file.address, path, file.sha256, fetch)
    return path


def _put(target: pathlib.Path, source: pathlib.Path, file: PublishedFile) -> None:
    """Links `source` to `target`, or copies it from another disk; raises InputError for bytes other than the pinned ones."""
    if file.sha256 is not None and source.is_file() and (found := files.sha256(source)) != file.sha256:
        raise InputError(f"{source}: has SHA-256 {found} instead of {file.sha256}; get `{file.name}` from its publisher again")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.unlink(missing_ok=True)
        target.symlink_to(source.absolute(), target_is_directory=True)
        return
    files.link(source, target)


def _unpack(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Unpacks an archive once; if the process is killed before the mark is written, it is unpacked again."""
    mark, digest = folder.with_name(f"{UNPACKED}-{folder.name}"), files.sha256(path)
    if folder.is_dir() and mark.exists() and mark.read_text() == digest:
        return
    archives.unpack(path, folder)
    files.write_text(mark, digest)


def _described(path: pathlib.Path) -> dict[str, Any]:
    if path.is_dir():
        return {"name": path.name, "bytes": None, "sha256": None}
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": files.sha256(path)}


def _source(
    target: pathlib.Path, state: pathlib.Path, name: str, settings: PublishedSettings, fetch: FetchSettings
) -> dict[str, Any]:
    """Writes the raw folder of a source; returns its part of the report."""
    target.mkdir(parents=True)
    publisher = settings.publishers[name]
    for file in publisher.files:
        if file.pairs:
            files.link(state / name / file.name, target / file.name)
    if not publisher.fetch_rows:
        return {}
    return dataclasses.asdict(fetch_images(_requests(target, name, settings.language), target, state / IMAGES / name, fetch))


def dates(state: pathlib.Path) -> dict[str, dict[str, str]]:
    """The times at which the first and the last part of each source's images were fetched, for the provenance."""
    found = {path.parent.name: sorted(files.read_json(path).values()) for path in sorted(state.glob(f"{IMAGES}/*/{DATES}"))}
    return {source: {"first": times[0], "last": times[-1]} for source, times in found.items() if times}


def _requests(folder: pathlib.Path, source: str, language: str) -> Iterator[ImageRequest]:
    """Yields requests for the images of a source's rows, in order; stage `curate` counts the rejected rows."""
    for row in READERS[source](folder, language, Counter()):
        if row.address is not None:
            yield ImageRequest(row.address, row.image)
