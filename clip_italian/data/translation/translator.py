"""Translates sentences by an engine and a cache."""

import dataclasses
from collections.abc import Iterable, Sequence

from clip_italian.data import workers
from clip_italian.data.translation.cache import Cache, Key, Met
from clip_italian.data.translation.engines import Engine, one_line

BATCHES = 64  # batches that are sorted by length together, since sentences of equal length need no padding


@dataclasses.dataclass
class Counts:
    """Counts of a translation, which depend on the input only."""

    sentences: int = 0
    distinct: int = 0
    characters: int = 0  # of the distinct sentences, for which a service charges
    empty: int = 0  # distinct sentences without a translation


class Translator:
    """Translates in one direction, in batches, each of which is saved in the cache before the next one is translated.

    `translated` is the number of sentences that were not in the cache.
    """

    def __init__(self, engine: Engine, direction: str, cache: Cache, batch: int) -> None:
        self.engine, self.counts, self.translated = engine, Counts(), 0
        self._key: Key = (direction, engine.name, engine.version)
        self._cache, self._met, self._batch = cache, Met(), batch

    @property
    def chunk(self) -> int:
        """The number of sentences that a caller should pass at a time."""
        return self._batch * BATCHES

    def __call__(self, sentences: Sequence[str]) -> list[str]:
        """Returns the translation of each sentence, empty if the engine has none; raises InputError as the engine does.

        Batches consist of all sentences that are new in this run, whether they are in the cache or not, so that a resumed run has
        the same batches: a model's rounding depends on the batch.
        """
        fresh = self._met.first(sentences)
        for batch in workers.parts(sorted(fresh, key=lambda sentence: (len(sentence), sentence)), self._batch):
            known = self._cache.get(self._key, batch)
            if unknown := [sentence for sentence in batch if sentence not in known]:
                translations = one_line(self.engine.translate(unknown))
                self._cache.put(self._key, dict(zip(unknown, translations, strict=True)))
                self.translated += len(unknown)
        found = self._cache.get(self._key, list(dict.fromkeys(sentences)))
        self.counts.sentences += len(sentences)
        self.counts.distinct += len(fresh)
        self.counts.characters += sum(map(len, fresh))
        self.counts.empty += sum(not found[sentence] for sentence in fresh)
        return [found[sentence] for sentence in sentences]


def report(translators: Iterable[Translator]) -> list[dict[str, object]]:
    """Returns the engine, version and counts of each translator for a report."""
    return [{"engine": one.engine.name, "version": one.engine.version, **vars(one.counts)} for one in translators]
