"""Compares the models, results/<profile>/{comparisons,summary}.json, and makes all of paper/{figures,tables}/."""

from analysis import (
    augmentation_sheet,
    caption_length,
    comparisons,
    confusion,
    contrasts,
    data_sheet,
    few_shot,
    freeze_length,
    gallery,
    labels,
    ladder_loss,
    leaks,
    levels,
    mistakes,
    numbers,
    overview,
    probe,
    published,
    readme_table,
    retrieval,
    world_sheet,
    zeroshot,
)
from clip_italian import config
from clip_italian.evaluation import comparisons as tests
from clip_italian.evaluation.settings import EvaluationSettings

TABLES = (retrieval, zeroshot, levels, probe, comparisons, labels, leaks, published, readme_table)
ERRORS = (caption_length,)
DRAWN = (contrasts, confusion, mistakes)  # that need to know all of what a picture shows
FIGURES = (overview, ladder_loss, freeze_length, few_shot, gallery, augmentation_sheet, data_sheet, world_sheet)


def main() -> None:
    settings = config.section(EvaluationSettings, "evaluation")
    tests.evaluate(config.params(), settings)
    drawn = DRAWN if settings.errors.drawn else ()
    for script in (*TABLES, *FIGURES, *ERRORS, *drawn, numbers):  # numbers last: it reads the gallery's table
        script.main()
