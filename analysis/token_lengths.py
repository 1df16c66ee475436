"""How many tokens a training caption has, and what the longest text of the models cuts off: table `token_lengths`."""

import numpy as np
from jaxtyping import Int

from analysis import study as studies
from analysis import tables
from analysis.data_sheet import LABELS
from clip_italian import paths
from clip_italian.data import tokens
from clip_italian.data.images.shards import Shards
from clip_italian.evaluation.study.settings import run_journals

QUANTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
ALL = "all sources"


def lengths(study: studies.Study) -> dict[str, Int[np.ndarray, " captions"]]:
    """Tokens of every training caption, those at its ends included, by source and of all."""
    train = Shards(paths.shards(study.profile) / "train")
    tokenizer = tokens.load(paths.backbones_of(study.profile, study.params.seeds[0]) / "italian_bert")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    found: dict[str, list[int]] = {source: [] for source in dict.fromkeys(train.sources)}
    for source, captions in zip(train.sources, train.captions, strict=True):
        found[source] += [len(encoding.ids) for encoding in tokenizer.encode_batch(captions)]
    by_source = {source: np.array(counts, np.int64) for source, counts in found.items()}
    return by_source | {ALL: np.concatenate(list(by_source.values()))}


def row(source: str, counts: Int[np.ndarray, " captions"], longest: int) -> tables.Row:
    """One source: mean, quantiles that are lengths of captions, and the share that is cut."""
    quantiles = np.quantile(counts, list(QUANTILES.values()), method="inverted_cdf")
    cut = f"{studies.points(float((counts > longest).mean()))} %"
    cells = [f"{len(counts):,}", f"{counts.mean():.1f}", *(f"{int(value)}" for value in quantiles), cut]
    return tables.Row(LABELS.get(source, source), [tables.cell(text) for text in cells])


def longest_text(study: studies.Study) -> int:
    """Tokens at which the proposed arm cuts its captions, as its journal has it."""
    proposed = study.settings.proposed
    return int(run_journals(study.profile, proposed, study.grid[proposed][0])[-1].parameters["max_tokens"])


def main() -> None:
    study = studies.load()
    longest = longest_text(study)
    columns = ["captions", "mean", *QUANTILES, f"above {longest}"]
    note = (
        f"Tokens of a training caption by the study's own tokeniser, with those at its ends; the models read the first {longest}. "
        "CLIP-Italian read 96."
    )
    tables.write("token_lengths", columns, [row(source, counts, longest) for source, counts in lengths(study).items()], note)
