"""An index of a source's images in all its zip archives; images are found by the last component of their member's name.

The archives are all zips of the source's folder: `images.zip`, or `images-00000.zip`, `images-00001.zip`, ..., or a publisher's,
such as `train2014.zip`. The index has ten bytes per image, in two files that all processes map into their memory.
"""

import functools
import hashlib
import pathlib
from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt16, UInt64

from clip_italian.data.archives import Archive
from clip_italian.errors import InputError

KEYS, ARCHIVES = "keys.npy", "archives.npy"  # of each image: the hash of its name, sorted, and the number of its archive
OPEN = 4  # archives kept open: rows are nearly in the order of archives, and an open archive takes some 1 kB a member


class Missing(Exception):
    """Raised if no archive of the source has an image of that name."""


def archives(folder: pathlib.Path) -> list[pathlib.Path]:
    """The zip files of a source's folder, sorted by name; raises InputError if there is none."""
    found = sorted(folder.glob("*.zip"))
    if not found:
        raise InputError(f"{folder}/images.zip: missing; run `dvc repro` (or `dvc checkout`) to make it")
    return found


def write_index(folder: pathlib.Path, out: pathlib.Path) -> None:
    """Writes the index of a source's `folder` to the new folder `out`.

    Raises InputError if an archive is damaged, and if two members have the same file name (last component of the path).
    """
    paths = archives(folder)
    parts = [_keys(Archive(path)) for path in paths]
    keys = np.concatenate(parts)
    archive_of = np.repeat(np.arange(len(paths), dtype=np.uint16), [len(part) for part in parts])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if len(twice := np.flatnonzero(keys[1:] == keys[:-1])):
        _refuse(paths, int(keys[twice[0]]))
    out.mkdir(parents=True)
    np.save(out / KEYS, keys)
    np.save(out / ARCHIVES, archive_of[order])


def _keys(archive: Archive) -> UInt64[np.ndarray, " n"]:
    with archive:
        return np.fromiter((_key(name) for name in _members(archive)), np.uint64)


def _members(archive: Archive) -> Iterator[str]:
    """The files of an archive, without the folders that some zips list."""
    return (name for name in archive.names if not name.endswith("/"))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(_last(name).encode(), digest_size=8).digest())


def _refuse(paths: list[pathlib.Path], key: int) -> None:
    found = [(path, name) for path in paths for name in sorted(_members(Archive(path))) if _key(name) == key]
    (one, first), (other, second) = found[:2]
    raise InputError(
        f"{other}: member `{second}` has the name of `{first}` of {one.name}, and rows name images by it; leave one of them out"
    )


class ImageIndex:
    """The images of the source in `folder`, found by the index that `write_index` wrote to `index`."""

    def __init__(self, folder: pathlib.Path, index: pathlib.Path) -> None:
        self._paths = archives(folder)
        self._keys: UInt64[np.ndarray, " n"] = np.load(index / KEYS, mmap_mode="r")
        self._archives: UInt16[np.ndarray, " n"] = np.load(index / ARCHIVES, mmap_mode="r")

    def find(self, name: str) -> tuple[Archive, str]:
        """The archive of an image, and the full name of its member; raises Missing."""
        key = np.uint64(_key(name))
        row = int(np.searchsorted(self._keys, key))
        if row == len(self._keys) or self._keys[row] != key:
            raise Missing(name)
        archive = opened(self._paths[self._archives[row]])
        if member := archive.by_last_component.get(_last(name)):
            return archive, member
        raise Missing(name)


# Archives are kept open, because reading the list of a large archive's members takes longer than reading its images.
opened = functools.lru_cache(maxsize=OPEN)(Archive)
