"""Reads MSCOCO-IT, https://github.com/crux82/mscoco-it: the captions of MSCOCO in Italian."""

import gzip
import json
import pathlib
import zlib
from collections.abc import Iterator
from typing import Any

from clip_italian.data.sources.rows import Rejected, Row, Unusable, damaged, missing, parsed, parts

# Largest size of a file in bytes: four times the training file of some 100 MB. Parsing takes five times as much memory.
LONGEST_DOCUMENT = 512 << 20

Entry = tuple[int, str, list[str]]  # id, file name, captions


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Yields one row per image. Ids, which may be numbers or strings of digits, join images and captions.

    Only the training files are read (`captions_ita_trainingset_train2014` and `_val2014`), since models are tested on the
    development and test sets, which may be in the same folder. A repeated image is rejected.
    """
    seen = set[int]()

    def parse(number: int, entry: Entry) -> Row:
        identity, file_name, captions = entry
        if identity in seen:
            raise Unusable("image listed before")
        seen.add(identity)
        if not captions:
            raise Unusable("no caption")
        return Row(f"mscoco_it/{identity:012d}", file_name, tuple(captions))

    for path in parts(folder, "captions_ita_trainingset_*.json"):
        yield from parsed(enumerate(_entries(path)), parse, rejected)


def _entries(path: pathlib.Path) -> list[Entry]:
    """The images and their captions in the order of the file; raises InputError for another structure."""
    content = _document(path)
    try:
        captions: dict[int, list[str]] = {number(image["id"]): [] for image in content["images"]}
        for annotation in content["annotations"]:
            captions[number(annotation["image_id"])].append(_text(annotation["caption"]))
        # Some files have train2014/COCO_….jpg, others COCO_….jpg. Images are found by their last component in any folder.
        names = [pathlib.PurePosixPath(_text(image["file_name"])).name for image in content["images"]]
        ids = [number(image["id"]) for image in content["images"]]
        return [(identity, name, captions[identity]) for identity, name in zip(ids, names, strict=True)]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"not MSCOCO-IT's structure: {type(error).__name__} {error}") from None


def _document(path: pathlib.Path) -> Any:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            content = file.read(LONGEST_DOCUMENT + 1)
        if len(content) > LONGEST_DOCUMENT:
            raise damaged(path, f"more than {LONGEST_DOCUMENT >> 20} MiB, which no file of MSCOCO-IT has")
        return json.loads(content)
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"not MSCOCO-IT's structure: {type(error).__name__} {error}") from None


def number(value: object) -> int:
    """An image's number, written as a number or as a string of digits; raises ValueError for others."""
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value)
    raise ValueError(f"an id is {value!r}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value
