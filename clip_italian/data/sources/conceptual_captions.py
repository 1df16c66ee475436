"""Reads Conceptual Captions (https://github.com/google-research-datasets/conceptual-captions)."""

import pathlib
from collections.abc import Iterator

from clip_italian.data.sources.rows import LONGEST, Rejected, Row, Unusable, decoded, fetched, lines, parsed

TABLE = "Train_GCC-training.tsv"  # the publisher's name


def read(folder: pathlib.Path, language: str, rejected: Rejected) -> Iterator[Row]:
    """Yields the rows of tab-separated lines without a header: caption, address of the image; quotes are literal."""

    def parse(number: int, line: bytes) -> Row:
        columns = decoded(line).split("\t")
        if len(columns) != 2:
            raise Unusable("wrong number of columns")
        return fetched(f"conceptual_captions/{number:07d}", columns[1], columns[0])

    yield from parsed(enumerate(lines(folder / TABLE, LONGEST), start=1), parse, rejected)
