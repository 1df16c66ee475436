"""Translates the captions of a publisher's table (Conceptual Captions), row by row."""

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
from clip_italian.data.sources.rows import MARK
from clip_italian.data.translation.translator import Translator

TABLES = {"conceptual_captions": conceptual_captions.TABLE}  # by source: a table of captions, a tab, addresses


def path(source: str) -> pathlib.Path:
    """The path of a source's table below data/<profile>/raw, and of its translation below data/<profile>/translated."""
    return pathlib.Path("sources", source, TABLES[source])


class Line(NamedTuple):
    """A line of a table, with its cleaned English caption or the reason why it is not translated."""

    content: bytes  # with its line end
    english: str
    reason: str


def rows(path: pathlib.Path, max_characters: int) -> Iterator[Line]:
    """Yields the lines of a table of captions; raises InputError if it is missing."""
    with open(files.present(path), "rb") as file:
        for number, line in enumerate(file):
            content = line.removeprefix(MARK) if number == 0 else line
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
    """Writes the translation of the table `source` to `target`; returns the numbers of rows translated, and not, by reason.

    A row without a usable caption is copied, so that readers of the table reject it for the same reason. If the engine has no
    translation, the caption becomes empty.
    """
    counts: Counter[str] = Counter()
    lines = rows(source, max_characters)
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb") as out, tqdm(unit=" rows", disable=not progress, desc=source.name) as bar:
        while part := list(itertools.islice(lines, translator.chunk)):
            translated = iter(translator([line.english for line in part if not line.reason]))
            for line in part:
                counts[line.reason or "translated"] += 1
                address = line.content.partition(b"\t")[2]
                out.write(line.content if line.reason else next(translated).encode() + b"\t" + address)
            bar.update(len(part))
    return counts


def pairs(source: pathlib.Path, target: pathlib.Path, max_characters: int) -> Iterator[tuple[str, str]]:
    """Yields the English caption and its translation of every translated row."""
    with open(target, "rb") as table:
        for line, translated in zip(rows(source, max_characters), table, strict=True):
            caption = translated.partition(b"\t")[0].decode() if not line.reason else ""
            if caption:
                yield line.english, caption
