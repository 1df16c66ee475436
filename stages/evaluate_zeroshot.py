"""Ranks the classes for every image of the zero-shot sets: results/<profile>/zeroshot.json and per-item ranks."""

from clip_italian import config
from clip_italian.evaluation.study import zeroshot
from clip_italian.evaluation.study.settings import EvaluationSettings


def main() -> None:
    zeroshot.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
