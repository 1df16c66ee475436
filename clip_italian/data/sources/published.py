"""The publishers' own files, instead of drawn ones or beside them: fetched from where they are published, or given by path.

What comes lies below a state folder, a folder for each publisher, and is linked from there into the study's raw sources, so that
nothing is fetched twice: not after a kill, and not when the stage runs again for another reason.
"""

import hashlib
import os
import pathlib
import shutil
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

FETCHED, PICTURES = "fetched", "pictures"  # folders of what came by its address: files, and the images that rows name
UNPACKED = ".unpacked"  # mark of an archive whose members are all there


class PublishedFile(Settings):
    """A file as its publisher ships it, or a folder that the user has."""

    name: str = pydantic.Field(min_length=1)  # below the publisher's folder
    address: str | None  # where it is fetched from; null: its publisher hands it out on request only, or it is the user's own
    given: str | None  # path of a copy on this machine, which is taken instead
    sha256: str | None  # null: whatever comes; the report has its digest
    unpack: str | None  # folder, below the publisher's, that its members are unpacked into; null: it stays an archive
    pairs: bool  # whether pairs are learnt from it; otherwise it is of test sets alone


class Publisher(Settings):
    """Where a data set comes from."""

    about: str  # page that says what it is, under what terms, and how to get it
    licence: str
    files: list[PublishedFile] = pydantic.Field(min_length=1)
    fetch_rows: bool  # its rows say where their images lie, which are fetched from there one by one


class PublishedSettings(Settings):
    """Section `published` of a profile."""

    language: str  # ISO 639-1 code of the rows whose images are fetched
    publishers: dict[str, Publisher]  # the study's sources by their names, and those of test sets


def collect(folder: pathlib.Path, state: pathlib.Path, settings: PublishedSettings, fetch: FetchSettings) -> dict[str, Any]:
    """Gets every publisher's files below `state`, and the sources' into folders of `folder`, with their rows' images.

    Returns by source what was asked for, what came, and what did not. Raises InputError naming a file that cannot be had and its
    publisher, and when a source loses more of its images than `fetch` allows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: obtain(state, name, publisher, fetch) for name, publisher in settings.publishers.items()}
    return {
        name: _source(folder / name, state, name, settings, fetch, found[name])
        for name, publisher in settings.publishers.items()
        if any(file.pairs for file in publisher.files)
    }


def obtain(state: pathlib.Path, name: str, publisher: Publisher, fetch: FetchSettings) -> list[dict[str, Any]]:
    """Puts one publisher's files into `state / name`; returns each one's name, bytes and SHA-256 (null for a folder)."""
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
    """Where a file lies on this machine; it is fetched if it must be. One address is fetched once, whoever asks."""
    if file.given is not None:
        path = pathlib.Path(file.given)
        if not path.exists():
            raise InputError(f"{path}: missing; `{file.name}` of {name} was to be there; it comes from {publisher.about}")
        return path
    if file.address is None:
        raise InputError(
            f"{file.name} of {name}: not to be fetched without its publisher's consent; get it from {publisher.about} and write "
            f"its path as `given` in the profile, section `published.publishers.{name}`"
        )
    path = state / FETCHED / archive_name(file.address)
    fetch_file(file.address, path, file.sha256, fetch)
    return path


def archive_name(address: str) -> str:
    """A file name for an address: its own last part, which says what is in it, behind a digest of the whole."""
    return f"{hashlib.sha256(address.encode()).hexdigest()[:16]}-{address.rpartition('/')[2].partition('?')[0]}"


def _put(target: pathlib.Path, source: pathlib.Path, file: PublishedFile) -> None:
    """Links `source` to `target`, or copies it from another disk; raises InputError for bytes other than the pinned ones."""
    if file.sha256 is not None and source.is_file() and (found := files.sha256(source)) != file.sha256:
        raise InputError(f"{source}: has SHA-256 {found} instead of {file.sha256}; get `{file.name}` from its publisher again")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.unlink(missing_ok=True)
        target.symlink_to(source.absolute(), target_is_directory=True)
        return
    link(source, target)


def link(source: pathlib.Path, target: pathlib.Path) -> None:
    """Makes `target` the same file as `source`, or a copy of it where the two lie on different disks."""
    with files.replacing(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def _unpack(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Unpacks an archive once; a kill in between leaves no mark, and it is unpacked again."""
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
    target: pathlib.Path,
    state: pathlib.Path,
    name: str,
    settings: PublishedSettings,
    fetch: FetchSettings,
    described: list[dict[str, Any]],
) -> dict[str, Any]:
    """Fills the raw folder of a source; returns its part of the report."""
    target.mkdir(parents=True)
    publisher = settings.publishers[name]
    for file in publisher.files:
        if file.pairs:
            link(state / name / file.name, target / file.name)
    if not publisher.fetch_rows:
        return {"files": described}
    attrition = fetch_images(_wanted(target, name, settings.language), target, state / PICTURES / name, fetch)
    return {"files": described, **attrition.as_dict()}


def dates(state: pathlib.Path) -> dict[str, dict[str, str]]:
    """When the first and the last part of each source's images came: of provenance, for no content depends on it."""
    found = {path.parent.name: sorted(files.read_json(path).values()) for path in sorted(state.glob(f"{PICTURES}/*/{DATES}"))}
    return {source: {"first": times[0], "last": times[-1]} for source, times in found.items() if times}


def _wanted(folder: pathlib.Path, source: str, language: str) -> Iterator[ImageRequest]:
    """The images of a source's rows, in their order; what the reader rejects is curate's to count."""
    for row in READERS[source](folder, language, Counter()):
        if row.address is not None:
            yield ImageRequest(row.address, row.image)
