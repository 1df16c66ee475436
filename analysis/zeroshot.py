"""Zero-shot classification on the headline set: table `zeroshot`."""

from analysis import study as studies
from analysis import style, tables

NOTE = "Percent. {set}: {images} pictures, {classes} classes. Intervals: 95 % over seeds and pictures."


def main() -> None:
    study = studies.load()
    test_set = study.headline_zeroshot
    endpoints = [f"{test_set}/acc@{k}" for k in study.evaluation.accuracy_cutoffs]
    rows = [*tables.model_rows(study, endpoints, style.label_of), tables.chance_row(study, endpoints)]
    note = NOTE.format(set=test_set, **study.results("zeroshot")["sets"][test_set])
    tables.write("zeroshot", [studies.endpoint_label(endpoint) for endpoint in endpoints], rows, note)
