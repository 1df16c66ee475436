"""Retrieval on the headline set: tables `retrieval` (what the paper prints) and `retrieval_all` (everything)."""

from analysis import study as studies
from analysis import style, tables

SHOWN = (
    "text_to_image/any/mrr@1",
    "text_to_image/any/mrr@5",
    "text_to_image/any/mrr@10",
    "text_to_image/any/recall@10",
    "text_to_image/own/mrr@10",
    "image_to_text/any/mrr@10",
    "image_to_text/own/mrr@10",
)
ARROWS = {"text_to_image": "T→I", "image_to_text": "I→T"}
NOTE = (
    "Percent. {set}: {captions} captions, {images} pictures. Intervals: 95 % over seeds and pictures. "
    "any: a picture counts that the caption is true of; own: only the picture it was written for."
)


def heading(metric: str) -> str:
    """`T→I any MRR@10` of `text_to_image/any/mrr@10`."""
    direction, relevance, _ = metric.split("/")
    return f"{ARROWS[direction]} {relevance} {studies.endpoint_label(metric)}"


def main() -> None:
    study = studies.load()
    test_set = study.headline_retrieval
    note = NOTE.format(set=test_set, **study.results("retrieval")["sets"][test_set])
    every = [
        f"{direction}/{relevance}/{kind}@{k}"
        for direction in ARROWS
        for relevance in ("any", "own")
        for kind in ("mrr", "recall")
        for k in study.evaluation.retrieval_cutoffs
    ]
    for name, metrics in (("retrieval", SHOWN), ("retrieval_all", every)):
        rows = tables.model_rows(study, [f"{test_set}/{metric}" for metric in metrics], style.label_of)
        tables.write(name, [heading(metric) for metric in metrics], rows, note)
