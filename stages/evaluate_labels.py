"""Classifies the headline zero-shot set under other labels for the same classes: results/<profile>/labels.json."""

from clip_italian import config
from clip_italian.evaluation.study import labels
from clip_italian.evaluation.study.settings import EvaluationSettings


def main() -> None:
    labels.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
