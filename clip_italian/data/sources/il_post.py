"""The photographs of the day of Il Post, https://www.ilpost.it: a list that the user supplies.

Captions and photographs are the newspaper's and its agencies', so nothing is taken from its pages. Whoever may use them writes
`il_post.jsonl`, a JSON object a line, in UTF-8:

    {"image_url": "https://…/gatto.jpg", "caption": "Un gatto dorme al sole", "article_url": "https://…", "date": "2021-07-16"}

`image_url` and `caption` must be there; `article_url` and `date` are for the reader of the list, and so is any other key.
"""

import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.rows import LONGEST, Rejected, Row, fetched, json_object, lines, parsed, string

TABLE = "il_post.jsonl"


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """JSON lines with `image_url` and `caption`."""

    def parse(number: int, line: bytes) -> Row:
        entry = json_object(line)
        return fetched(f"il_post/{number:07d}", string(entry, "image_url"), string(entry, "caption"))

    yield from parsed(enumerate(lines(folder / TABLE, LONGEST), start=1), parse, rejected)
