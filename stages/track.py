"""Shows every run: the MLflow store, the page site/runs.html, and the index of keys reports/<profile>/runs.json.

It only reads what other stages wrote, so it also runs by hand on a clone where nothing was computed (`make mlflow`).
"""

from clip_italian import config, files, paths
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.runs import journals, mlflow, page
from pipeline import lock

ATTACHMENTS = (paths.FIGURES, paths.TABLES, paths.PDF)  # to the run of the study as a whole


def main() -> None:
    params = config.params()
    settings = config.section(EvaluationSettings, "evaluation")
    groups = journals.read(params, settings.single_seed)
    attachments = [path for root in ATTACHMENTS for path in files.files_below(root)]
    counts = mlflow.fill(params.profile, groups, attachments, lock.read())
    print(f"{mlflow.STORE}:", ", ".join(f"{count} {name}" for name, count in counts.items()))
    files.write_text(paths.report(params.profile, "runs"), journals.index(groups))
    files.write_text(paths.RUNS_PAGE, page.page(params.profile, groups, settings))
