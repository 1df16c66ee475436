"""Sentences with their translations: a file of English and the study's language, a tab between them."""

import pathlib
from collections.abc import Sequence

from clip_italian.data.readers.lines import lines
from clip_italian.errors import InputError


def read(path: pathlib.Path) -> tuple[list[str], list[str]]:
    """The English sentences and the others; raises InputError naming the line at fault."""
    pairs = [line.decode(errors="replace").split("\t") for line in lines(path)]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(pair):
            raise InputError(f"{path}, line {number}: English, a tab and its translation expected; delete it and run `dvc repro`")
    return [english for english, _ in pairs], [said for _, said in pairs]


class Translations:
    """What sentences of the study's language are in English, as somebody or something translated them."""

    def __init__(self, path: pathlib.Path) -> None:
        english, said = read(path)
        self._path, self._english = path, dict(zip(map(_key, said), english, strict=True))

    def __call__(self, said: Sequence[str]) -> list[str]:
        """The English of each; raises InputError naming one that has no translation."""
        absent = next((sentence for sentence in said if _key(sentence) not in self._english), None)
        if absent is not None:
            raise InputError(f"{self._path}: no translation of `{absent}`; add a line with its English, a tab and itself")
        return [self._english[_key(sentence)] for sentence in said]


def _key(sentence: str) -> str:
    """The sentence as a table can hold it: some captions of MSCOCO-IT end with a line end."""
    return " ".join(sentence.split())
