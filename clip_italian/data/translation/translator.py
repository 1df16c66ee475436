"""Sentences through an engine and the cache in front of it."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from clip_italian.data.translation.cache import Cache, Key, Met
from clip_italian.data.translation.engines import Engine, one_line

BATCHES = 64  # as many batches are sorted by length together: sentences of equal length need no padding


@dataclasses.dataclass
class Counts:
    """Counts of a translation. All depend on the input alone, except `asked`, which depends on the cache."""

    sentences: int = 0
    distinct: int = 0
    characters: int = 0  # of the distinct sentences: what a service bills
    empty: int = 0  # distinct sentences for which the engine had nothing
    asked: int = 0  # of the engine; the rest came from the cache

    def content(self) -> dict[str, int]:
        """Returns the counts that depend on the input alone."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "asked"}


class Translator:
    """Translates in one direction, batch by batch. A batch is saved in the cache before the next one is translated."""

    def __init__(self, engine: Engine, direction: str, cache: Cache, batch: int) -> None:
        self.engine, self.counts = engine, Counts()
        self._key: Key = (direction, engine.name, engine.version)
        self._cache, self._met, self._batch = cache, Met(), batch

    @property
    def chunk(self) -> int:
        """How many sentences a caller should pass at a time."""
        return self._batch * BATCHES

    def __call__(self, sentences: Sequence[str]) -> list[str]:
        """Returns the translation of each sentence, empty if the engine has none; raises InputError as the engine does.

        Batches are cut from all sentences that are new in this run, whether they are in the cache or not. A resumed run
        therefore has the same batches. This matters because a model's rounding depends on the batch.
        """
        fresh = self._met.first(sentences)
        for batch in _cut(sorted(fresh, key=lambda sentence: (len(sentence), sentence)), self._batch):
            self._ask(batch)
        found = self._cache.get(self._key, list(dict.fromkeys(sentences)))
        self.counts.sentences += len(sentences)
        self.counts.distinct += len(fresh)
        self.counts.characters += sum(map(len, fresh))
        self.counts.empty += sum(not found[sentence] for sentence in fresh)
        return [found[sentence] for sentence in sentences]

    def _ask(self, batch: list[str]) -> None:
        known = self._cache.get(self._key, batch)
        unknown = [sentence for sentence in batch if sentence not in known]
        if unknown:
            translations = one_line(self.engine.translate(unknown))
            self._cache.put(self._key, dict(zip(unknown, translations, strict=True)))
            self.counts.asked += len(unknown)


def _cut(sentences: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(sentences[start : start + size]) for start in range(0, len(sentences), size))


def report(translators: Iterable[Translator]) -> list[dict[str, object]]:
    """Returns engine, version and counts of each translator for a report. All values depend on the input alone."""
    return [{"engine": one.engine.name, "version": one.engine.version, **one.counts.content()} for one in translators]
