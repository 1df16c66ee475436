"""What a multilingual model finds in the drawn shop before and after it is fine-tuned there; table `domain`."""

import pathlib
from typing import Any

from analysis import study as studies
from analysis import style, tables
from analysis.study import Number
from clip_italian import config
from clip_italian.evaluation.metrics import LABELS

GUIDE = pathlib.Path("clip_italian/use/finetuning/guide.yaml")
BEFORE, AFTER = "before", "after"  # as the results file calls them
LANGUAGES = {"it": "Italian", "de": "German"}
NOTE = (
    "{start} before and after fine-tuning on a catalogue of products, of which no picture of the study shows one. Captions of "
    "other products of the catalogue ask for their pictures; unseen: those of a kind in a colour that was not trained. Lists "
    "of {places}; metrics as docarray defines them, times 100, with intervals over seeds and queries. Below, "
    "what Finetuner's guide printed of another model and other data, not comparable."
)


def main() -> None:
    study = studies.load()
    content = study.results("domain")
    rows = [_row(study, language, part, when) for language, part, when in _rows(study)]
    guide = config.read_yaml(GUIDE)
    theirs = tables.Row(guide["model"], [_published(guide[metric], guide["source"]) for metric in LABELS])
    note = NOTE.format(start=style.label_of(content["start"]), places=content["places"])
    tables.write("domain", [*LABELS.values()], [*rows, theirs] if rows else [], note)


def entries(study: studies.Study) -> dict[str, dict[str, Any]]:
    """The table's numbers for analysis/numbers.py, by `domain/<language>/<part>/<when>/<metric>`."""
    return {"/".join(["domain", *row, metric]): _number(study, *row, metric).as_json() for row in _rows(study) for metric in LABELS}


def _rows(study: studies.Study) -> list[tuple[str, str, str]]:
    """Language, part and when of every row."""
    told = study.results("domain")["languages"]
    known = [language for language in LANGUAGES if language in told]
    return [(language, part, when) for language in known for part in told[language] for when in (BEFORE, AFTER)]


def _row(study: studies.Study, language: str, part: str, when: str) -> tables.Row:
    cells = [_number(study, language, part, when, metric).as_json() for metric in LABELS]
    label = f"{LANGUAGES[language]}{', unseen' if part == 'unseen' else ''}, {when}"
    return tables.Row(label, cells, cells[0]["run_key"])


def seeds(study: studies.Study) -> list[int]:
    """The seeds that were fine-tuned; none where the study has no shop."""
    parts = [part for language in study.results("domain")["languages"].values() for part in language.values()]
    return sorted({int(seed) for part in parts for seed in part["models"][AFTER]["seeds"]})


def _number(study: studies.Study, language: str, part: str, when: str, metric: str) -> Number:
    content = study.results("domain")
    entry = content["languages"][language][part]["models"][when]
    low, high = entry["interval"][metric]
    seeds = {seed: values[metric] for seed, values in entry["seeds"].items()}
    model = content["start"] if when == BEFORE else "domain"
    field = f"languages.{language}.{part}.models.{when}.mean.{metric}"
    file, key = f"results/{study.profile}/domain.json", study.run_key(model, *map(int, seeds))
    return Number(entry["mean"][metric], low, high, seeds, file, field, key)


def _published(value: float, source: str) -> dict[str, Any]:
    return tables.cell(f"{100 * value:.1f}") | {"value": value, "source": source}
