"""Retrieval on the headline set: tables `retrieval` (what the paper prints) and `retrieval_all` (everything)."""

from analysis import study as studies
from analysis import style, tables

SHOWN = {  # by the headline's relevance
    "any": (
        "text_to_image/any/mrr@1",
        "text_to_image/any/mrr@5",
        "text_to_image/any/mrr@10",
        "text_to_image/any/recall@10",
        "text_to_image/own/mrr@10",
        "image_to_text/any/mrr@10",
        "image_to_text/own/mrr@10",
    ),
    "own": (
        "text_to_image/own/mrr@1",
        "text_to_image/own/mrr@5",
        "text_to_image/own/mrr@10",
        "text_to_image/own/recall@10",
        "image_to_text/own/mrr@10",
        "image_to_text/own/recall@10",
    ),
}
ARROWS = {"text_to_image": "T→I", "image_to_text": "I→T"}
NOTE = "Percent. {set}: {captions} captions, {images} pictures. Intervals: 95 % over seeds and pictures. "
COUNTED = {
    "any": "any: a picture counts that the caption is true of; own: only the picture it was written for.",
    "own": "A picture counts that the caption was written for.",
}


def heading(study: studies.Study, metric: str) -> str:
    """`T→I any MRR@10` of `text_to_image/any/mrr@10`; without the relevance where there is only one."""
    direction, relevance, _ = metric.split("/")
    said = f"{relevance} " if len(study.relevances) > 1 else ""
    return f"{ARROWS[direction]} {said}{studies.endpoint_label(metric)}"


def main() -> None:
    study = studies.load()
    test_set = study.headline_retrieval
    note = NOTE.format(set=test_set, **study.results("retrieval")["sets"][test_set]) + COUNTED[study.evaluation.relevance]
    every = [
        f"{direction}/{relevance}/{kind}@{k}"
        for direction in ARROWS
        for relevance in study.relevances
        for kind in ("mrr", "recall")
        for k in study.evaluation.retrieval_cutoffs
    ]
    for name, metrics in (("retrieval", SHOWN[study.evaluation.relevance]), ("retrieval_all", every)):
        endpoints = [f"{test_set}/{metric}" for metric in metrics]
        rows = [*tables.model_rows(study, endpoints, style.label_of), tables.chance_row(study, endpoints)]
        tables.write(name, [heading(study, metric) for metric in metrics], rows, note)
