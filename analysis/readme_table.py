"""The README's table, paper/tables/readme.md, and what `dvc metrics show` prints, results/<profile>/summary.json."""

from analysis import study as studies
from analysis import style
from clip_italian import files, paths

RETRIEVAL = ("text_to_image/{}/mrr@1", "text_to_image/{}/mrr@10", "image_to_text/{}/mrr@10")  # the headline's relevance
ACCURACIES = ("acc@1", "acc@5")
HEADINGS = ("text→image MRR@1", "text→image MRR@10", "image→text MRR@10", "zero-shot acc@1", "zero-shot acc@5")


def endpoints(study: studies.Study) -> list[str]:
    """The endpoints of the table, headline sets only."""
    return [f"{study.headline_retrieval}/{metric.format(study.evaluation.relevance)}" for metric in RETRIEVAL] + [
        f"{study.headline_zeroshot}/{metric}" for metric in ACCURACIES
    ]


def markdown(study: studies.Study) -> str:
    """The table: mean over seeds in percent, with the interval."""
    lines = ["| model | " + " | ".join(HEADINGS) + " | run key |", "|---|" + "---:|" * len(HEADINGS) + "---|"]
    for model in study.grid:
        numbers = [study.number(model, endpoint) for endpoint in endpoints(study)]
        cells = [f"{number.text} ({number.interval})" for number in numbers]
        lines.append(f"| {style.label_of(model)} | " + " | ".join(cells) + f" | `{study.run_key(model)}` |")
    return "\n".join(lines) + "\n"


def main() -> None:
    study = studies.load()
    files.write_text(paths.TABLES / "readme.md", markdown(study))
    headline = {model: {endpoint: study.number(model, endpoint).value for endpoint in endpoints(study)} for model in study.grid}
    files.write_json(paths.results(study.profile, "summary"), headline)
