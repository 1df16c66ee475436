"""Makes the study's pairs from the publishers' rows, and counts rejected rows by reason.

Readers yield rows in chunks. Workers make candidates of them (`candidates`), which are appended to columns on disk. Repetitions are
found on the columns, and the other candidates are written as pairs. Finding repetitions takes some 100 bytes of memory a candidate;
nothing else grows with the number of rows.
"""

import functools
import itertools
import pathlib
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Shaped
from tqdm import tqdm

from clip_italian.config import Settings
from clip_italian.data import workers
from clip_italian.data.curation import candidates, duplicates
from clip_italian.data.curation.candidates import Chunk, Counts, ProperNounShares, Rules, Spool
from clip_italian.data.curation.duplicates import KEPT, REASONS, DuplicateSettings, Looks, Verdicts
from clip_italian.data.curation.text import TextSettings
from clip_italian.data.images.draws import uniforms
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.images.shards import number
from clip_italian.data.sources import image_index, own
from clip_italian.data.sources.sources import reader_of
from clip_italian.data.workers import WorkersSettings

SPLIT_PURPOSE = 32  # separates these random numbers from other uses of the same seed
LENGTH_QUANTILES = (0.5, 0.95, 0.99, 1.0)
SPLITS = ("train", "valid")


class CurateSettings(Settings):
    """Section `curate` of a profile."""

    seed: int  # of the split
    sources: list[str]  # folders of data/<profile>/raw/sources, in the order of the study's pairs; those below own/ follow
    translated: list[str]  # those of them whose tables are read from data/<profile>/translated/sources
    language: str  # ISO 639-1 code of the WIT rows that are used
    tagger: str  # spaCy pipeline that finds proper nouns: a folder, or the name of an installed package
    max_proper_nouns: float  # captions with at least this share of proper nouns are left out; README of clip-italian
    proper_noun_sources: list[str]  # sources whose captions are
    text: TextSettings
    valid_share: float  # of each source; README of clip-italian: 95/5
    duplicates: DuplicateSettings
    left_out: list[str]  # ids of pairs to leave out, such as those that stage `audit` finds to show test images


def curate(
    raw: pathlib.Path,
    out: pathlib.Path,
    state: pathlib.Path,
    settings: CurateSettings,
    limits: ImageLimits,
    proper_noun_shares: ProperNounShares,
    where: WorkersSettings,
) -> dict[str, Any]:
    """Writes train.jsonl and valid.jsonl to the folder `out`; returns the report.

    `state` keeps finished work if the process is killed; its name is a key of all inputs and settings. Raises InputError for
    damaged files.
    """
    names_in = tuple(settings.proper_noun_sources)
    rules = Rules(raw, state, limits, settings.text, settings.max_proper_nouns, names_in, proper_noun_shares)
    sources = [*settings.sources, *own.sources(raw)]
    for source in sources:
        shutil.rmtree(state / "images" / source, ignore_errors=True)
        image_index.write_index(own.path_of(raw, source), state / "images" / source)
    with Spool(state / "columns") as spool:
        counts = _gather(rules, sources, settings, where, spool)
        names = ("contents", "caption_sets", "numbers", "captions", "normal_captions", "words")
        columns = {name: spool.column(name) for name in names}
        looks = Looks(spool.column("hashes"), spool.column("cells"))
        alike = duplicates.alike(looks, columns["contents"], settings.duplicates)
        left_out = np.isin(columns["numbers"], [number(name) for name in settings.left_out])
        verdicts = duplicates.verdicts(columns["contents"], columns["caption_sets"], alike, left_out)
        in_valid = are_valid(columns["numbers"], settings)
        _write(out, spool.lines("lines"), verdicts, in_valid)
        repeated = duplicates.counts(verdicts, alike, columns["captions"], columns["normal_captions"])
        return _report(counts, columns, verdicts, in_valid) | repeated


def _gather(rules: Rules, sources: list[str], settings: CurateSettings, where: WorkersSettings, spool: Spool) -> dict[str, Counts]:
    """Appends the candidates of all sources to `spool`, in order; returns the counts of each source."""
    counts = {source: Counts() for source in sources}
    spool.append(candidates.columns_of([], [], duplicates.looks([])))  # so that all columns exist even without any row

    def all_chunks() -> Iterator[Chunk]:
        for source in sources:
            rejected = Counter[str]()
            translated = rules.raw.parent / "translated/sources" / source
            folder = translated if source in settings.translated else own.path_of(rules.raw, source)
            rows = reader_of(source)(folder, settings.language, rejected)
            for index, part in enumerate(workers.parts(rows, candidates.CHUNK)):
                yield Chunk(source, index * candidates.CHUNK, part)
            counts[source].add(Counts(rows=rejected.total(), rows_rejected=rejected))

    examined = workers.map(functools.partial(candidates.examine, rules), all_chunks(), where)
    for source, path in tqdm(examined, "curate", unit=" chunks", disable=not sys.stderr.isatty()):
        columns, of_chunk = candidates.read(path)
        counts[source].add(of_chunk)
        spool.append(columns)
    return counts


def are_valid(numbers: Int[np.ndarray, " n"], settings: CurateSettings) -> Bool[np.ndarray, " n"]:
    """Returns a mask of the pairs in the validation split, a pure function of the seed and the number of each pair's id."""
    return uniforms((settings.seed, SPLIT_PURPOSE), numbers, 1)[:, 0] < settings.valid_share


def _write(out: pathlib.Path, lines: Iterator[bytes], verdicts: Verdicts, in_valid: Bool[np.ndarray, " n"]) -> None:
    with open(out / "train.jsonl", "wb") as train, open(out / "valid.jsonl", "wb") as valid:
        for line, verdict, there in zip(lines, verdicts, in_valid, strict=True):
            if verdict == KEPT:
                (valid if there else train).write(line)


def _report(
    counts: Mapping[str, Counts], columns: Mapping[str, np.ndarray], verdicts: Verdicts, in_valid: Bool[np.ndarray, " n"]
) -> dict[str, Any]:
    ends = list(itertools.accumulate((one.candidates for one in counts.values()), initial=0))
    owner_ends = np.concatenate([[0], np.cumsum(columns["captions"], dtype=np.int64)])
    sources = {}
    for source, start, end in zip(counts, ends, ends[1:], strict=False):
        kept, part = verdicts[start:end] == KEPT, slice(start, end)
        words = columns["words"][owner_ends[start] : owner_ends[end]][np.repeat(kept, columns["captions"][part])]
        split = dict(zip(SPLITS, (int((kept & (in_valid[part] == there)).sum()) for there in (False, True)), strict=True))
        sources[source] = _summary(counts[source], verdicts[part], split) | {"words_per_caption": caption_lengths(words)}
    return {"sources": sources} | {name: sum(one["split"][name] for one in sources.values()) for name in SPLITS}


def _summary(counts: Counts, verdicts: Verdicts, split: dict[str, int]) -> dict[str, Any]:
    """Returns the numbers of rows and captions of one source that were read, kept and rejected."""
    found = np.bincount(verdicts, minlength=KEPT + 1)
    repeated = {reason: int(count) for reason, count in zip(REASONS, found, strict=False) if count}
    captions = {
        "read": counts.captions,
        "clean": counts.captions - counts.captions_rejected.total(),
        "rejected": dict(counts.captions_rejected),
    }
    rows = {"read": counts.rows, "kept": int(found[KEPT]), "rejected": dict(counts.rows_rejected) | repeated}
    return {"rows": rows, "captions": captions, "split": split}


def caption_lengths(words: Shaped[np.ndarray, " captions"]) -> dict[str, float]:
    """Returns mean and quantiles of the number of words in a caption; 0 when there are no captions."""
    words = words if len(words) else np.zeros(1, np.uint32)
    quantiles = np.quantile(words, LENGTH_QUANTILES, method="inverted_cdf")
    by_name = {f"p{round(100 * share)}": int(value) for share, value in zip(LENGTH_QUANTILES, quantiles, strict=True)}
    return {"mean": round(float(words.mean()), 2)} | by_name
