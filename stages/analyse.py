"""Compares the models, results/<profile>/{comparisons,summary}.json, and makes all of paper/{figures,tables}/."""

from analysis import (
    augmentation_sheet,
    caption_length,
    comparisons,
    confusion,
    contradictions,
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
    token_lengths,
    world_sheet,
    zeroshot,
)
from clip_italian import config
from clip_italian.evaluation import comparisons as tests
from clip_italian.evaluation.settings import EvaluationSettings

TABLES = (retrieval, zeroshot, levels, probe, comparisons, labels, leaks, published, token_lengths, readme_table)
ERRORS = (contrasts, confusion, caption_length, mistakes)
FIGURES = (overview, ladder_loss, freeze_length, few_shot, gallery, augmentation_sheet, contradictions, data_sheet, world_sheet)


def main() -> None:
    tests.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
    for script in (*TABLES, *FIGURES, *ERRORS, numbers):  # numbers last: it reads the gallery's table
        script.main()
