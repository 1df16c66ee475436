"""Linear probes of the image features: table `probe`."""

import math
from typing import Any

from analysis import study as studies
from analysis import style, tables

NOTE = (
    "Percent, with intervals over seeds and pictures. probe: a linear layer on frozen image features, trained on {train} and "
    "{valid} pictures of {classes} classes; zero-shot: the same pictures named by the labels of the same classes; log10 decay: "
    "the weight decays that the validation pictures chose, seed by seed."
)
COLUMNS = {"acc@1": "probe", "zeroshot_acc@1": "zero-shot"}


def main() -> None:
    study = studies.load()
    content = study.results("probe")
    sets = list(content["sets"])
    endpoints = [f"{name}/{metric}" for name in sets for metric in COLUMNS]
    rows = [
        tables.Row(
            style.label_of(model),
            [*(study.number(model, endpoint).as_json() for endpoint in endpoints), tables.cell(_decays(entry[sets[0]]))],
            study.run_key(model),
        )
        for model, entry in content["models"].items()
    ]
    columns = [f"{studies.short(name)} {column}" for name in sets for column in COLUMNS.values()]
    note = NOTE.format(**content["pictures"], **content["sets"][sets[0]])
    tables.write("probe", [*columns, "log10 decay"], rows, note)


def _decays(entry: dict[str, Any]) -> str:
    """The powers of ten that are the weight decays of the seeds, in their order."""
    powers = (math.log10(values["weight_decay"]) for values in entry["seeds"].values())
    return ", ".join(f"{power:.1f}".replace("-", "−") for power in powers)
