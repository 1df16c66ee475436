"""The README's findings and table, paper/tables/readme.md, and what `dvc metrics show` prints, results/<profile>/summary.json."""

from typing import Any

from analysis import comparisons, style
from analysis import study as studies
from clip_italian import files, paths

RETRIEVAL = ("text_to_image/{}/mrr@1", "text_to_image/{}/mrr@10", "image_to_text/{}/mrr@10")  # the headline's relevance
ACCURACIES = ("acc@1", "acc@5")
HEADINGS = ("text→image MRR@1", "text→image MRR@10", "image→text MRR@10", "zero-shot acc@1", "zero-shot acc@5")


# The questions of the declared family: the line of paper/claims.yaml that the finding is held against, and its subject.
QUESTIONS = {
    ("full", "no_augmentation"): ("augmentation", "Augmentation"),
    ("full", "plus_fixed_scale"): ("freezing-on-top", "A frozen phase on top of the same tuning"),
    ("freeze_equal", "plus_fixed_scale"): ("freezing-equal", "A frozen phase that takes its updates from the tuned one"),
    ("plus_optimizer", "original"): ("optimiser", "The optimiser of 2021"),
    ("plus_fixed_scale", "plus_optimizer"): ("scale", "The fixed scale"),
    ("full", "original"): ("edits", "The set of all edits"),
    ("full", "mclip"): ("mclip", "Against mCLIP, which sees no image, the full recipe"),
}


def findings(study: studies.Study) -> str:
    """What each question of the declared family came to, a line each, with the claim that tests hold it against."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in study.results("comparisons")["primary"]:
        rows.setdefault((row["first"], row["second"]), []).append(row)
    return "".join(
        f"* {subject} {_clauses(study, rows[pair])}. <!-- claim: {claim} -->\n"
        for pair, (claim, subject) in QUESTIONS.items()
        if pair in rows
    )


def _clauses(study: studies.Study, rows: list[dict[str, Any]]) -> str:
    """The clauses on each endpoint; a comma ends a hedge that another clause follows."""
    *first, last = (_effect(study, row) for row in rows)
    return "".join(f"{clause}{',' if clause[-1] != ')' else ''} and " for clause in first) + last


def _effect(study: studies.Study, row: dict[str, Any]) -> str:
    """A clause on one difference, such as "raises MRR@10 (+5.6 points, 3.2–8.0)"."""
    said = comparisons.words_of(row, study.evaluation.smallest_effect)
    number = comparisons.difference(study, "", "", row)
    sign = "+" if number.value > 0 else ""
    hedge = f", {said['hedge']}" if said["hedge"] else ""
    verb = said["standing" if row["second"] in study.params.baselines else "verb"]
    return f"{verb} {studies.endpoint_label(row['endpoint'])} ({sign}{number.text} points, {number.interval}){hedge}"


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
    files.write_text(paths.TABLES / "readme.md", f"{findings(study)}\n{markdown(study)}")
    headline = {model: {endpoint: study.number(model, endpoint).value for endpoint in endpoints(study)} for model in study.grid}
    files.write_json(paths.results(study.profile, "summary"), headline)
