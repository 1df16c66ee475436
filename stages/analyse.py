"""Compares the models, results/<profile>/{comparisons,summary}.json, and makes all of paper/{figures,tables}/."""

from analysis import (
    augmentation_sheet,
    comparisons,
    data_sheet,
    freeze_length,
    gallery,
    ladder_loss,
    leaks,
    levels,
    numbers,
    overview,
    published,
    readme_table,
    retrieval,
    world_sheet,
    zeroshot,
)
from clip_italian import config
from clip_italian.evaluation import comparisons as tests
from clip_italian.evaluation.settings import EvaluationSettings

TABLES = (retrieval, zeroshot, levels, comparisons, leaks, published, readme_table)
FIGURES = (overview, ladder_loss, freeze_length, gallery, augmentation_sheet, data_sheet, world_sheet)


def main() -> None:
    tests.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
    for script in (*TABLES, *FIGURES, numbers):  # numbers last: it reads the gallery's table
        script.main()
