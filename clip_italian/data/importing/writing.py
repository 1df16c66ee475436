"""From what a folder offers to own/<name>: every picture with a caption, and the count of what is left out."""

import dataclasses
import json
import pathlib
import re
import sys
import zipfile
from collections import Counter
from typing import Any, TextIO

from tqdm import tqdm

from clip_italian import files
from clip_italian.data.archive import add
from clip_italian.data.images import ImageLimits, ImageRejected, decode
from clip_italian.data.importing.finding import Found, find
from clip_italian.data.importing.offers import Offer
from clip_italian.data.readers import own
from clip_italian.data.readers.rows import Unusable
from clip_italian.errors import InputError

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


def _keep(
    offer: Offer, archive: zipfile.ZipFile, pairs: TextIO, language: str, limits: ImageLimits, account: Account
) -> None:
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


def lines(report: dict[str, Any]) -> str:
    """The report as a person reads it."""
    what = ", ".join(report["files"][:3]) + (f" and {len(report['files']) - 3} more" if len(report["files"]) > 3 else "")
    counted = [
        f"{name}: {count['read']:,} read, {count['kept']:,} kept; rejected: {reasons(count['rejected'])}"
        for name, count in ((name, report[name]) for name in ("rows", "captions"))
    ]
    found = f"found: {report['kind']}" + (f" ({what})" if what else "") + (", of img2dataset" if report["of_img2dataset"] else "")
    return "\n".join([found, *counted, f"pictures: {report['pictures']:,}"])
