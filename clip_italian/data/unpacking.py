"""A publisher's archive as a folder: all of it, or nothing."""

import pathlib

from clip_italian import files
from clip_italian.data.archive import Archive
from clip_italian.data.tar import Tar


def opened(path: pathlib.Path) -> Archive | Tar:
    """The archive at `path`, a zip by its name's end or else a tar file; raises InputError for what is unsafe or damaged."""
    return Archive(path) if path.suffix == ".zip" else Tar(path)


def unpack(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Writes the members of an archive below `folder`, in place of what was there.

    Every member is checked before the first byte is written; raises InputError, and leaves `folder` as it was, for an archive
    that is unsafe or damaged.
    """
    with opened(path) as source, files.replacing_folder(folder) as temporary:
        for name in sorted(source.names):
            if name.endswith("/"):
                continue  # a zip's folders are members
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(source.read(name))
