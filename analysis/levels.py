"""All test sets side by side, of the drawn world its headline and held-out levels: table `levels`."""

from analysis import study as studies
from analysis import style, tables
from clip_italian.world.scenes.levels import LEVELS

RETRIEVAL, ACCURACY = "text_to_image/{}/mrr@10", "acc@1"


def main() -> None:
    study = studies.load()
    endpoints = [f"{test_set}/{RETRIEVAL.format(study.evaluation.relevance)}" for test_set in study.evaluation.retrieval_sets]
    endpoints += [f"{test_set}/{ACCURACY}" for test_set in study.evaluation.zeroshot_sets]
    columns = [f"{studies.short(endpoint.split('/')[0])} {studies.endpoint_label(endpoint)}" for endpoint in endpoints]
    told = [f"{level}: {description}." for level, description in LEVELS.items()] if study.is_drawn else []
    note = " ".join(["Percent; 95 % over seeds and pictures.", *told])
    rows = [*tables.model_rows(study, endpoints, style.label_of), tables.chance_row(study, endpoints)]
    tables.write("levels", columns, rows, note)
