"""From what a folder offers to own/<name>: every picture with a caption, and the count of what is left out."""

import dataclasses
import json
import os
import pathlib
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from tqdm import tqdm

from clip_italian import files
from clip_italian.data.archives import add
from clip_italian.data.images.images import ImageLimits, ImageRejected, decode
from clip_italian.data.sources import beside, own, tables, tars
from clip_italian.data.sources.lines import LONGEST, lines
from clip_italian.data.sources.offers import Named, Offer, by_picture
from clip_italian.data.sources.rows import Rejected, Unusable, json_object, string
from clip_italian.errors import InputError


# Pictures that a list names: CLIP-Italian's JSON lines, or a table with a header.
def is_json_lines(path: pathlib.Path) -> bool:
    """Whether the first line is an object with a picture and captions."""
    try:
        entry = json.loads(next(lines(path, LONGEST), b""))
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and all(tables.chosen(list(entry), names) for names in (tables.IMAGE, tables.CAPTION))


def json_lines(paths: Iterable[pathlib.Path], rejected: Rejected) -> Iterator[Named]:
    """`{"image_path": "a.jpg", "captions": ["…", "…"]}` a line; the captions may be one text (hybrid_clip/run_hybrid_clip.py)."""
    for path in paths:
        for line in lines(path, LONGEST):
            try:
                yield _named(json_object(line))
            except Unusable as reason:
                rejected[str(reason)] += 1


def _named(entry: dict[str, Any]) -> Named:
    image, key = (tables.chosen(list(entry), names) or names[0] for names in (tables.IMAGE, tables.CAPTION))
    said = entry.get(key)
    captions = [said] if isinstance(said, str) else said
    if not isinstance(captions, list) or not captions:
        raise Unusable("no caption")
    return string(entry, image), tuple(string({"caption": caption}, "caption") for caption in captions)


def is_table(path: pathlib.Path) -> bool:
    """Whether the first line names a column of pictures and one of captions."""
    return tables.header(path, tables.IMAGE, tables.CAPTION) is not None


def table(paths: Iterable[pathlib.Path], rejected: Rejected) -> Iterator[Named]:
    """A picture and a caption a row; other columns are left alone."""
    for path in paths:
        form = tables.header(path, tables.IMAGE, tables.CAPTION)
        if form is None:
            raise ValueError(f"{path}: not a table that `is_table` takes")
        image, caption = (tables.chosen(form.columns, names) or "" for names in (tables.IMAGE, tables.CAPTION))
        for _, row in tables.records(path, form, rejected):
            yield row[image], (row[caption],)


# Which of the known ways a folder says what its pictures show.
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
        read = table if self.kind == TABLE else json_lines
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
    if suffix in (".jsonl", ".json") and is_json_lines(path):
        return JSON_LINES
    return TABLE if suffix in (".csv", ".tsv") and is_table(path) else None


REPORT = "report.json"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclasses.dataclass
class Account:
    """What became of the rows, and of the captions of pictures that are there; of both, what is read is kept or rejected."""

    pictures: int = 0
    rows_kept: int = 0
    rows_rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    captions_kept: int = 0
    captions_rejected: Counter[str] = dataclasses.field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The same, by the names of reports/<profile>/curate.json."""
        counts = {
            "rows": (self.rows_kept, +self.rows_rejected),
            "captions": (self.captions_kept, +self.captions_rejected),
        }
        return {"pictures": self.pictures} | {
            name: {"read": kept + rejected.total(), "kept": kept, "rejected": dict(rejected)}
            for name, (kept, rejected) in counts.items()
        }


def import_folder(
    given: pathlib.Path, root: pathlib.Path, name: str | None, language: str, limits: ImageLimits, replace: bool
) -> tuple[pathlib.Path, dict[str, Any]]:
    """Writes `root`/<name>, whole or not at all; returns it and the report, which is in it too.

    Pictures are taken as they are, byte for byte. Raises InputError for a folder that says nothing of its pictures, for a name
    that is taken or not one, and when no picture is left.
    """
    found = find(given)
    target = root / _name(found.folder, name)
    if target.exists() and not replace:
        raise InputError(f"{target}: is there already; choose another --name, or --replace it")
    if strangers := sorted({path.name for path in target.glob("*")} - {own.IMAGES, own.PAIRS, REPORT}):
        raise InputError(f"{target / strangers[0]}: was not imported, and would be lost; move it away, or choose another --name")
    account = Account()
    with files.replacing_folder(target) as folder:
        _write(folder, found, language, limits, account)
        names = [path.name for path in found.files]
        source = {"kind": found.kind, "files": names, "of_img2dataset": bool(found.accounts), "language": language}
        report: dict[str, Any] = source | account.as_json()
        if not account.pictures:
            raise InputError(f"{given}: no picture with a caption ({reasons(report['rows']['rejected'])}); nothing is written")
        files.write_json(folder / REPORT, report)
    return target, report


def _name(folder: pathlib.Path, name: str | None) -> str:
    """The name that is given, or one made of the folder's."""
    chosen = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") if name is None else name
    if not NAME.fullmatch(chosen):
        raise InputError(f"--name `{chosen}`: up to 64 small letters, digits, - and _ are a name; choose such a one")
    return chosen


def _write(folder: pathlib.Path, found: Found, language: str, limits: ImageLimits, account: Account) -> None:
    offers = found.offers(limits.max_bytes, account.rows_rejected)
    with (
        zipfile.ZipFile(folder / own.IMAGES, "w") as archive,
        open(folder / own.PAIRS, "w", encoding="utf-8") as pairs,
    ):
        for offer in tqdm(offers, unit=" pictures", disable=not sys.stderr.isatty()):
            try:
                _keep(offer, archive, pairs, language, limits, account)
            except (Unusable, ImageRejected) as reason:
                account.rows_rejected[str(reason)] += offer.rows


def _keep(offer: Offer, archive: zipfile.ZipFile, pairs: TextIO, language: str, limits: ImageLimits, account: Account) -> None:
    """Adds one picture; raises Unusable or ImageRejected when it has no caption or is none."""
    try:
        offer.name.encode()
    except UnicodeEncodeError:
        raise Unusable("file name not UTF-8") from None
    captions = _captions(offer, account)
    try:
        content = offer.read()
        decode(content, limits)
    except (Unusable, ImageRejected) as reason:
        account.captions_rejected[str(reason)] += len(captions)
        raise
    account.pictures += 1
    account.rows_kept += offer.rows
    account.captions_kept += len(captions)
    image = f"{account.pictures:07d}{_suffix(offer.name)}"
    add(archive, image, content)
    pair = {"id": offer.name, "image": image, "captions": captions, "language": language}
    pairs.write(json.dumps(pair, sort_keys=True, ensure_ascii=False) + "\n")


def _captions(offer: Offer, account: Account) -> list[str]:
    """The captions with something in them, each once; raises Unusable when there is none."""
    said = [caption.strip() for caption in offer.captions]
    kept = list(dict.fromkeys(caption for caption in said if caption))
    account.captions_rejected["empty caption"] += sum(not caption for caption in said)
    account.captions_rejected["repeated for its picture"] += sum(map(bool, said)) - len(kept)
    if not kept:
        raise Unusable("empty caption")
    return kept


def _suffix(name: str) -> str:
    suffix = pathlib.PurePosixPath(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


def reasons(rejected: dict[str, int]) -> str:
    """`reason (count)` of all reasons, most frequent first."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} ({count:,})" for reason, count in ordered) or "none"


def summary_lines(report: dict[str, Any]) -> str:
    """The report as a person reads it."""
    what = ", ".join(report["files"][:3]) + (f" and {len(report['files']) - 3} more" if len(report["files"]) > 3 else "")
    counted = [
        f"{name}: {count['read']:,} read, {count['kept']:,} kept; rejected: {reasons(count['rejected'])}"
        for name, count in ((name, report[name]) for name in ("rows", "captions"))
    ]
    found = f"found: {report['kind']}" + (f" ({what})" if what else "") + (", of img2dataset" if report["of_img2dataset"] else "")
    return "\n".join([found, *counted, f"pictures: {report['pictures']:,}"])
