"""From the publishers' rows to the study's pairs; every row that does not become a pair is counted with its reason."""

import dataclasses
import hashlib
import pathlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool

from clip_italian.config import Settings
from clip_italian.data import duplicates, text
from clip_italian.data.archive import Archive
from clip_italian.data.draws import uniforms
from clip_italian.data.duplicates import DuplicateSettings, Looks
from clip_italian.data.images import ImageLimits, ImageRejected, decode
from clip_italian.data.proper_nouns import ProperNounShares
from clip_italian.data.shards import number
from clip_italian.data.sources import READERS, Row, Unusable
from clip_italian.data.text import TextSettings

SPLIT_PURPOSE = 32  # keeps these draws apart from every other use of the same seed
IMAGES = "images.zip"
REPETITIONS = ("exact duplicate of a pair", "near duplicate of a pair")  # reasons
LENGTH_QUANTILES = (0.5, 0.95, 0.99, 1.0)


class CurateSettings(Settings):
    """Section `curate` of a profile."""

    seed: int  # of the split
    sources: list[str]  # folders of data/<profile>/raw, in the order of the study's pairs
    translated: list[str]  # those of them whose tables are read from data/<profile>/translated, in Italian
    language: str  # ISO 639-1 code of the WIT rows that are taken
    tagger: str  # spaCy pipeline that finds proper nouns: a folder, or the name of an installed package
    max_proper_nouns: float  # captions with at least this share of proper nouns are left out; README of clip-italian
    proper_noun_sources: list[str]  # sources whose captions are
    text: TextSettings
    valid_share: float  # of each source; README of clip-italian: 95/5
    duplicates: DuplicateSettings
    left_out: list[str]  # ids of pairs that are not taken, such as those that stage `audit` finds to show test pictures


@dataclasses.dataclass(frozen=True)
class Pair:
    """One picture and its captions, as data/<profile>/pairs/*.jsonl holds them."""

    id: str
    source: str
    archive: str  # below data/<profile>/raw, or below own/: readers.own.place
    image: str  # member of the archive
    captions: list[str]


@dataclasses.dataclass
class SourceReport:
    """What became of a source's rows; `read` is the sum of `kept` and of all `rejected`, for rows and for captions."""

    rows_read: int = 0
    rows_rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    captions_read: int = 0
    captions_rejected: Counter[str] = dataclasses.field(default_factory=Counter)


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Rows that have a picture and a caption, before pairs are compared with each other."""

    pairs: list[Pair]
    digests: list[str]  # SHA-256 of each picture's file
    looks: Looks


def read_source(
    raw: pathlib.Path, source: str, settings: CurateSettings, limits: ImageLimits, proper_nouns: ProperNounShares
) -> tuple[Candidates, SourceReport]:
    """Reads, cleans and decodes one source; raises InputError when a file of it is missing or damaged."""
    report = SourceReport()
    pairs, digests, looks = [], [], []
    with Archive(raw / source / IMAGES) as archive:
        tables = (raw.parent / "translated" if source in settings.translated else raw) / source
        for row in READERS[source](tables, settings.language, report.rows_rejected):
            try:
                captions = _usable_captions(row, source, settings, proper_nouns, report)
                content = _picture(archive, row.image, limits)
                looks.append(duplicates.look(decode(content, limits)))
            except (Unusable, ImageRejected) as reason:
                report.rows_rejected[str(reason)] += 1
                continue
            pairs.append(Pair(row.id, source, f"{source}/{IMAGES}", row.image, captions))
            digests.append(hashlib.sha256(content).hexdigest())
    report.rows_read = len(pairs) + report.rows_rejected.total()
    return Candidates(pairs, digests, duplicates.looks(looks)), report


def _usable_captions(
    row: Row, source: str, settings: CurateSettings, proper_nouns: ProperNounShares, report: SourceReport
) -> list[str]:
    """The row's clean captions; raises Unusable with the last caption's reason when none is left."""
    usable, reason = [], ""
    report.captions_read += len(row.captions)
    for caption in row.captions:
        try:
            cleaned = text.clean(caption, settings.text)
            if source in settings.proper_noun_sources and proper_nouns([cleaned])[0] >= settings.max_proper_nouns:
                raise text.CaptionRejected("caption of proper nouns")
            usable.append(cleaned)
        except text.CaptionRejected as error:
            reason = str(error)
            report.captions_rejected[reason] += 1
    if not usable:
        raise Unusable(reason)
    return usable


def _picture(archive: Archive, name: str, limits: ImageLimits) -> bytes:
    if name not in archive.names:
        raise Unusable("image missing from the archive")
    if archive.size(name) > limits.max_bytes:
        raise ImageRejected("file too large")
    return archive.read(name)


def refused(candidates: Candidates, alike: Sequence[int], left_out: frozenset[str]) -> list[str | None]:
    """For each pair the reason why it is not kept, or None; `alike` are the places of the first pictures that show the same.

    A pair repeats another if its picture is the same (its bytes, or to the eye) and its captions say the same words.
    The same picture with another caption, and the same caption of another picture, are the web's way and stay.
    A pair that is left out by name still makes later ones repetitions: else one of them would take its place.
    """
    exact: set[Any] = set()
    near: set[Any] = set()
    reasons: list[str | None] = []
    for pair, digest, first in zip(candidates.pairs, candidates.digests, alike, strict=True):
        said = tuple(sorted(text.normal_form(caption) for caption in pair.captions))
        is_exact, is_near = (digest, said) in exact, (first, said) in near
        named = "left out by name" if pair.id in left_out else None
        reasons.append(REPETITIONS[0] if is_exact else REPETITIONS[1] if is_near else named)
        exact.add((digest, said))
        near.add((first, said))
    return reasons


def repetitions(candidates: Candidates, alike: Sequence[int], reasons: Sequence[str | None]) -> dict[str, int]:
    """How many pairs were refused as repetitions, and how many captions and pictures of those that are kept repeat another."""
    kept = [i for i, reason in enumerate(reasons) if reason is None]
    captions = [text.normal_form(caption) for i in kept for caption in candidates.pairs[i].captions]
    return {
        "repeated_pairs": sum(reason in REPETITIONS for reason in reasons),
        "repeated_captions": len(captions) - len(set(captions)),
        "repeated_pictures": len(kept) - len({alike[i] for i in kept}),
    }


def are_valid(pairs: Sequence[Pair], settings: CurateSettings) -> Bool[np.ndarray, " n"]:
    """Which pairs belong to the validation split: for each a pure function of the seed and its id."""
    numbers = np.array([number(pair.id) for pair in pairs], np.int64)
    return uniforms((settings.seed, SPLIT_PURPOSE), numbers, 1)[:, 0] < settings.valid_share


def caption_lengths(pairs: Sequence[Pair]) -> dict[str, float]:
    """Mean and quantiles of the number of words in a caption."""
    lengths = np.array([len(caption.split()) for pair in pairs for caption in pair.captions] or [0])
    quantiles = np.quantile(lengths, LENGTH_QUANTILES, method="inverted_cdf")
    return {"mean": round(float(lengths.mean()), 2)} | {
        f"p{round(100 * q)}": int(v) for q, v in zip(LENGTH_QUANTILES, quantiles, strict=True)
    }


def curate(
    raw: pathlib.Path, settings: CurateSettings, limits: ImageLimits, proper_nouns: ProperNounShares
) -> tuple[list[Pair], list[Pair], dict[str, Any]]:
    """Returns the training pairs, the validation pairs and the report; raises InputError on damage."""
    read = {source: read_source(raw, source, settings, limits, proper_nouns) for source in (*settings.sources, *own.sources(raw))}
    everything = Candidates(
        [pair for candidates, _ in read.values() for pair in candidates.pairs],
        [digest for candidates, _ in read.values() for digest in candidates.digests],
        duplicates.joined([candidates.looks for candidates, _ in read.values()]),
    )
    alike = duplicates.first_alike(everything.looks, settings.duplicates).tolist()
    reasons = refused(everything, alike, frozenset(settings.left_out))
    kept = []
    for pair, reason in zip(everything.pairs, reasons, strict=True):
        if reason is None:
            kept.append(pair)
        else:
            read[pair.source][1].rows_rejected[reason] += 1
    in_valid = are_valid(kept, settings)
    train, valid = (
        [pair for pair, there in zip(kept, in_valid, strict=True) if there == wanted] for wanted in (False, True)
    )
    sources = {source: _summary(report, source, train, valid) for source, (_, report) in read.items()}
    counts = repetitions(everything, alike, reasons) | {"train": len(train), "valid": len(valid)}
    return train, valid, {"sources": sources, **counts}


def _summary(report: SourceReport, source: str, train: Sequence[Pair], valid: Sequence[Pair]) -> dict[str, Any]:
    ours = [[pair for pair in split if pair.source == source] for split in (train, valid)]
    rows = {"read": report.rows_read, "kept": len(ours[0]) + len(ours[1]), "rejected": dict(report.rows_rejected)}
    captions = {
        "read": report.captions_read,
        "clean": report.captions_read - report.captions_rejected.total(),
        "rejected": dict(report.captions_rejected),
    }
    split = {"train": len(ours[0]), "valid": len(ours[1])}
    return {"rows": rows, "captions": captions, "split": split, "words_per_caption": caption_lengths(ours[0] + ours[1])}
