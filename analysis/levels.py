"""Headline and held-out levels side by side: table `levels`."""

from analysis import study as studies
from analysis import style, tables
from clip_italian.world.levels import LEVELS

RETRIEVAL, ACCURACY = "text_to_image/any/mrr@10", "acc@1"


def main() -> None:
    study = studies.load()
    endpoints = [f"{test_set}/{RETRIEVAL}" for test_set in study.evaluation.retrieval_sets]
    endpoints += [f"{test_set}/{ACCURACY}" for test_set in study.evaluation.zeroshot_sets]
    columns = [
        f"{endpoint.split('/')[0].partition('-')[2]} {studies.endpoint_label(endpoint)}" for endpoint in endpoints
    ]
    note = "Percent; 95 % over seeds and pictures. " + " ".join(
        f"{level.key}: {level.description}." for level in LEVELS
    )
    tables.write("levels", columns, tables.model_rows(study, endpoints, style.label_of), note)
