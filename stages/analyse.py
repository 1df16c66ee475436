"""Compares the models, results/<profile>/{comparisons,summary}.json, makes all of paper/{figures,tables}/, and DATASHEET.md."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from analysis import (
    amounts,
    augmentation_epochs,
    augmentation_sheet,
    caption_length,
    collected,
    comparisons,
    confusion,
    contradictions,
    contrasts,
    curves,
    data_sheet,
    datasheet,
    domain,
    few_shot,
    freeze_length,
    gallery,
    labels,
    ladder_loss,
    leaks,
    learning_rates,
    levels,
    mistakes,
    numbers,
    overview,
    probe,
    published,
    readme_table,
    regimes,
    retrieval,
    token_lengths,
    world_sheet,
    zeroshot,
)
from clip_italian import config, environment
from clip_italian.evaluation.study import comparisons as tests
from clip_italian.evaluation.study.settings import EvaluationSettings

TABLES = (retrieval, zeroshot, levels, probe, comparisons, labels, leaks, published, collected, token_lengths, domain, readme_table)
REGIMES = (curves, regimes, freeze_length, augmentation_epochs, amounts, learning_rates)  # of the validation set
ERRORS = (caption_length,)
DRAWN = (contrasts, confusion, mistakes)  # that need to know all of what an image shows
FIGURES = (overview, ladder_loss, few_shot, gallery, augmentation_sheet, data_sheet, world_sheet)


def main() -> None:
    settings = config.section(EvaluationSettings, "evaluation")
    # It draws thousands of views and reads no result: in a process of its own, while the others are compared.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), environment.die_with_parent) as beside:
        drawing = beside.submit(contradictions.main)
        tests.evaluate(config.params(), settings)
        drawn = DRAWN if settings.errors.drawn else ()
        for script in (*TABLES, *REGIMES, *FIGURES, *ERRORS, *drawn, datasheet):
            script.main()
        drawing.result()
    numbers.main()  # last: it reads the tables
