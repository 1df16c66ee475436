"""Which of the known ways a folder says what its pictures show."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator

from clip_italian.data.importing import beside, listed, tars
from clip_italian.data.importing.offers import Offer, by_picture
from clip_italian.data.readers.rows import Rejected
from clip_italian.errors import InputError

JSON_LINES, TABLE, TARS, BESIDE = "JSON lines", "table", "web-dataset tars", "captions beside the pictures"
KNOWN = (
    "JSON lines with `image_path` and `captions`; a CSV or TSV whose first line names `image` and `caption`; "
    "web-dataset tars; a .txt beside each picture"
)


@dataclasses.dataclass(frozen=True)
class Found:
    """One of the four ways, and the files that say so; none where the captions lie beside the pictures."""

    kind: str
    folder: pathlib.Path
    files: list[pathlib.Path]
    accounts: list[pathlib.Path]  # tables by which img2dataset says what it got

    def offers(self, longest: int, rejected: Rejected) -> Iterator[Offer]:
        """What the folder offers, in one order whatever the file system; rows that offer nothing are counted."""
        tars.not_downloaded(self.accounts, rejected)
        if self.kind == TARS:
            return tars.offers(self.files, longest, rejected)
        if self.kind == BESIDE:
            return beside.offers(self.folder, longest, rejected)
        read = listed.table if self.kind == TABLE else listed.json_lines
        return by_picture(self.folder, read(self.files, rejected), longest, rejected)


def find(given: pathlib.Path) -> Found:
    """Looks at a folder, or at the one file in it that is meant; raises InputError when nothing or several things are found."""
    if given.is_file():
        if (kind := _kind(given)) is None:
            raise InputError(f"{given}: not a list of pictures with captions; known are {KNOWN}")
        return Found(kind, given.parent, [given], [])
    if not given.is_dir():
        raise InputError(f"{given}: no such folder; name the one that holds your photographs")
    lists = [(kind, path) for path in sorted(given.iterdir()) if path.is_file() and (kind := _kind(path))]
    kinds = sorted({kind for kind, _ in lists})
    if len(kinds) > 1:
        raise InputError(f"{given}: holds {' and '.join(kinds)}; name the file that is meant, such as {lists[0][1]}")
    if kinds:
        return Found(kinds[0], given, [path for _, path in lists], tars.accounts(given) if kinds == [TARS] else [])
    if beside.found(given):
        return Found(BESIDE, given, [], tars.accounts(given))
    raise InputError(f"{given}: nothing says what its pictures show; known are {KNOWN}")


def _kind(path: pathlib.Path) -> str | None:
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: cannot be read; check its permissions")
    suffix = path.suffix.lower()
    if path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        return TARS
    if suffix in (".jsonl", ".json") and listed.is_json_lines(path):
        return JSON_LINES
    return TABLE if suffix in (".csv", ".tsv") and listed.is_table(path) else None
