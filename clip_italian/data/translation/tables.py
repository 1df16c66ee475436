"""Conceptual Captions in the study's language: the publisher's rows, row for row, with another caption."""

import itertools
import pathlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tqdm import tqdm

from clip_italian import files
from clip_italian.data.curation import text
from clip_italian.data.curation.text import CaptionRejected
from clip_italian.data.sources import conceptual_captions
from clip_italian.data.translation.translator import Translator

TABLES = {"conceptual_captions": conceptual_captions.TABLE}  # source -> its table: caption, a tab, address
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def path(source: str) -> pathlib.Path:
    """Where the table of a source lies below data/<profile>/raw, and its translation below data/<profile>/translated."""
    return pathlib.Path("sources", source, TABLES[source])


class Line(NamedTuple):
    """A line of a table: its English caption, tidied, or the reason why it is not translated."""

    content: bytes  # with its line end
    english: str
    reason: str


def rows(path: pathlib.Path, max_characters: int) -> Iterator[Line]:
    """The lines of a table of captions; raises InputError when it is missing."""
    with open(files.present(path), "rb") as file:
        for number, line in enumerate(file):
            content = line.removeprefix(BYTE_ORDER_MARK) if number == 0 else line
            try:
                yield Line(content, _english(content, max_characters), "")
            except CaptionRejected as reason:
                yield Line(content, "", str(reason))


def _english(content: bytes, max_characters: int) -> str:
    if content.count(b"\t") != 1:
        raise CaptionRejected("wrong number of columns")
    try:
        return text.tidy(content.partition(b"\t")[0].decode(), max_characters)
    except UnicodeDecodeError:
        raise CaptionRejected("not UTF-8") from None


def translate(
    source: pathlib.Path, target: pathlib.Path, translator: Translator, max_characters: int, progress: bool
) -> Counter[str]:
    """Writes the table `source`, translated, to `target`, row for row; returns how many rows were translated, or why not.

    A row without a caption to translate stays as it is, so that whoever reads the table counts it under its own reason. A
    caption that the engine has nothing for becomes an empty one.
    """
    counts: Counter[str] = Counter()
    lines = rows(source, max_characters)
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb") as out, tqdm(unit=" rows", disable=not progress, desc=source.name) as bar:
        while part := list(itertools.islice(lines, translator.chunk)):
            translated = iter(translator([line.english for line in part if not line.reason]))
            for line in part:
                counts[line.reason or "translated"] += 1
                out.write(line.content if line.reason else _with_caption(line.content, next(translated)))
            bar.update(len(part))
    return counts


def _with_caption(content: bytes, caption: str) -> bytes:
    return caption.encode() + b"\t" + content.partition(b"\t")[2]


def pairs(source: pathlib.Path, target: pathlib.Path, max_characters: int) -> Iterator[tuple[str, str]]:
    """The English of every translated row and its translation, from the publisher's table and its translation."""
    with open(target, "rb") as table:
        for line, translated in zip(rows(source, max_characters), table, strict=True):
            caption = translated.partition(b"\t")[0].decode() if not line.reason else ""
            if caption:
                yield line.english, caption
