"""Linear probes of the image features: table `probe`."""

from analysis import study as studies
from analysis import style, tables

NOTE = (
    "Percent, with intervals over seeds and pictures. probe: a linear layer on frozen image features, trained on {train} and "
    "{valid} pictures of {classes} classes; recall: mean over classes; zero-shot: the same pictures named by the labels of the "
    "same classes. Weight decays are those chosen on the validation pictures, seed by seed."
)
COLUMNS = {"acc@1": "probe", "mean_per_class_recall": "recall", "zeroshot_acc@1": "zero-shot"}


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
    columns = [f"{name.partition('-')[2]} {column}" for name in sets for column in COLUMNS.values()]
    note = NOTE.format(**content["pictures"], **content["sets"][sets[0]])
    tables.write("probe", [*columns, "weight decay"], rows, note)


def _decays(entry: dict) -> str:
    """The weight decay of each seed, in their order."""
    return ", ".join(f"{values['weight_decay']:.1g}" for values in entry["seeds"].values())
