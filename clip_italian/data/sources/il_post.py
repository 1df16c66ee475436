"""Reads the photographs of the day of Il Post, https://www.ilpost.it, from a list that the user supplies.

Captions and photographs belong to the newspaper and its agencies, so its pages are not fetched. A user with their permission writes
`il_post.jsonl`, one JSON object a line, in UTF-8:

    {"image_url": "https://…/gatto.jpg", "caption": "Un gatto dorme al sole", "article_url": "https://…", "date": "2021-07-16"}

`image_url` and `caption` are required; all other keys, such as `article_url` and `date`, are ignored.
"""

import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.rows import LONGEST, Rejected, Row, fetched, json_object, lines, parsed, string

TABLE = "il_post.jsonl"


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Yields the rows of JSON lines with `image_url` and `caption`."""

    def parse(number: int, line: bytes) -> Row:
        entry = json_object(line)
        return fetched(f"il_post/{number:07d}", string(entry, "image_url"), string(entry, "caption"))

    yield from parsed(enumerate(lines(folder / TABLE, LONGEST), start=1), parse, rejected)
