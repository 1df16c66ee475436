"""A source's images over all its zip archives, each found by the last component of its member's name.

The archives are `images.zip`, or `images-00000.zip`, `images-00001.zip`, ..., or a publisher's own, like `train2014.zip`: all zips
of the source's folder. The index holds ten bytes per image, in two files that all processes map into their memory.
"""

import functools
import hashlib
import pathlib
from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt16, UInt64

from clip_italian.data.archives import Archive
from clip_italian.errors import InputError

KEYS, PLACES = "keys.npy", "places.npy"
# Open at a time: rows come nearly in the order of the archives, and each holds the list of its members, some 1 kB a member.
OPEN = 4


class Missing(Exception):
    """No archive of the source has an image of that name."""


def archives(folder: pathlib.Path) -> list[pathlib.Path]:
    """The zip files of a source's folder, sorted by name; raises InputError when there is none."""
    found = sorted(folder.glob("*.zip"))
    if not found:
        raise InputError(f"{folder}/images.zip: missing; run `dvc repro` (or `dvc checkout`) to make it")
    return found


def write_index(folder: pathlib.Path, out: pathlib.Path) -> None:
    """Writes an index of the images of the source in `folder` to the new folder `out`: for each image, its archive.

    Raises InputError when an archive is damaged, and when two members have the same file name (last component of the path).
    """
    paths = archives(folder)
    parts = [_keys(Archive(path)) for path in paths]
    keys = np.concatenate(parts)
    places = np.repeat(np.arange(len(paths), dtype=np.uint16), [len(part) for part in parts])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if len(twice := np.flatnonzero(keys[1:] == keys[:-1])):
        _refuse(paths, int(keys[twice[0]]))
    out.mkdir(parents=True)
    np.save(out / KEYS, keys)
    np.save(out / PLACES, places[order])


def _keys(archive: Archive) -> UInt64[np.ndarray, " n"]:
    with archive:
        return np.fromiter((_key(name) for name in _members(archive)), np.uint64)


def _members(archive: Archive) -> Iterator[str]:
    """The files of an archive; some zips list their folders too."""
    return (name for name in archive.names if not name.endswith("/"))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(_last(name).encode(), digest_size=8).digest())


def _refuse(paths: list[pathlib.Path], key: int) -> None:
    found = [(path, name) for path in paths for name in sorted(_members(Archive(path))) if _key(name) == key]
    (one, first), (other, second) = found[:2]
    raise InputError(
        f"{other}: member `{second}` has the name of `{first}` of {one.name}, and rows name pictures by it; leave one of them out"
    )


class ImageIndex:
    """The images of the source in `folder`, by the index at `index`."""

    def __init__(self, folder: pathlib.Path, index: pathlib.Path) -> None:
        self._paths = archives(folder)
        self._keys: UInt64[np.ndarray, " n"] = np.load(index / KEYS, mmap_mode="r")
        self._places: UInt16[np.ndarray, " n"] = np.load(index / PLACES, mmap_mode="r")

    def find(self, name: str) -> tuple[Archive, str]:
        """The archive that has an image, and the member's whole name there; raises Missing."""
        key = np.uint64(_key(name))
        place = int(np.searchsorted(self._keys, key))
        if place == len(self._keys) or self._keys[place] != key:
            raise Missing(name)
        archive = opened(self._paths[self._places[place]])
        if member := archive.by_last_component.get(_last(name)):
            return archive, member
        raise Missing(name)


@functools.lru_cache(maxsize=OPEN)
def opened(path: pathlib.Path) -> Archive:
    """An archive, kept open in this process: reading the list of a large one takes longer than reading its images."""
    return Archive(path)
