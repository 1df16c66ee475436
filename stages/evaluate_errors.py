"""Analyses the models' errors: results/<profile>/errors.json, and confusions by model."""

from clip_italian import config
from clip_italian.evaluation.study import errors
from clip_italian.evaluation.study.settings import EvaluationSettings


def main() -> None:
    errors.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
