"""Pictures that a list names: CLIP-Italian's JSON lines, or a table with a header."""

import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from clip_italian.data.importing.offers import Named
from clip_italian.data.readers import tables
from clip_italian.data.readers.lines import LONGEST, lines
from clip_italian.data.readers.rows import Rejected, Unusable, json_object, string


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
