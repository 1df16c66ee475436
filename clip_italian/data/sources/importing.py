"""Imports a folder of captioned images to own/<name>, and counts the rows and captions that are rejected."""

import contextlib
import dataclasses
import functools
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
from clip_italian.data.sources import own, tables, web_dataset
from clip_italian.data.sources.captioned import CaptionedImage, NamedImage, by_image, content_of, inside
from clip_italian.data.sources.rows import LONGEST, MARK, Rejected, Unusable, decoded, json_object, lines, string
from clip_italian.data.sources.web_dataset import EXTENSIONS, caption_of
from clip_italian.errors import InputError

JSON_LINES, TABLE, TARS, BESIDE = "JSON lines", "table", "web-dataset tars", "captions beside the images"
KNOWN = (
    "JSON lines with `image_path` and `captions`; a CSV or TSV whose first line names `image` and `caption`; "
    "web-dataset tars; a .txt beside each image"
)


@dataclasses.dataclass(frozen=True)
class CaptionedFolder:
    """A folder's format, and the files that have its captions; no files if captions are beside the images."""

    kind: str
    folder: pathlib.Path
    files: list[pathlib.Path]
    status_tables: list[pathlib.Path]  # of img2dataset

    def captioned_images(self, longest: int, rejected: Rejected) -> Iterator[CaptionedImage]:
        """Yields the captioned images in an order that does not depend on the file system; unusable rows are counted."""
        web_dataset.count_not_downloaded(self.status_tables, rejected)
        if self.kind == TARS:
            return web_dataset.captioned_images(self.files, longest, rejected)
        if self.kind == BESIDE:
            return _images_with_captions_beside(self.folder, longest, rejected)
        read = _table if self.kind == TABLE else _json_lines
        return by_image(self.folder, read(self.files, rejected), longest, rejected)


def find(given: pathlib.Path) -> CaptionedFolder:
    """Returns the format of a folder, or of one file in a folder; raises InputError for no known format, or several."""
    if given.is_file():
        if (kind := _kind(given)) is None:
            raise InputError(f"{given}: not a list of images with captions; known formats: {KNOWN}")
        return CaptionedFolder(kind, given.parent, [given], [])
    if not given.is_dir():
        raise InputError(f"{given}: no such folder; name the one that holds your photographs")
    lists = [(kind, path) for path in sorted(given.iterdir()) if path.is_file() and (kind := _kind(path))]
    kinds = sorted({kind for kind, _ in lists})
    if len(kinds) > 1:
        raise InputError(f"{given}: holds {' and '.join(kinds)}; name the file that is meant, such as {lists[0][1]}")
    if not kinds and not any(map(_captions_path, _images(given))):
        raise InputError(f"{given}: no captions of its images; known formats: {KNOWN}")
    kind = kinds[0] if kinds else BESIDE
    status_tables = web_dataset.status_tables(given) if kind in (TARS, BESIDE) else []
    return CaptionedFolder(kind, given, [path for _, path in lists], status_tables)


def _kind(path: pathlib.Path) -> str | None:
    """The format of a list of images, by its name and first line; None for other files."""
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: cannot be read; check its permissions")
    suffix = path.suffix.lower()
    if path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        return TARS
    if suffix in (".jsonl", ".json"):
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(next(lines(path, LONGEST), b""))
            known = isinstance(entry, dict) and all(tables.chosen(list(entry), names) for names in (tables.IMAGE, tables.CAPTION))
            return JSON_LINES if known else None
    return TABLE if suffix in (".csv", ".tsv") and tables.header(path, tables.IMAGE, tables.CAPTION) else None


def _json_lines(paths: Iterable[pathlib.Path], rejected: Rejected) -> Iterator[NamedImage]:
    """Yields the images of lines like `{"image_path": "a.jpg", "captions": ["…", "…"]}`; `captions` may be a string.

    This is the format of hybrid_clip/run_hybrid_clip.py.
    """
    for path in paths:
        for line in lines(path, LONGEST):
            try:
                yield _named(json_object(line))
            except Unusable as reason:
                rejected[str(reason)] += 1


def _named(entry: dict[str, Any]) -> NamedImage:
    image, key = (tables.chosen(list(entry), names) or names[0] for names in (tables.IMAGE, tables.CAPTION))
    value = entry.get(key)
    captions = [value] if isinstance(value, str) else value
    if not isinstance(captions, list) or not captions:
        raise Unusable("no caption")
    return string(entry, image), tuple(string({"caption": caption}, "caption") for caption in captions)


def _table(paths: Iterable[pathlib.Path], rejected: Rejected) -> Iterator[NamedImage]:
    """Yields the image and the caption of each row; other columns are ignored."""
    for path in paths:
        form = tables.header(path, tables.IMAGE, tables.CAPTION)
        assert form is not None, "`_kind` has found a header"
        image, caption = (tables.chosen(form.columns, names) or "" for names in (tables.IMAGE, tables.CAPTION))
        for _, row in tables.records(path, form, rejected):
            yield row[image], (row[caption],)


def _images_with_captions_beside(folder: pathlib.Path, longest: int, rejected: Rejected) -> Iterator[CaptionedImage]:
    """Yields the images below the folder, sorted by name, with the captions of the `.txt` (one a line) or `.json` beside them.

    Images without a caption file are counted, and so are `.txt` files without an image.
    """
    for path in _images(folder):
        name = path.relative_to(folder).as_posix()
        try:
            target, captions = inside(folder, name), _captions_beside(folder, path)
            yield CaptionedImage(name, captions, 1, functools.partial(content_of, target, longest))
        except Unusable as reason:
            rejected[str(reason)] += 1
    suffixes = [f".{suffix}" for one in EXTENSIONS for suffix in (one, one.upper())]
    texts = (path for path in _below(folder) if path.suffix.lower() == ".txt")
    rejected["missing file"] += sum(not any(path.with_suffix(suffix).exists() for suffix in suffixes) for path in texts)


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields all files below the folder; linked folders are not entered."""
    for directory, folders, names in os.walk(folder):
        folders.sort()
        yield from (pathlib.Path(directory, name) for name in sorted(names))


def _images(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    return (path for path in _below(folder) if path.suffix.lower().removeprefix(".") in EXTENSIONS)


def _captions_path(image: pathlib.Path) -> pathlib.Path | None:
    return next((path for path in map(image.with_suffix, (".txt", ".json")) if path.exists()), None)


def _captions_beside(folder: pathlib.Path, image: pathlib.Path) -> tuple[str, ...]:
    path = _captions_path(image)
    if path is None:
        raise Unusable("no caption")
    content = content_of(inside(folder, path.relative_to(folder).as_posix()), LONGEST).removeprefix(MARK)
    if path.suffix == ".json":  # img2dataset's
        return (caption_of({"json": content}),)
    return tuple(line for line in decoded(content).split("\n") if line.strip()) or ("",)


REPORT = "report.json"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclasses.dataclass
class ImportCounts:
    """Counts of imported images, and of rows and captions that are kept, or rejected by reason."""

    images: int = 0
    rows_kept: int = 0
    rows_rejected: Rejected = dataclasses.field(default_factory=Counter)
    captions_kept: int = 0
    captions_rejected: Rejected = dataclasses.field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Returns the counts under the keys of reports/<profile>/curate.json."""
        report: dict[str, Any] = {"pictures": self.images}
        for name in ("rows", "captions"):
            kept, rejected = getattr(self, f"{name}_kept"), +getattr(self, f"{name}_rejected")
            report[name] = {"read": kept + rejected.total(), "kept": kept, "rejected": dict(rejected)}
        return report


def import_folder(
    given: pathlib.Path, root: pathlib.Path, name: str | None, language: str, limits: ImageLimits, replace: bool
) -> tuple[pathlib.Path, dict[str, Any]]:
    """Writes the folder `root`/<name> atomically; returns its path and the report, which is also in the folder.

    Image files are copied unchanged. Raises InputError for a folder without captions, for a name that exists or is not allowed,
    and if no image can be used.
    """
    found = find(given)
    target = root / _name(found.folder, name)
    if target.exists() and not replace:
        raise InputError(f"{target}: exists already; choose another --name, or --replace it")
    if others := sorted({path.name for path in target.glob("*")} - {own.IMAGES, own.PAIRS, REPORT}):
        raise InputError(f"{target / others[0]}: was not imported, and would be lost; move it away, or choose another --name")
    counts = ImportCounts()
    with files.replacing_folder(target) as folder:
        _write(folder, found, language, limits, counts)
        names = [path.name for path in found.files]
        source = {"kind": found.kind, "files": names, "of_img2dataset": bool(found.status_tables), "language": language}
        report: dict[str, Any] = source | counts.as_json()
        if not counts.images:
            raise InputError(f"{given}: no image with a caption ({reasons(report['rows']['rejected'])}); nothing is written")
        files.write_json(folder / REPORT, report)
    return target, report


def _name(folder: pathlib.Path, name: str | None) -> str:
    """Returns the given name, or one made from the folder's name."""
    chosen = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") if name is None else name
    if not NAME.fullmatch(chosen):
        raise InputError(f"--name `{chosen}`: not a name; use up to 64 small letters, digits, - and _")
    return chosen


def _write(folder: pathlib.Path, found: CaptionedFolder, language: str, limits: ImageLimits, counts: ImportCounts) -> None:
    images = found.captioned_images(limits.max_bytes, counts.rows_rejected)
    with (
        zipfile.ZipFile(folder / own.IMAGES, "w") as archive,
        open(folder / own.PAIRS, "w", encoding="utf-8") as pairs,
    ):
        for image in tqdm(images, unit=" images", disable=not sys.stderr.isatty()):
            try:
                _keep(image, archive, pairs, language, limits, counts)
            except (Unusable, ImageRejected) as reason:
                counts.rows_rejected[str(reason)] += image.rows


def _keep(
    image: CaptionedImage, archive: zipfile.ZipFile, pairs: TextIO, language: str, limits: ImageLimits, counts: ImportCounts
) -> None:
    """Adds an image to the archive and its pair to the pairs; raises Unusable or ImageRejected if it cannot be used."""
    try:
        image.name.encode()
    except UnicodeEncodeError:
        raise Unusable("file name not UTF-8") from None
    captions = _captions(image, counts)
    try:
        content = image.read()
        decode(content, limits)
    except (Unusable, ImageRejected) as reason:
        counts.captions_rejected[str(reason)] += len(captions)
        raise
    counts.images += 1
    counts.rows_kept += image.rows
    counts.captions_kept += len(captions)
    member = f"{counts.images:07d}{_suffix(image.name)}"
    add(archive, member, content)
    pair = {"id": image.name, "image": member, "captions": captions, "language": language}
    pairs.write(json.dumps(pair, sort_keys=True, ensure_ascii=False) + "\n")


def _captions(image: CaptionedImage, counts: ImportCounts) -> list[str]:
    """Returns the distinct captions that are not empty; raises Unusable if there is none."""
    captions = [caption.strip() for caption in image.captions]
    kept = list(dict.fromkeys(caption for caption in captions if caption))
    counts.captions_rejected["empty caption"] += sum(not caption for caption in captions)
    counts.captions_rejected["repeated for its image"] += sum(map(bool, captions)) - len(kept)
    if not kept:
        raise Unusable("empty caption")
    return kept


def _suffix(name: str) -> str:
    suffix = pathlib.PurePosixPath(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


def reasons(rejected: dict[str, int]) -> str:
    """Returns all reasons as `reason (count)`, most frequent first."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} ({count:,})" for reason, count in ordered) or "none"


def summary_lines(report: dict[str, Any]) -> str:
    """Returns a summary of the report for the terminal."""
    names = ", ".join(report["files"][:3]) + (f" and {len(report['files']) - 3} more" if len(report["files"]) > 3 else "")
    totals = [
        f"{name}: {count['read']:,} read, {count['kept']:,} kept; rejected: {reasons(count['rejected'])}"
        for name, count in ((name, report[name]) for name in ("rows", "captions"))
    ]
    found = f"found: {report['kind']}" + (f" ({names})" if names else "") + (", of img2dataset" if report["of_img2dataset"] else "")
    return "\n".join([found, *totals, f"images: {report['pictures']:,}"])
