"""The numbers published in 2021, each with its source; table `published`, from evaluation/published/published.yaml alone."""

import pathlib
from typing import Any

from analysis import study as studies
from analysis import tables
from clip_italian import config

SOURCE = pathlib.Path("clip_italian/evaluation/published/published.yaml")
NOTE = "Published numbers{where}. MRR@k: {retrieval}. acc@k in percent: {zeroshot}."
ELSEWHERE = ", on other test sets than this study's"


def cells(protocol: dict[str, Any], model: str, places: int) -> list[dict[str, Any]]:
    """A model's published values of one protocol, each with its source."""
    (row,) = [row for row in protocol["rows"] if row["model"] == model]
    return [tables.cell(f"{value:.{places}f}") | {"value": value, "source": row["source"]} for value in row["values"]]


def main() -> None:
    content = config.read_yaml(SOURCE)
    retrieval, zeroshot = content["retrieval"], content["zeroshot"]
    rows = [
        tables.Row(row["model"], cells(retrieval, row["model"], 4) + cells(zeroshot, row["model"], 2)) for row in retrieval["rows"]
    ]
    where = ELSEWHERE if studies.load().is_drawn else ""
    note = NOTE.format(where=where, retrieval=retrieval["protocol"], zeroshot=zeroshot["protocol"])
    tables.write("published", retrieval["metrics"] + zeroshot["metrics"], rows, note)
